"""Middleware: request ids, headers, problems, methods, CORS and probes."""

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


async def test_every_response_has_a_call_id_and_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/functions", "/nothing", "/functions/A", "/openapi.json"):
        response = await client.get(path)
        assert len(response.headers["x-call-id"]) == 32
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_X", True), ("a b", False), ("x" * 65, False)]
)
async def test_keeps_a_valid_call_id_of_the_client(
    client: httpx.AsyncClient, given: str, kept: bool
) -> None:
    response = await client.get("/nothing", headers={"X-Call-Id": given})
    assert (response.headers["x-call-id"] == given) is kept
    assert response.json()["callId"] == response.headers["x-call-id"]


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
async def test_an_unsupported_method_gets_405_with_all_allowed_methods(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    response = await client.request(method, path)
    assert (response.status_code, response.json()["code"]) == (405, "method-not-allowed")
    assert response.headers["allow"] == allowed


async def test_an_unknown_path_is_a_problem(client: httpx.AsyncClient) -> None:
    for path in ("/nothing", "/functions/orders/nothing", "/system", "//functions"):
        response = await client.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "not-found")


async def test_an_exception_is_logged_but_not_sent_to_the_client(
    platform: Platform, put: Put, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Any) -> Any:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(platform.store, "get", broken)
    async with client_of(platform.app()) as client:
        with caplog.at_level(logging.ERROR):
            response = await client.get("/functions/orders", headers={"X-Call-Id": "call-7"})
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert response.headers["x-call-id"] == "call-7"
    assert "hunter2" not in response.text
    assert "call-7" in caplog.text
    assert "hunter2" in caplog.text


async def test_cors_allows_the_console_and_no_other_origin(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient
) -> None:
    good = await anonymous.options("/functions/orders", headers={"Origin": ORIGIN, **PREFLIGHT})
    assert good.status_code == 200
    assert good.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-credentials" not in good.headers
    bad = await anonymous.options(
        "/functions/orders", headers={"Origin": "http://evil.example", **PREFLIGHT}
    )
    assert bad.status_code == 400
    assert "access-control-allow-origin" not in bad.headers
    response = await client.get("/functions", headers={"Origin": ORIGIN})
    assert response.headers["access-control-allow-origin"] == ORIGIN
    refused = await anonymous.get("/functions", headers={"Origin": ORIGIN})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == ORIGIN


async def test_probes_need_no_token_and_report_what_is_not_ready(
    platform: Platform, anonymous: httpx.AsyncClient
) -> None:
    assert (await anonymous.get("/healthz")).json() == {"status": "ok"}
    assert (await anonymous.get("/readyz")).status_code == 200
    platform.reasons["controller"] = "has not listed the functions yet"
    response = await anonymous.get("/readyz")
    assert response.status_code == 503
    assert response.json()["reasons"] == platform.reasons


async def test_the_json_limit_is_configurable() -> None:
    async with client_of(make_platform(json_limit=1024).app()) as client:
        body = {"spec": {"image": IMAGE, "env": [{"name": "A", "value": "x" * 1024}]}}
        assert (await client.put("/functions/orders", json=body)).status_code == 413


async def test_probes_support_head(anonymous: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz"):
        response = await anonymous.head(path)
        assert (response.status_code, response.content) == (200, b"")


async def test_serves_no_page_that_loads_third_party_scripts(client: httpx.AsyncClient) -> None:
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        assert (await client.get(path)).status_code == 404
