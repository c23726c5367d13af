"""The builder's own API: who may ask, what it takes, how it answers; over a real engine."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from pathlib import Path

import httpx
import pytest
from plat_builder import runtimes
from plat_builder.engines.environment import EnvironmentEngine
from plat_builder.images.garbage_collection import RemovedImages
from plat_builder.service import BuildService
from plat_builder.serving.http import RECENT_SECONDS, BuilderApi
from plat_builder.serving.settings import BuilderSettings
from plat_core.errors import InvalidInput, Unavailable
from plat_core.services.tokens import TokenGuard, check_token

from tests.builder.conftest import HELLO, SETTINGS

TOKEN = "a-token"
AUTH = {"Authorization": f"Bearer {TOKEN}"}
NDJSON = {"Accept": "application/x-ndjson"}
PYTHON = {"Content-Type": "text/x-python"}


class World:
    """The application, and what stands behind it."""

    def __init__(self, home: Path, uploads: Path) -> None:
        engine = EnvironmentEngine(home, runtimes=runtimes.find(), settings=SETTINGS)
        builds = BuildService(engine, uploads)
        self.trouble: Unavailable | None = None
        self.asked: list[tuple[set[str], bool]] = []
        self.now = 0.0
        self.app = BuilderApi(builds, self._ready, self._collect, lambda: self.now).app(
            TokenGuard(TOKEN, failures=3)
        )
        transport = httpx.ASGITransport(self.app)
        self.http = httpx.AsyncClient(base_url="http://builder", transport=transport, headers=AUTH)

    async def _ready(self) -> None:
        if self.trouble:
            raise self.trouble

    async def _collect(self, keep: Collection[str], dry_run: bool) -> RemovedImages:
        self.asked.append((set(keep), dry_run))
        return RemovedImages(("fn@sha256:1",), ())

    async def build(self, content: bytes = HELLO.encode(), **options: object) -> httpx.Response:
        given: dict[str, object] = {"params": {"name": "fn"}, "headers": PYTHON, **options}
        return await self.http.post("/build", content=content, **given)  # type: ignore[arg-type]


@pytest.fixture
async def world(home: Path, tmp_path: Path) -> AsyncIterator[World]:
    world = World(home, tmp_path / "uploads")
    yield world
    await world.http.aclose()


async def test_a_build_ends_with_the_artifact(world: World) -> None:
    answer = await world.build()
    assert (answer.status_code, answer.json()["type"]) == (200, "finished")


async def test_events_come_as_lines(world: World) -> None:
    answer = await world.build(headers=PYTHON | NDJSON)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert lines[0]["type"] == "step"
    assert lines[-1]["type"] == "finished"


async def test_zip_inline_and_form_are_the_same_source(world: World) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", HELLO)
    zipped = await world.build(buffer.getvalue(), headers={"Content-Type": "application/zip"})
    inline = await world.http.post(
        "/build", params={"name": "fn"}, json={"inline": {"app.py": HELLO}}
    )
    form = await world.http.post(
        "/build", params={"name": "fn"}, files={"file": ("app.zip", buffer.getvalue())}
    )
    digests = {answer.json()["digest"] for answer in (zipped, inline, form)}
    assert len(digests) == 1


async def test_without_the_token_nothing_is_told_but_health(world: World) -> None:
    world.http.headers.pop("Authorization")
    for path in ("/build", "/registry/gc", "/nothing"):
        answer = await world.http.post(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await world.http.get(path)).status_code == 200
    in_query = await world.http.post("/build", params={"token": TOKEN})
    assert (in_query.status_code, in_query.json()["code"]) == (400, "malformed")


async def test_guessing_is_slowed_down(world: World) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    for _ in range(3):
        assert (await world.http.post("/build", headers=wrong)).status_code == 401
    blocked = await world.http.post("/build")
    assert blocked.status_code == 429
    assert int(blocked.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ({"params": {"name": "No"}}, 422, "name"),
        ({"params": {}}, 422, "name"),
        ({"params": {"name": "fn", "colour": "red"}}, 422, "colour"),
        ({"params": [("name", "a"), ("name", "b")]}, 422, "twice"),
        ({"headers": {"Content-Type": "text/plain"}}, 501, "a build takes"),
        ({"content": b""}, 400, "empty"),
        ({"content": b"PK", "headers": {"Content-Type": "application/zip"}}, 400, ""),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400, ""),
        ({"content": b"def handler(:\n"}, 422, "app.py:1"),
    ],
)
@pytest.mark.parametrize("accept", [{}, NDJSON])
async def test_what_cannot_be_built_is_a_problem_with_its_reason(
    world: World, options: dict[str, object], status: int, said: str, accept: dict[str, str]
) -> None:
    headers = {**PYTHON, **options.get("headers", {}), **accept}  # type: ignore[dict-item]
    answer = await world.build(**{**options, "headers": headers})  # type: ignore[arg-type]
    if accept and answer.status_code == 200:
        last = json.loads(answer.text.splitlines()[-1])
        assert last["type"] == "failed"
        assert said in last["message"] + last["line"]
        return
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    assert answer.json()["callId"] == answer.headers["X-Call-Id"]


async def test_a_given_call_id_is_kept_and_a_bad_one_is_not(world: World) -> None:
    kept = await world.http.get("/healthz", headers={"X-Call-Id": "mine-1"})
    assert kept.headers["X-Call-Id"] == "mine-1"
    other = await world.http.get("/healthz", headers={"X-Call-Id": "not/mine"})
    assert other.headers["X-Call-Id"] != "not/mine"


async def test_readiness_is_that_of_the_registry(world: World) -> None:
    world.trouble = Unavailable("the registry is away", fix="start it")
    answer = await world.http.get("/readyz")
    assert (answer.status_code, answer.json()["fix"]) == (503, "start it")
    assert (await world.http.get("/healthz")).status_code == 200


async def test_builds_are_counted(world: World) -> None:
    await world.build(b"x = (\n")
    text = (await world.http.get("/metrics")).text
    assert 'plat_builds_total{result="failed"} 1.0' in text
    assert "plat_builds_running 0.0" in text


async def test_collecting_keeps_what_is_named_and_what_is_new(world: World) -> None:
    digest = (await world.build()).json()["digest"]
    wanted = {"images": ["localhost:5001/a@sha256:aa"], "dryRun": False}
    answer = await world.http.post("/registry/gc", json=wanted)
    assert answer.json() == {"images": ["fn@sha256:1"], "layers": [], "dryRun": False}
    assert world.asked == [({"sha256:aa", f"sha256:{digest}"}, False)]
    world.now = RECENT_SECONDS + 1
    await world.http.post("/registry/gc", json={"images": []})
    assert world.asked[1] == (set(), True)
    assert (await world.http.post("/registry/gc", json={})).status_code == 422


async def test_a_caller_who_leaves_ends_the_upload(world: World) -> None:
    async def endless() -> AsyncGenerator[bytes, None]:
        yield b"# a"
        await asyncio.sleep(60)
        yield b"never"

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await world.http.post(
                "/build", params={"name": "fn"}, headers=PYTHON, content=endless()
            )
    assert "plat_builds_running 0.0" in (await world.http.get("/metrics")).text


def test_settings_name_the_guilty_variable() -> None:
    assert BuilderSettings.from_environment({}).port == 8082
    for name, value in {"PLAT_BUILD_ENGINE": "magic", "PLAT_PORT": "x"}.items():
        with pytest.raises(InvalidInput, match=name):
            BuilderSettings.from_environment({name: value})


def test_the_well_known_token_is_refused_where_others_can_reach_it() -> None:
    check_token(BuilderSettings.from_environment({}))
    check_token(
        BuilderSettings.from_environment({"PLAT_HOST": "builder.edge", "PLAT_CONTAINED": "1"})
    )
    with pytest.raises(InvalidInput, match="AUTH_TOKEN"):
        check_token(BuilderSettings.from_environment({"PLAT_HOST": "0.0.0.0"}))
    with pytest.raises(InvalidInput, match="empty"):
        check_token(BuilderSettings.from_environment({"AUTH_TOKEN": ""}))
