"""The viewer role: it may read, and call public functions only."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from plat_core.errors import InvalidInput
from plat_core.services.router import Router
from plat_core.services.tokens import TokenCheck, TokenGuard, check_viewer
from plat_gateway.server import Server, serve
from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.assembly import create_guard, create_proxy
from plat_http.applications import PUBLIC

from tests.gateway.api.conftest import IMAGE, TOKEN, Platform, client_of, make_platform
from tests.route_fixtures import make_route

VIEWER = "a-viewers-token"


@pytest.fixture
def platform() -> Platform:
    return make_platform(viewer_token=VIEWER)


@pytest.fixture
async def viewer(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, VIEWER) as client:
        yield client


def operations(app: FastAPI) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if path not in PUBLIC
    ]


async def test_a_viewer_may_use_safe_methods_only(app: FastAPI, viewer: httpx.AsyncClient) -> None:
    for method, path, operation in operations(app):
        if path == "/events":
            continue
        response = await viewer.request(method, path.replace("{name}", "orders"))
        refused = (response.status_code, response.json()["code"] if response.is_error else "")
        assert (refused == (403, "forbidden")) is (method != "GET"), (method, path)
        assert ("403" in operation["responses"]) is (method != "GET"), (method, path)


async def test_a_rejected_request_has_a_reason_and_changes_nothing(
    client: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    response = await viewer.put("/functions/orders", json={"spec": {"image": IMAGE}})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (403, "forbidden")
    assert "viewer" in problem["detail"]
    assert "AUTH_TOKEN" in problem["fix"]
    assert problem["callId"] == response.headers["x-call-id"]
    assert "www-authenticate" not in response.headers
    assert (await client.get("/functions")).json()["items"] == []
    assert (await viewer.get("/functions")).json()["items"] == []


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "get", "GETX", "DELETE"])
@pytest.mark.parametrize("path", ["/nothing", "//functions", "/functions/%2e%2e/healthz", "/ui"])
async def test_unusual_methods_and_paths_do_not_bypass_the_role(
    viewer: httpx.AsyncClient, method: str, path: str
) -> None:
    url = httpx.URL(scheme="http", host="plat", raw_path=path.encode())
    request = httpx.Request("GET", url, headers=viewer.headers)
    request.method = method
    response = await viewer.send(request)
    assert response.status_code == (405 if path == "/ui" else 403)


async def test_system_info_returns_the_role(
    client: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    assert (await client.get("/system/info")).json()["role"] == "admin"
    assert (await viewer.get("/system/info")).json()["role"] == "viewer"


async def test_without_a_viewer_token_there_is_no_viewer() -> None:
    async with client_of(make_platform().app(), VIEWER) as anonymous:
        assert (await anonymous.get("/functions")).status_code == 401


def test_a_viewer_token_is_not_counted_as_wrong() -> None:
    guard = TokenGuard(TOKEN, viewer=VIEWER, failures=1)
    header = f"Bearer {VIEWER}".encode()
    assert {guard.authenticate(header, "10.0.0.1") for _ in range(5)} == {TokenCheck.VIEWER}
    assert guard.authenticate(header[:-1], "10.0.0.1") is TokenCheck.WRONG
    assert guard.authenticate(header, "10.0.0.1") is TokenCheck.BLOCKED


@pytest.mark.parametrize("viewer", [TOKEN, "dev-token"])
def test_rejects_a_viewer_token_that_is_known_to_others(viewer: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_viewer(viewer, TOKEN)
    assert caught.value.field == "AUTH_TOKEN_VIEWER"
    assert viewer not in caught.value.message


def test_reads_a_printable_viewer_token_from_the_environment() -> None:
    assert GatewaySettings.from_environment({"AUTH_TOKEN_VIEWER": ""}).viewer_token is None
    settings = GatewaySettings.from_environment({"AUTH_TOKEN_VIEWER": VIEWER})
    assert settings.viewer_token == VIEWER
    assert VIEWER not in repr(settings)
    for bad in ("a b", "ключ", "a\nb"):
        with pytest.raises(InvalidInput) as caught:
            GatewaySettings.from_environment({"AUTH_TOKEN_VIEWER": bad})
        assert (caught.value.field, bad in caught.value.message) == ("AUTH_TOKEN_VIEWER", False)
    check_viewer(None, TOKEN)
    check_viewer(VIEWER, TOKEN)


class Data:
    """The data path of a gateway over one function, as the wiring puts it together."""

    def __init__(self, server: Server, router: Router) -> None:
        self.server = server
        self.router = router
        self.called = 0

    async def response(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.called += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    def function(self, name: str, address: str, access: str) -> None:
        self.router.apply(make_route(name, address, timeout=20.0, access=access))

    async def ask(self, method: str, name: str, token: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        writer.write(
            f"{method} /function/{name} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
            f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode()
        )
        async with asyncio.timeout(20):
            response = await reader.read()
        writer.close()
        return response


@pytest.fixture
async def data(platform: Platform, tmp_path: Any) -> AsyncIterator[Data]:
    app = platform.app()
    services = app.state.services
    assert create_guard(platform.settings, platform.settings.viewer_token).authenticate(
        f"Bearer {VIEWER}".encode(), "a"
    )
    router = Router(scaler=platform.scaler)
    server = await serve(app, create_proxy(router, services, platform.settings), port=0)
    data = Data(server, router)
    listener = await asyncio.start_unix_server(data.response, tmp_path / "f.sock")
    for name, access in (("orders", "token"), ("shop", "public")):
        data.function(name, f"unix:{tmp_path}/f.sock", access)
    yield data
    await server.close(0)
    listener.close()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_a_viewer_may_not_call_a_function_with_a_token(data: Data, method: str) -> None:
    response = await data.ask(method, "orders", VIEWER)
    head = response.partition(b"\r\n\r\n")[0]
    assert head.startswith(b"HTTP/1.1 403 ")
    assert b"\r\nX-Plat-Answer: forbidden" in head
    assert (data.called, b'"code": "forbidden"' in response) == (0, method != "HEAD")
    assert (await data.ask(method, "orders", TOKEN)).startswith(b"HTTP/1.1 200 ")
    assert data.called == 1


async def test_a_viewer_may_call_public_functions(data: Data) -> None:
    assert (await data.ask("POST", "shop", VIEWER)).startswith(b"HTTP/1.1 200 ")
