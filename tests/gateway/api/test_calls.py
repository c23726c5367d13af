"""Reading asynchronous calls and their results, and cancelling them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from plat_core.model.calls import Call, CallFailure, CallRequest, CallResponse, QueueBound
from plat_core.model.names import FunctionRef

from tests.gateway.api.conftest import Platform, client_of, make_platform

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PAGE = CallResponse(
    201,
    (
        ("Content-Type", "text/html; charset=latin-1"),
        ("Content-Encoding", "gzip"),
        ("Set-Cookie", "stolen=1"),
        ("Content-Security-Policy", "default-src *"),
        ("X-Call-Status", "999"),
    ),
    b"<script>alert(1)</script>",
)


async def queue(platform: Platform, call_id: str, name: str = "orders", at: int = 0) -> Call:
    moment = START + timedelta(seconds=at)
    call = Call(call_id, FunctionRef(name), "POST", "/x?y", moment, moment)
    await platform.queue.add(call, CallRequest("POST", "/x?y"), QueueBound(100, 1000))
    return call


async def test_reads_a_queued_call(platform: Platform, client: httpx.AsyncClient) -> None:
    await queue(platform, "one")
    response = await client.get("/calls/one")
    assert response.json() == {
        "id": "one",
        "function": "orders",
        "namespace": "default",
        "method": "POST",
        "path": "/x?y",
        "state": "queued",
        "created": "2026-01-02T03:04:05Z",
        "due": "2026-01-02T03:04:05Z",
        "attempts": 0,
        "truncated": False,
    }


async def test_a_call_without_a_response_has_a_reason(
    platform: Platform, client: httpx.AsyncClient
) -> None:
    await queue(platform, "one")
    trouble = CallFailure("timeout", "It did not respond within 3 s.")
    await platform.queue.finish("one", "failed", now=START, failure=trouble)
    call = (await client.get("/calls/one")).json()
    assert call["trouble"] == {"code": "timeout", "message": "It did not respond within 3 s."}
    result = await client.get("/calls/one/result")
    assert (result.status_code, result.json()["code"]) == (404, "no-result")
    assert "It did not respond within 3 s." in result.json()["detail"]


async def test_a_result_is_the_body_of_the_function(
    platform: Platform, client: httpx.AsyncClient
) -> None:
    await queue(platform, "one")
    await platform.queue.finish("one", "succeeded", now=START, response=PAGE)
    async with client.stream("GET", "/calls/one/result") as response:
        body = b"".join([piece async for piece in response.aiter_raw()])
    assert (response.status_code, body) == (200, PAGE.body)
    headers = response.headers
    assert headers["Content-Type"] == "text/html; charset=latin-1"
    assert headers["Content-Encoding"] == "gzip"
    assert headers["X-Call-Status"] == "201"
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["Content-Disposition"] == "attachment"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert not {"set-cookie", "x-call-truncated"} & set(headers)


async def test_marks_a_truncated_result_and_defaults_to_bytes(
    platform: Platform, client: httpx.AsyncClient
) -> None:
    await queue(platform, "one")
    cut = CallResponse(500, (), b"half", truncated=True)
    await platform.queue.finish("one", "failed", now=START, response=cut)
    response = await client.get("/calls/one/result")
    assert response.headers["X-Call-Truncated"] == "true"
    assert response.headers["X-Call-Status"] == "500"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.content == b"half"


async def test_has_no_result_before_the_call_finishes(
    platform: Platform, client: httpx.AsyncClient
) -> None:
    await queue(platform, "one")
    response = await client.get("/calls/one/result")
    assert (response.status_code, response.json()["code"]) == (409, "call-not-over")
    assert response.headers["Retry-After"] == "1"


async def test_wait_returns_when_the_call_finishes(
    platform: Platform, client: httpx.AsyncClient
) -> None:
    await queue(platform, "one")
    waiting = asyncio.ensure_future(client.get("/calls/one", params={"wait": "30s"}))
    while not platform.calls or not platform.calls._awaited:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await client.delete("/calls/one")
    assert (await waiting).json()["state"] == "cancelled"
    assert platform.calls._awaited == {}
    await queue(platform, "two")
    assert (await client.get("/calls/two?wait=0.01s")).json()["state"] == "queued"


async def test_lists_calls_by_filter(platform: Platform, client: httpx.AsyncClient) -> None:
    for at, (call_id, name) in enumerate(
        (("one", "orders"), ("two", "orders"), ("three", "other"))
    ):
        await queue(platform, call_id, name, at)
    await platform.queue.finish("two", "succeeded", now=START, response=PAGE)

    async def listed(**query: object) -> list[str]:
        response = await client.get("/calls", params=query)  # type: ignore[arg-type]
        assert response.status_code == 200, response.text
        return [call["id"] for call in response.json()["items"]]

    assert await listed() == ["three", "two", "one"]
    assert await listed(limit=1) == ["three"]
    assert await listed(function="orders", state="queued") == ["one"]
    assert await listed(namespace="team") == []
    for wrong in ({"state": "lost"}, {"limit": 0}, {"function": "No!"}):
        assert (await client.get("/calls", params=wrong)).status_code == 422


async def test_cancels_only_queued_calls(platform: Platform, client: httpx.AsyncClient) -> None:
    await queue(platform, "one")
    assert (await client.delete("/calls/one")).json()["state"] == "cancelled"
    again = await client.delete("/calls/one")
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize("call_id", ["no", "a.b", "0" * 64])
async def test_an_unknown_call_is_404(client: httpx.AsyncClient, call_id: str) -> None:
    for method, path in (("GET", ""), ("GET", "/result"), ("DELETE", "")):
        response = await client.request(method, f"/calls/{call_id}{path}")
        assert (response.status_code, response.json()["code"]) == (404, "call-not-found")


async def test_a_viewer_reads_results_and_cancels_nothing() -> None:
    platform = make_platform(viewer_token="a-viewers-token")
    await queue(platform, "one")
    await queue(platform, "two")
    await platform.queue.finish("one", "succeeded", now=START, response=PAGE)
    async with client_of(platform.app(), "a-viewers-token") as viewer:
        for path in ("/calls", "/calls/one"):
            assert (await viewer.get(path)).status_code == 200
        async with viewer.stream("GET", "/calls/one/result") as result:
            assert result.status_code == 200
        assert (await viewer.delete("/calls/two")).status_code == 403


async def test_calls_need_a_token(platform: Platform, anonymous: httpx.AsyncClient) -> None:
    await queue(platform, "one")
    for path in ("/calls", "/calls/one", "/calls/one/result", "/calls/no"):
        assert (await anonymous.get(path)).status_code == 401


async def test_without_a_database_the_error_names_the_setting(platform: Platform) -> None:
    platform.calls = None
    async with client_of(platform.app()) as client:
        for method, path in (
            ("GET", ""),
            ("GET", "/one"),
            ("GET", "/one/result"),
            ("DELETE", "/one"),
        ):
            response = await client.request(method, f"/calls{path}")
            assert (response.status_code, response.json()["code"]) == (501, "not-supported")
            assert "DATABASE_URL" in response.json()["fix"]
