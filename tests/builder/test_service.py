"""From an upload to events: every way to send a source, and every way for it to go wrong."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from plat_builder.engines.environment import EnvironmentEngine
from plat_builder.pack import pack_folder
from plat_builder.service import MAX_BUILDS, Body, BuildService, Kind
from plat_builder.settings import ArchiveLimits, BuildSettings
from plat_core.model.build import BUILD_EVENT, BuildEvent, BuildOptions, Finished, LogLine

from tests.builder.conftest import HELLO, Built

OPTIONS = BuildOptions(name="fn")
LIMITED = BuildSettings(limits=ArchiveLimits(upload=2**20, unpacked=2**21))


class Slow:
    """A builder that waits until it is told to go on, and counts who is inside."""

    def __init__(self) -> None:
        self.inside = self.most = 0
        self.entered: asyncio.Queue[str] = asyncio.Queue()
        self.go = asyncio.Event()
        self.ended: list[str] = []

    async def build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            self.entered.put_nowait(options.name)
            yield LogLine(text="building")
            await self.go.wait()
            yield Finished(image="embedded/x", digest="0", runtime="python")
        finally:
            self.inside -= 1
            self.ended.append(options.name)


class CompileFailed:
    """A builder with a bug."""

    async def build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        yield LogLine(text="building")
        raise ZeroDivisionError("a bug")


@pytest.fixture
def service(engine: EnvironmentEngine, tmp_path: Path) -> BuildService:
    return BuildService(engine, tmp_path / "work", LIMITED)


async def send(
    service: BuildService, body: Body, kind: Kind = "zip", options: BuildOptions = OPTIONS
) -> Built:
    return Built([event async for event in service.build_upload(body, kind, options)])


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", "."), content)
    return buffer.getvalue()


async def in_pieces(data: bytes, size: int = 100) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def test_every_way_to_send_the_same_source_gives_the_same_digest(
    service: BuildService, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "app.py").write_text(HELLO)
    packed = tmp_path / "packed.zip"
    with packed.open("wb") as file:
        pack_folder(folder, file)
    inline = json.dumps({"inline": {"app.py": HELLO}}).encode()
    sent = [
        await send(service, packed.read_bytes()),
        await send(service, packed),
        await send(service, in_pieces(packed.read_bytes())),
        await send(service, HELLO.encode(), "file"),
        await send(service, inline, "source"),
    ]
    assert len({one.finished.digest for one in sent}) == 1
    assert [one.finished.unchanged for one in sent[1:]] == [True] * 4
    assert not list((tmp_path / "work").iterdir())


async def test_what_was_said_explicitly_wins_over_the_folder(service: BuildService) -> None:
    said = json.dumps({"runtime": "python-flask", "handler": "app:handler"})
    data = zipped(app_py=HELLO, function_json=said)
    assert (await send(service, data)).finished.runtime == "python-flask"
    told = BuildOptions(name="fn", runtime="python")
    done = (await send(service, data, options=told)).finished
    assert (done.runtime, done.handler) == ("python", "app:handler")


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"", "zip", "malformed"),
        (b"no zip", "zip", "malformed"),
        (zipped(app_py=HELLO)[:-30], "zip", "malformed"),
        (bytes(2**20 + 1), "zip", "too-large"),
        (zipped(**{"../evil": "x"}), "zip", "invalid-input"),
        (zipped(app_py="x" * 2**20, b_py="y" * 2**20, c_py="z"), "zip", "too-large"),
        (b"", "file", "malformed"),
        (b" ", "file", "invalid-input"),
        (b"def f(", "file", "build-failed"),
        (b"[]", "source", "invalid-input"),
        (b'{"inline": {}}', "source", "invalid-input"),
        (b'{"inline": {"app.py": 1}}', "source", "invalid-input"),
        (b'{"inline": {"../x": ""}}', "source", "invalid-input"),
        (b'{"inline": {"x": "", "x": ""}}', "source", "malformed"),
        (b'{"inline": ' + b"[" * 10_000, "source", "malformed"),
        (b'{"inline": {"a": "\\ud800"}}', "source", "malformed"),
    ],
    ids=range(16),
)
async def test_a_bad_upload_ends_with_its_code_and_leaves_nothing(
    service: BuildService, tmp_path: Path, body: bytes, kind: Kind, code: str
) -> None:
    for sent in (body, in_pieces(body, 50_000)):
        failed = (await send(service, sent, kind)).failed
        assert failed.code == code
        assert failed.message
        assert not list((tmp_path / "work").iterdir())


async def test_an_upload_cut_at_half_is_an_error_and_a_retry_works(
    service: BuildService, tmp_path: Path
) -> None:
    data = zipped(app_py=HELLO)

    async def cut() -> AsyncGenerator[bytes, None]:
        yield data[: len(data) // 2]
        raise ConnectionResetError("the sender left")

    failed = (await send(service, cut())).failed
    assert failed.code == "malformed"
    assert "cut" in failed.message
    assert not list((tmp_path / "work").iterdir())
    assert (await send(service, data)).finished


async def test_only_a_few_builds_run_at_once(tmp_path: Path) -> None:
    builder = Slow()
    service = BuildService(builder, tmp_path / "work", BuildSettings(concurrent=2))
    sent = [asyncio.create_task(send(service, b"x", "file")) for _ in range(5)]
    await builder.entered.get()
    await builder.entered.get()
    builder.go.set()
    assert all(one.finished for one in await asyncio.gather(*sent))
    assert builder.most == 2


async def test_who_has_to_wait_is_told(tmp_path: Path) -> None:
    builder = Slow()
    service = BuildService(builder, tmp_path / "work", BuildSettings(concurrent=1))
    first = asyncio.create_task(send(service, b"x", "file"))
    await builder.entered.get()
    said = []
    async for event in service.build_upload(b"x", "file", OPTIONS):
        said.append(event)
        if isinstance(event, LogLine) and "waiting for a turn" in event.text:
            assert builder.inside == 1
            builder.go.set()
    assert Built(said).finished
    assert "builds under way: 2" in Built(said).log
    assert (await first).finished


async def test_too_many_builds_are_refused(tmp_path: Path) -> None:
    builder = Slow()
    service = BuildService(builder, tmp_path / "work", BuildSettings(concurrent=1))
    sent = [asyncio.create_task(send(service, b"x", "file")) for _ in range(MAX_BUILDS + 1)]
    done, _ = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result().failed.code for task in done} == {"overloaded"}
    builder.go.set()
    assert sum(bool(one.events[-1].type == "finished") for one in await asyncio.gather(*sent)) == (
        MAX_BUILDS
    )


async def test_leaving_ends_the_build_and_its_files(tmp_path: Path) -> None:
    builder = Slow()
    service = BuildService(builder, tmp_path / "work")
    task = asyncio.create_task(send(service, b"x", "file"))
    await builder.entered.get()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list((tmp_path / "work").iterdir())
    assert builder.ended == ["fn"]


async def test_a_bug_is_told_as_one_and_not_raised(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    built = await send(BuildService(CompileFailed(), tmp_path / "work"), b"x", "file")
    assert built.failed.code == "internal"
    assert "bug" not in built.failed.message
    assert "ZeroDivisionError" in caplog.text


async def test_leftovers_of_an_earlier_life_are_swept(tmp_path: Path) -> None:
    dead = tmp_path / "work/dead/source"
    dead.mkdir(parents=True)
    builder = Slow()
    builder.go.set()
    assert (await send(BuildService(builder, tmp_path / "work"), b"x", "file")).finished
    assert not dead.exists()


async def test_events_travel_as_lines_of_json(service: BuildService) -> None:
    for event in (await send(service, HELLO.encode(), "file")).events:
        assert BUILD_EVENT.validate_json(BUILD_EVENT.dump_json(event, by_alias=True)) == event
