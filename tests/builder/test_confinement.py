"""What a build may take and see, and that nothing of it outlives it."""

import asyncio
import io
import os
import signal
import sys
import tarfile
import time
import uuid
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest
from plat_builder import settings
from plat_builder.engines.environment import EnvironmentEngine
from plat_builder.pip_install import PythonInstall, explain
from plat_builder.process import (
    LINE_LENGTH,
    MARK,
    MAX_LINES,
    SandboxCommand,
    SandboxProcess,
    base_python,
    clean,
)
from plat_builder.settings import MIB, BuildNetwork
from plat_core.errors import BuildFailed
from plat_core.model.build import BuildOptions, LogLine

from tests.builder.conftest import HELLO, SETTINGS, build

Folder = Callable[..., Path]
Fresh = Callable[..., EnvironmentEngine]

SETUP = """\
import json, os, subprocess, sys, time
open({environment!r}, "w").write(json.dumps(dict(os.environ)))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                         start_new_session=True)
open({pids!r}, "w").write(f"{{os.getpid()}} {{child.pid}} ")
print("setting up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def hanging(tmp_path: Path, folder: Folder) -> tuple[Path, BuildNetwork]:
    """A source that needs a package whose set-up code looks round, forks, and hangs."""
    setup = SETUP.format(environment=str(tmp_path / "environment"), pids=str(tmp_path / "pids"))
    links = tmp_path / "links"
    links.mkdir()
    with tarfile.open(links / "plat-hanging-1.0.tar.gz", "w:gz") as archive:
        for name, text in {
            "setup.py": setup,
            "PKG-INFO": "Metadata-Version: 2.1\nName: plat-hanging\nVersion: 1.0\n",
        }.items():
            info = tarfile.TarInfo(f"plat-hanging-1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    network = SETTINGS.network
    found = BuildNetwork(network.index_url, find_links=(str(links),), ca_bundle=network.ca_bundle)
    return folder({"app.py": HELLO, "requirements.txt": "plat-hanging\n"}), found


def alive(pids: str) -> list[int]:
    return [
        int(pid)
        for pid in pids.split()
        if psutil.pid_exists(int(pid)) and psutil.Process(int(pid)).status() != "zombie"
    ]


async def started(folder: Path) -> str:
    """The processes of the set-up code, once it runs; only another process can tell."""

    def look() -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if (folder / "pids").exists() and (folder / "pids").read_text().endswith(" "):
                return (folder / "pids").read_text()
            time.sleep(0.02)
        raise TimeoutError("the set-up code was never run")

    return await asyncio.to_thread(look)


def leftovers(home: Path) -> list[Path]:
    return [
        path for name in ("staging", "environments", "artifacts") for path in home.glob(f"{name}/*")
    ]


async def test_set_up_code_does_not_run_unless_it_may(
    fresh: Fresh, hanging: tuple[Path, BuildNetwork], tmp_path: Path
) -> None:
    source, network = hanging
    failed = (await build(fresh(network=network), source)).failed
    assert failed.line == "requirements.txt:1: plat-hanging"
    assert "PLAT_ALLOW_SOURCE_BUILDS" in failed.fix
    assert not (tmp_path / "pids").exists()


async def test_set_up_code_that_hangs_dies_with_all_it_started_and_saw_no_secret(
    fresh: Fresh,
    hanging: tuple[Path, BuildNetwork],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUTH_TOKEN", "a-secret-of-the-platform")
    source, network = hanging
    engine = fresh(network=network, allow_source_builds=True, timeout=10.0)
    failed = (await build(engine, source)).failed
    assert "too long" in failed.message
    pids = (tmp_path / "pids").read_text()
    assert len(pids.split()) == 2
    assert alive(pids) == []
    assert "a-secret-of-the-platform" not in (tmp_path / "environment").read_text()
    assert str(Path.home()) + '"' not in (tmp_path / "environment").read_text()
    assert leftovers(tmp_path / "home") == []


async def test_a_build_that_is_called_off_leaves_nothing(
    fresh: Fresh, hanging: tuple[Path, BuildNetwork], tmp_path: Path
) -> None:
    source, network = hanging
    engine = fresh(network=network, allow_source_builds=True)

    async def consume() -> None:
        async with aclosing(engine.build(source, BuildOptions(name="fn"))) as events:
            async for _ in events:
                pass

    task = asyncio.create_task(consume())
    pids = await started(tmp_path)
    assert alive(pids)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert alive(pids) == []
    assert leftovers(tmp_path / "home") == []


async def test_closing_the_events_early_ends_the_build(
    fresh: Fresh, folder: Folder, tmp_path: Path
) -> None:
    async for event in (events := fresh().build(folder(), BuildOptions(name="fn"))):
        if isinstance(event, LogLine) and "CPython" in event.text:
            break
    await events.aclose()
    assert leftovers(tmp_path / "home") == []


async def test_a_platform_killed_in_a_build_leaves_no_process_and_its_rest_is_swept(
    fresh: Fresh, hanging: tuple[Path, BuildNetwork], folder: Folder, tmp_path: Path
) -> None:
    source, network = hanging
    program = f"""
import asyncio
from pathlib import Path
from plat_builder import runtimes
from plat_builder.engines.environment import EnvironmentEngine
from plat_builder.settings import BuildNetwork, BuildSettings
from plat_core.model.build import BuildOptions
network = BuildNetwork({network.index_url!r}, (), {network.find_links!r}, {network.ca_bundle!r})
settings = BuildSettings(network=network, allow_source_builds=True)
engine = EnvironmentEngine(
    Path({str(tmp_path / "home")!r}), runtimes=runtimes.find(), settings=settings)
async def main():
    async for _ in engine.build(Path({str(source)!r}), BuildOptions(name="fn")): ...
asyncio.run(main())
"""
    platform = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    pids = await started(tmp_path)
    installer = {psutil.Process(pid).ppid() for pid in alive(pids)[:1]}
    platform.send_signal(signal.SIGKILL)
    await platform.wait()
    assert leftovers(tmp_path / "home")
    engine = fresh()
    assert (await build(engine, folder())).finished
    assert alive(pids) == []
    assert alive(" ".join(map(str, installer - {1}))) == []
    assert not list((tmp_path / "home/staging").iterdir())


async def test_packages_beyond_the_quota_are_an_error_and_nothing_stays(
    fresh: Fresh, folder: Folder, tmp_path: Path
) -> None:
    failed = (await build(fresh(disk=1024**2), folder())).failed
    assert "too large" in failed.message
    assert "PLAT_BUILD_DISK" in failed.fix
    assert leftovers(tmp_path / "home") == []


async def test_a_full_disk_is_an_error_and_nothing_stays(
    fresh: Fresh, folder: Folder, tmp_path: Path
) -> None:
    failed = (await build(fresh(reserve=2**60), folder())).failed
    assert "disk is full" in failed.message
    assert failed.passing
    assert leftovers(tmp_path / "home") == []


async def test_an_index_that_does_not_answer_is_named(fresh: Fresh, folder: Folder) -> None:
    network = BuildNetwork(index_url="http://user:hush@127.0.0.1:9/simple")
    built = await build(fresh(network=network), folder())
    assert "cannot be reached" in built.failed.message
    assert built.failed.passing
    assert "PLAT_INDEX_URL" in built.failed.fix
    assert "hush" not in built.log + built.failed.message


async def test_a_clean_environment_is_enough(fresh: Fresh, folder: Folder) -> None:
    """Certificates come from the system where none are named."""
    assert (await build(fresh(network=BuildNetwork()), folder())).finished


async def test_pip_does_where_there_is_no_uv(fresh: Fresh, folder: Folder, tmp_path: Path) -> None:
    engine = fresh(uv=False)
    assert (await build(engine, folder())).finished
    assert list((tmp_path / "home/environments").glob("*/site/gunicorn"))
    files = {"app.py": HELLO, "requirements.txt": "six\nplat-no-such-package-at-all==9\n"}
    failed = (await build(engine, folder(files))).failed
    assert failed.line == "requirements.txt:2: plat-no-such-package-at-all==9"


def command(folder: Path, program: str, *, memory: int = 512 * MIB) -> SandboxCommand:
    return SandboxCommand(
        program=[sys.executable, "-c", program],
        environment={"PATH": os.environ["PATH"]},
        folder=folder,
        python=Path(sys.executable),
        deadline=time.monotonic() + 60,
        file_size=2**20,
        memory=memory,
        mark=uuid.uuid4().hex,
    )


async def output(what: SandboxCommand) -> tuple[list[str], int | None]:
    async with SandboxProcess(what) as run:
        return [line async for line in run.lines()], run.code


GROWS = "import os, time\nos.fork() if {} else None\nx = bytearray({} * 2**20)\ntime.sleep(60)"


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux bounds data")
@pytest.mark.parametrize(
    ("forks", "size"),
    [
        pytest.param(False, 100, id="one process, seen while it runs"),
        pytest.param(True, 50, id="two processes together"),
        pytest.param(False, 4096, id="at once more than the kernel gives"),
    ],
)
async def test_a_build_that_takes_too_much_memory_is_ended_and_says_so(
    tmp_path: Path, forks: bool, size: int
) -> None:
    grows = command(tmp_path, GROWS.format(forks, size), memory=80 * MIB)
    with pytest.raises(BuildFailed, match="more than 80 MiB of memory") as caught:
        await output(grows)
    assert "PLAT_BUILD_MEMORY=160Mi" in caught.value.fix
    assert [p for p in psutil.process_iter() if _marked(p, grows.mark)] == []


@pytest.mark.skipif(sys.platform != "linux", reason="only there a process says who goes first")
async def test_a_build_goes_before_the_builder_where_the_machine_has_no_memory_left(
    tmp_path: Path,
) -> None:
    said = command(tmp_path, "print(open('/proc/self/oom_score_adj').read())")
    assert (await output(said))[0][0] == "1000"
    killed = command(tmp_path, "import os; os.kill(os.getpid(), 9)")
    with pytest.raises(BuildFailed, match="of memory"):
        await output(killed)


def _marked(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark
    except psutil.Error:
        return False


async def test_output_comes_line_by_line_without_colours(tmp_path: Path) -> None:
    program = r"print('\x1b[31mred\x1b[0m\rand\n', end='no end')"
    assert await output(command(tmp_path, program)) == (["red", "and", "no end"], 0)


async def test_output_without_end_is_bounded(tmp_path: Path) -> None:
    lines, code = await output(
        command(tmp_path, "print('x' * 1_000_000)\nfor i in range(200_000): print(i)")
    )
    assert code == 0
    assert len(lines) == MAX_LINES + 1
    assert max(map(len, lines)) <= LINE_LENGTH + 2
    assert "more lines" in lines[-1]


async def test_a_file_beyond_its_size_ends_the_program(tmp_path: Path) -> None:
    program = "open('big', 'wb').write(bytes(2**21))"
    _, code = await output(command(tmp_path, program))
    assert code != 0
    assert (tmp_path / "big").stat().st_size <= 2**20


async def test_a_program_has_no_input_no_core_and_only_the_given_variables(tmp_path: Path) -> None:
    program = "import os, sys; print(sys.stdin.read() == '', sorted(os.environ))"
    lines, _ = await output(command(tmp_path, program))
    assert lines == [f"True {sorted({'PATH', MARK, 'LC_CTYPE'})}"] or lines == [
        f"True {sorted({'PATH', MARK})}"
    ]


async def test_a_daemon_that_keeps_the_output_open_is_ended(tmp_path: Path) -> None:
    daemon = "import os, time; print(os.getpid(), end=' ', flush=True); time.sleep(600)"
    program = (
        "import subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-c', {daemon!r}], start_new_session=True)\n"
        "time.sleep(1)"
    )
    lines, code = await output(command(tmp_path, program))
    assert code == 0
    assert lines
    assert alive(lines[0]) == []


async def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    missing = command(tmp_path / "nowhere", "print()")
    with pytest.raises(BuildFailed, match="cannot start"):
        await output(missing)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (b"\x1b]0;title\x07text\x08", "text"),
        (b"https://me:secret@host/simple", "https://***@host/simple"),
        (b"\xff", "\ufffd"),
        (b"x" * 10_000, "x" * LINE_LENGTH + " …"),
    ],
)
def test_a_line_is_cleaned(line: bytes, shown: str) -> None:
    assert clean(line) == shown


def test_settings_come_from_the_environment() -> None:
    found = settings.read(
        {
            "PLAT_INDEX_URL": "https://index.example/simple",
            "PLAT_CA_BUNDLE": "/ca.pem",
            "PLAT_PROXY": "http://proxy.example:3128",
            "NO_PROXY": "localhost",
            "PLAT_BUILD_TIMEOUT": "2m",
            "PLAT_BUILD_DISK": "1Gi",
            "PLAT_ALLOW_SOURCE_BUILDS": "1",
            "PIP_FIND_LINKS": "/does/not/exist https://links.example/",
        }
    )
    assert found.network.index_url == "https://index.example/simple"
    assert found.network.proxies["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert found.network.proxies["NO_PROXY"] == "localhost"
    assert found.network.find_links == ("https://links.example/",)
    assert (found.timeout, found.disk, found.allow_source_builds) == (120.0, 1024**3, True)
    assert not found.other_sources


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLAT_BUILD_TIMEOUT", "soon"),
        ("PLAT_BUILD_TIMEOUT", "48h"),
        ("PLAT_BUILD_DISK", "100MB"),
        ("PLAT_BUILD_DISK", "1"),
        ("PLAT_BUILDS", "0"),
        ("PLAT_ALLOW_OTHER_SOURCES", "perhaps"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(name: str, value: str) -> None:
    with pytest.raises(Exception, match=name):
        settings.read({name: value})


@pytest.mark.parametrize(
    ("said", "code"),
    [("error: Failed to copy: File too large (os error 27)", 2), ("", -signal.SIGXFSZ)],
)
def test_one_file_beyond_the_quota_is_told_like_all_of_them(said: str, code: int) -> None:
    order = PythonInstall("python", (), (), base_python())
    failed = explain(order, [said], code, 3 * 1024**2)
    assert "too large: more than 3 MiB" in failed.message
    assert "PLAT_BUILD_DISK" in failed.fix
