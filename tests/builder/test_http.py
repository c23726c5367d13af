"""The builder's HTTP API over a real engine: authentication, uploads and responses."""

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


class BuilderApp:
    """The application and its dependencies."""

    def __init__(self, home: Path, uploads: Path) -> None:
        engine = EnvironmentEngine(home, runtimes=runtimes.find(), settings=SETTINGS)
        builds = BuildService(engine, uploads)
        self.error: Unavailable | None = None
        self.collections: list[tuple[set[str], bool]] = []
        self.now = 0.0
        self.app = BuilderApi(builds, self._ready, self._collect, lambda: self.now).app(
            TokenGuard(TOKEN, failures=3)
        )
        transport = httpx.ASGITransport(self.app)
        self.http = httpx.AsyncClient(base_url="http://builder", transport=transport, headers=AUTH)

    async def _ready(self) -> None:
        if self.error:
            raise self.error

    async def _collect(self, keep: Collection[str], dry_run: bool) -> RemovedImages:
        self.collections.append((set(keep), dry_run))
        return RemovedImages(("fn@sha256:1",), ())

    async def build(self, content: bytes = HELLO.encode(), **options: object) -> httpx.Response:
        given: dict[str, object] = {"params": {"name": "fn"}, "headers": PYTHON, **options}
        return await self.http.post("/build", content=content, **given)  # type: ignore[arg-type]


@pytest.fixture
async def app(home: Path, tmp_path: Path) -> AsyncIterator[BuilderApp]:
    app = BuilderApp(home, tmp_path / "uploads")
    yield app
    await app.http.aclose()


async def test_a_build_returns_the_artifact(app: BuilderApp) -> None:
    response = await app.build()
    assert (response.status_code, response.json()["type"]) == (200, "finished")


async def test_events_are_lines_of_json(app: BuilderApp) -> None:
    response = await app.build(headers=PYTHON | NDJSON)
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert response.headers["Content-Type"] == "application/x-ndjson"
    assert lines[0]["type"] == "step"
    assert lines[-1]["type"] == "finished"


async def test_zip_inline_and_form_are_the_same_source(app: BuilderApp) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", HELLO)
    zipped = await app.build(buffer.getvalue(), headers={"Content-Type": "application/zip"})
    inline = await app.http.post(
        "/build", params={"name": "fn"}, json={"inline": {"app.py": HELLO}}
    )
    form = await app.http.post(
        "/build", params={"name": "fn"}, files={"file": ("app.zip", buffer.getvalue())}
    )
    digests = {response.json()["digest"] for response in (zipped, inline, form)}
    assert len(digests) == 1


async def test_only_probes_and_metrics_need_no_token(app: BuilderApp) -> None:
    app.http.headers.pop("Authorization")
    for path in ("/build", "/registry/gc", "/nothing"):
        response = await app.http.post(path)
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await app.http.get(path)).status_code == 200
    in_query = await app.http.post("/build", params={"token": TOKEN})
    assert (in_query.status_code, in_query.json()["code"]) == (400, "malformed")


async def test_blocks_an_address_after_wrong_tokens(app: BuilderApp) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    for _ in range(3):
        assert (await app.http.post("/build", headers=wrong)).status_code == 401
    blocked = await app.http.post("/build")
    assert blocked.status_code == 429
    assert int(blocked.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("options", "status", "detail"),
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
async def test_an_invalid_build_is_a_problem_with_its_reason(
    app: BuilderApp, options: dict[str, object], status: int, detail: str, accept: dict[str, str]
) -> None:
    headers = {**PYTHON, **options.get("headers", {}), **accept}  # type: ignore[dict-item]
    response = await app.build(**{**options, "headers": headers})  # type: ignore[arg-type]
    if accept and response.status_code == 200:
        last = json.loads(response.text.splitlines()[-1])
        assert last["type"] == "failed"
        assert detail in last["message"] + last["line"]
        return
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert detail in response.json()["detail"]
    assert response.json()["callId"] == response.headers["X-Call-Id"]


async def test_keeps_a_valid_call_id_and_replaces_an_invalid_one(app: BuilderApp) -> None:
    kept = await app.http.get("/healthz", headers={"X-Call-Id": "mine-1"})
    assert kept.headers["X-Call-Id"] == "mine-1"
    other = await app.http.get("/healthz", headers={"X-Call-Id": "not/mine"})
    assert other.headers["X-Call-Id"] != "not/mine"


async def test_is_ready_only_with_its_registry(app: BuilderApp) -> None:
    app.error = Unavailable("the registry is away", fix="start it")
    response = await app.http.get("/readyz")
    assert (response.status_code, response.json()["fix"]) == (503, "start it")
    assert (await app.http.get("/healthz")).status_code == 200


async def test_builds_are_counted(app: BuilderApp) -> None:
    await app.build(b"x = (\n")
    text = (await app.http.get("/metrics")).text
    assert 'plat_builds_total{result="failed"} 1.0' in text
    assert "plat_builds_running 0.0" in text


async def test_garbage_collection_keeps_named_and_recent_images(app: BuilderApp) -> None:
    digest = (await app.build()).json()["digest"]
    wanted = {"images": ["localhost:5001/a@sha256:aa"], "dryRun": False}
    response = await app.http.post("/registry/gc", json=wanted)
    assert response.json() == {"images": ["fn@sha256:1"], "layers": [], "dryRun": False}
    assert app.collections == [({"sha256:aa", f"sha256:{digest}"}, False)]
    app.now = RECENT_SECONDS + 1
    await app.http.post("/registry/gc", json={"images": []})
    assert app.collections[1] == (set(), True)
    assert (await app.http.post("/registry/gc", json={})).status_code == 422


async def test_a_disconnect_cancels_the_upload(app: BuilderApp) -> None:
    async def endless() -> AsyncGenerator[bytes, None]:
        yield b"# a"
        await asyncio.sleep(60)
        yield b"never"

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await app.http.post("/build", params={"name": "fn"}, headers=PYTHON, content=endless())
    assert "plat_builds_running 0.0" in (await app.http.get("/metrics")).text


def test_settings_name_the_invalid_variable() -> None:
    assert BuilderSettings.from_environment({}).port == 8082
    for name, value in {"PLAT_BUILD_ENGINE": "magic", "PLAT_PORT": "x"}.items():
        with pytest.raises(InvalidInput, match=name):
            BuilderSettings.from_environment({name: value})


def test_rejects_the_default_token_on_a_public_address() -> None:
    check_token(BuilderSettings.from_environment({}))
    check_token(
        BuilderSettings.from_environment({"PLAT_HOST": "builder.edge", "PLAT_CONTAINED": "1"})
    )
    with pytest.raises(InvalidInput, match="AUTH_TOKEN"):
        check_token(BuilderSettings.from_environment({"PLAT_HOST": "0.0.0.0"}))
    with pytest.raises(InvalidInput, match="empty"):
        check_token(BuilderSettings.from_environment({"AUTH_TOKEN": ""}))
