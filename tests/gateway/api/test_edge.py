"""What holds for every answer: ids, headers, problems, methods, CORS, probes."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from tests.gateway.api.conftest import IMAGE, Platform, Put, client_of, make_platform

ORIGIN = "http://localhost:5173"
PREFLIGHT = {
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization",
}


async def test_every_answer_has_a_call_id_and_safe_headers(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/functions", "/nothing", "/functions/A", "/openapi.json"):
        answer = await client.get(path)
        assert len(answer.headers["x-call-id"]) == 32
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_X", True), ("a b", False), ("x" * 65, False)]
)
async def test_a_good_call_id_of_the_caller_is_kept(
    client: httpx.AsyncClient, given: str, kept: bool
) -> None:
    answer = await client.get("/nothing", headers={"X-Call-Id": given})
    assert (answer.headers["x-call-id"] == given) is kept
    assert answer.json()["callId"] == answer.headers["x-call-id"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/functions", "GET"),
        ("/functions/orders", "DELETE, GET, PUT"),
        ("/functions/orders/stop", "POST"),
        ("/build", "POST"),
        ("/secrets/db", "DELETE, GET, PUT"),
        ("/healthz", "GET, HEAD"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["PATCH", "TRACE", "NONSENSE"])
async def test_another_method_gets_405_with_all_that_are_allowed(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method-not-allowed")
    assert answer.headers["allow"] == allowed


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    for path in ("/nothing", "/functions/orders/nothing", "/system", "//functions"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


async def test_an_unexpected_failure_tells_the_log_and_not_the_caller(
    platform: Platform, put: Put, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Any) -> Any:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(platform.store, "get", broken)
    async with client_of(platform.app()) as client:
        with caplog.at_level(logging.ERROR):
            answer = await client.get("/functions/orders", headers={"X-Call-Id": "call-7"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["x-call-id"] == "call-7"
    assert "hunter2" not in answer.text
    assert "call-7" in caplog.text
    assert "hunter2" in caplog.text


async def test_the_console_is_let_in_and_other_origins_are_not(
    client: httpx.AsyncClient, stranger: httpx.AsyncClient
) -> None:
    good = await stranger.options("/functions/orders", headers={"Origin": ORIGIN, **PREFLIGHT})
    assert good.status_code == 200
    assert good.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-credentials" not in good.headers
    bad = await stranger.options(
        "/functions/orders", headers={"Origin": "http://evil.example", **PREFLIGHT}
    )
    assert bad.status_code == 400
    assert "access-control-allow-origin" not in bad.headers
    answer = await client.get("/functions", headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    refused = await stranger.get("/functions", headers={"Origin": ORIGIN})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == ORIGIN


async def test_probes_need_no_token_and_say_what_is_missing(
    platform: Platform, stranger: httpx.AsyncClient
) -> None:
    assert (await stranger.get("/healthz")).json() == {"status": "ok"}
    assert (await stranger.get("/readyz")).status_code == 200
    platform.reasons["controller"] = "has not listed the functions yet"
    answer = await stranger.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == platform.reasons


async def test_another_json_limit_can_be_set() -> None:
    async with client_of(make_platform(json_limit=1024).app()) as client:
        body = {"spec": {"image": IMAGE, "env": [{"name": "A", "value": "x" * 1024}]}}
        assert (await client.put("/functions/orders", json=body)).status_code == 413


async def test_probes_may_ask_with_head(stranger: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = await stranger.head(path)
        assert (answer.status_code, answer.content) == (200, b"")


async def test_no_page_loads_anything_from_elsewhere(client: httpx.AsyncClient) -> None:
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        assert (await client.get(path)).status_code == 404
