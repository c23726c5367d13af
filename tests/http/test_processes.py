"""Services as processes: the socket, start-up errors and the end at a signal."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest
from plat_core.errors import InvalidInput, Unavailable
from plat_http.processes import PortInUse, bind_socket, run_command, serve_application
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def test_a_port_in_use_is_a_typed_error() -> None:
    with bind_socket("127.0.0.1", 0) as bound:
        bound.listen()
        port = bound.getsockname()[1]
        with pytest.raises(PortInUse, match=str(port)):
            bind_socket("127.0.0.1", port)


def test_an_unknown_address_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"cannot listen on 192\.0\.2\.1:80"):
        bind_socket("192.0.2.1", 80)


def test_a_start_up_error_is_written_with_its_fix(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        raise InvalidInput("PLAT_PORT: not a number", fix="correct PLAT_PORT")

    assert run_command("the service", main) == 1
    expected = "the service cannot start: PLAT_PORT: not a number\n  correct PLAT_PORT\n"
    assert capsys.readouterr().err == expected


async def test_serves_an_application_until_it_is_stopped() -> None:
    async def respond(_: object) -> PlainTextResponse:
        return PlainTextResponse("hello")

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stop = asyncio.Event()
    app = Starlette(routes=[Route("/", respond)])
    serving = asyncio.create_task(
        serve_application(app, host="127.0.0.1", port=port, stop=stop, grace=1)
    )
    async with httpx.AsyncClient() as client, asyncio.timeout(10):
        while True:
            try:
                response = await client.get(f"http://127.0.0.1:{port}/")
                break
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
    assert response.text == "hello"
    stop.set()
    async with asyncio.timeout(10):
        await serving
