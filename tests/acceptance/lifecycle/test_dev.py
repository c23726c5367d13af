"""`plat dev`: reloads on save, reports errors, and lets a debugger attach."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.acceptance.platform_client import PATIENCE, Client
from tests.examples.platform import PLAT, Platform, free_port

CODE = "def handler(request):\n    return 'number {}'\n"


@asynccontextmanager
async def developing(platform: Platform, folder: Path, *options: str) -> AsyncIterator[Path]:
    """Run `plat dev` on a running platform and yield the file of its output."""
    printed = folder.parent / f"{folder.name}.txt"
    with printed.open("wb") as file:
        process = subprocess.Popen(
            [PLAT, "dev", folder, *options],
            env=platform.environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        await until(lambda: "watching" in printed.read_text())
        yield printed
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, PATIENCE)


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not there():
            await asyncio.sleep(0.05)


async def answered(client: Client, name: str, there: Callable[[httpx.Response], bool]) -> None:
    """Call until the response matches; each earlier response must be a 200."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await client.call(name)
            assert answer.status_code == 200, answer.text
            if there(answer):
                return
            await asyncio.sleep(0.05)


async def test_serves_each_save_and_reports_a_broken_one(client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "saved"
    folder.mkdir()
    app = folder / "app.py"
    app.write_text(CODE.format(1))
    async with developing(client.platform, folder) as printed:
        assert (await client.call("saved")).text == "number 1"
        app.write_text(CODE.format(2))
        await answered(client, "saved", lambda answer: answer.text == "number 2")

        app.write_text("def handler(request:\n    return 3\n")
        await answered(client, "saved", lambda answer: "x-plat-dev-error" in answer.headers)
        broken = await client.call("saved")
        assert broken.text == "number 2"
        assert "app.py:1: SyntaxError" in broken.headers["x-plat-dev-error"]
        assert "app.py:1: SyntaxError" in printed.read_text()

        app.write_text("import nowhere_to_be_found\n" + CODE.format(4))
        await until(lambda: "nowhere_to_be_found" in printed.read_text())
        await answered(
            client, "saved", lambda answer: "nowhere" in answer.headers["x-plat-dev-error"]
        )
        assert (await client.call("saved")).text == "number 2"

        app.write_text(CODE.format(5))
        await answered(client, "saved", lambda answer: answer.text == "number 5")
        await answered(client, "saved", lambda answer: "x-plat-dev-error" not in answer.headers)


async def test_a_debugger_attaches_again_after_a_save(client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "debugged"
    folder.mkdir()
    (folder / "app.py").write_text(CODE.format(1))
    port = free_port()
    async with developing(client.platform, folder, "--debug", "--debug-port", str(port)) as printed:
        assert f"127.0.0.1:{port}" in printed.read_text()
        assert (await client.call("debugged")).text == "number 1"
        await attached(port)
        (folder / "app.py").write_text(CODE.format(2))
        await answered(client, "debugged", lambda answer: answer.text == "number 2")
        await attached(port)


async def attached(port: int) -> None:
    """Attach over the Debug Adapter Protocol, and wait for the debuggee."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await asyncio.to_thread(attach, port)
            except (OSError, EOFError):
                await asyncio.sleep(0.2)  # the replica before still leaves
            else:
                return


def attach(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        stream = connection.makefile("rb")
        wants = {"initialize": {"adapterID": "test"}, "attach": {"justMyCode": False}}
        for number, (command, arguments) in enumerate(wants.items(), 1):
            request = {"seq": number, "type": "request", "command": command, "arguments": arguments}
            body = json.dumps(request).encode()
            connection.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        while True:
            message = received(stream)
            if message.get("event") == "initialized":
                return
            assert message.get("success", True), message


def received(stream):  # type: ignore[no-untyped-def]
    length = 0
    while line := stream.readline().strip():
        length = int(line.rpartition(b":")[2])
    if not length:
        raise EOFError("the adapter closed the connection")
    return json.loads(stream.read(length))
