"""Builds over HTTP: uploads and events."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from plat_core.errors import TooLarge
from plat_core.model.build import Failed, LogLine

from tests.gateway.api.conftest import IMAGE, Platform, client_of, default_script, make_platform

ZIP = {"Content-Type": "application/zip"}
EVENTS = {"Accept": "application/x-ndjson"}


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.text.splitlines()]


async def test_a_build_returns_the_artifact(client: httpx.AsyncClient, platform: Platform) -> None:
    query = {"name": "orders", "runtime": "python", "handler": "app:main"}
    response = await client.post("/build", params=query, content=b"PK", headers=ZIP)
    assert response.status_code == 200
    assert response.json()["image"] == IMAGE
    ((kind, options, content),) = platform.builds.uploads
    assert (kind, content) == ("zip", b"PK")
    assert (options.name, options.runtime, options.handler) == ("orders", "python", "app:main")


async def test_events_are_lines_of_json_and_end_with_the_result(client: httpx.AsyncClient) -> None:
    response = await client.post("/build?name=orders", content=b"PK", headers=ZIP | EVENTS)
    assert response.headers["content-type"] == "application/x-ndjson"
    assert [event["type"] for event in lines(response)] == ["step", "log", "finished"]


async def test_accepts_one_file_inline_text_and_forms(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    url = "/build?name=orders"
    await client.post(url, content=b"x = 1", headers={"Content-Type": "text/x-python"})
    await client.post(url, json={"inline": {"app.py": "x = 1"}})
    await client.post(url, files={"file": ("app.py", b"x = 1")})
    await client.post(url, files={"file": ("app.zip", b"PK")})
    kinds = [kind for kind, _, _ in platform.builds.uploads]
    assert kinds == ["file", "source", "file", "zip"]
    assert json.loads(platform.builds.uploads[1][2]) == {"inline": {"app.py": "x = 1"}}
    assert platform.builds.uploads[2][2] == b"x = 1"


async def test_a_failed_build_has_the_line_and_the_end_of_the_log(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    failed = Failed(message="no version of flask fits", fix="mend it", line="flask==99")
    platform.builds.script = [*(LogLine(text=f"line {n}") for n in range(100)), failed]
    response = await client.post("/build?name=orders", content=b"PK", headers=ZIP)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (422, "build-failed")
    assert "flask==99" in problem["detail"]
    assert problem["log"].splitlines()[-1] == "line 99"
    assert len(problem["log"].splitlines()) == 50
    events = await client.post("/build?name=orders", content=b"PK", headers=ZIP | EVENTS)
    assert (events.status_code, lines(events)[-1]["line"]) == (200, "flask==99")


async def test_an_invalid_upload_is_a_problem_even_if_events_are_accepted(
    client: httpx.AsyncClient,
) -> None:
    for headers in (ZIP, ZIP | EVENTS):
        response = await client.post("/build?name=orders", content=b"", headers=headers)
        assert (response.status_code, response.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    ("code", "status"),
    [("too-large", 413), ("malformed", 400), ("overloaded", 429), ("internal", 500), ("x", 422)],
)
async def test_a_failure_has_the_status_of_its_code(
    client: httpx.AsyncClient, platform: Platform, code: str, status: int
) -> None:
    platform.builds.script = [Failed(code=code, message="no")]
    response = await client.post("/build?name=orders", content=b"PK", headers=ZIP)
    assert (response.status_code, response.json()["code"]) == (status, code)


async def test_an_error_in_the_middle_becomes_the_last_event(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    platform.builds.script = [LogLine(text="so far"), TooLarge("the environment is too large")]
    response = await client.post("/build?name=orders", content=b"PK", headers=ZIP | EVENTS)
    assert [event["type"] for event in lines(response)] == ["log", "failed"]
    assert lines(response)[-1]["code"] == "too-large"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"inline": {"../app.py": ""}}, "inline"),
        ({"inline": {}}, "inline"),
        ({"inline": {"app.py": 1}}, "inline.app.py"),
        ({"inline": {"a.py": ""}, "git": {}}, "git"),
        ({"git": {"url": "ftp://code.example.com/a"}}, "git.url"),
    ],
)
async def test_rejects_an_invalid_source(
    client: httpx.AsyncClient, body: dict[str, Any], field: str
) -> None:
    response = await client.post("/build?name=orders", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"].startswith(field)


@pytest.mark.parametrize("body", [{}, {"inline": {"a.py": ""}, "git": {"url": "https://a/b"}}])
async def test_rejects_two_origins(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    response = await client.post("/build?name=orders", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "invalid-input")
    assert "exactly one of inline, git and archive" in response.json()["detail"]


async def test_builds_a_fetched_source_like_an_upload(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    source = {"git": {"url": "https://code.example.com/a/b", "ref": "v1", "path": "functions/a"}}
    response = await client.post("/build?name=orders", json=source)
    assert response.status_code == 200
    assert json.loads(platform.builds.uploads[0][2]) == source


@pytest.mark.parametrize(
    "files",
    [
        {"other": ("a.zip", b"x")},
        {"file": (None, b"text")},
        [("file", ("a.zip", b"x")), ("file", ("b.zip", b"x"))],
    ],
)
async def test_a_form_needs_exactly_one_file(client: httpx.AsyncClient, files: Any) -> None:
    response = await client.post("/build?name=orders", files=files)
    assert 400 <= response.status_code < 500, response.text


async def test_rejects_unsupported_media_types(client: httpx.AsyncClient) -> None:
    text = {"Content-Type": "text/plain"}
    assert (await client.post("/build?name=orders", content=b"x", headers=text)).status_code == 415
    form = {"Content-Type": "multipart/form-data"}
    assert (await client.post("/build?name=orders", content=b"x", headers=form)).status_code == 400
    assert (await client.post("/build?name=A", content=b"x", headers=ZIP)).status_code == 422
    assert (await client.post("/build", content=b"x", headers=ZIP)).status_code == 422
    image = ZIP | {"Accept": "image/png"}
    assert (await client.post("/build?name=a", content=b"x", headers=image)).status_code == 406


async def test_rejects_an_upload_over_the_limit() -> None:
    platform = make_platform(build_limit=1024)

    async def chunks() -> Any:
        for _ in range(3):
            yield b"x" * 512

    async with client_of(platform.app()) as client:
        for content in (b"x" * 1025, chunks()):
            response = await client.post("/build?name=orders", content=content, headers=ZIP)
            assert (response.status_code, response.json()["code"]) == (413, "too-large")
        fits = await client.post("/build?name=orders", content=b"x" * 1024, headers=ZIP)
        assert fits.status_code == 200


async def test_builds_are_counted(client: httpx.AsyncClient, platform: Platform) -> None:
    await client.post("/build?name=orders", content=b"PK", headers=ZIP)
    finished = default_script()[-1]
    assert not isinstance(finished, Exception | asyncio.Event)
    platform.builds.script = [finished.model_copy(update={"unchanged": True})]
    await client.post("/build?name=orders", content=b"PK", headers=ZIP)
    platform.builds.script = [Failed(message="no")]
    await client.post("/build?name=orders", content=b"PK", headers=ZIP)
    metrics = (await client.get("/metrics")).text
    for result in ("finished", "unchanged", "failed"):
        assert f'plat_builds_total{{result="{result}"}} 1.0' in metrics
