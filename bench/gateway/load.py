"""Load generators: wrk if it is installed, else a plain loop; and a single client for latency."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import time
from statistics import median
from typing import cast

import uvloop

from bench.gateway.subject import TOKEN

Address = int | str | tuple[str, int]
"""A port of the loopback interface, the path of a Unix socket, or a host and its port."""

REQUEST = (
    f"GET /function/hello/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
).encode()


def requests_per_second(port: int, *, connections: int, seconds: float) -> float:
    """Return the rate of responses on persistent connections."""
    if shutil.which("wrk") is None:
        return own_load(port, connections, seconds)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s"]
    command += ["-H", f"Authorization: Bearer {TOKEN}", f"http://127.0.0.1:{port}/function/hello/"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output:
        raise RuntimeError(f"wrk received error responses:\n{output}")
    match = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if match is None:
        raise RuntimeError(f"wrk printed no rate:\n{output}")
    return float(match[1])


def own_load(address: Address, connections: int, seconds: float) -> float:
    """Return the rate of responses, measured with a plain loop."""
    return uvloop.run(_own_load(address, connections, seconds))


def latency(address: Address, *, calls: int) -> float:
    """Return the median duration of a call on one persistent connection, in seconds."""
    with _connected(address) as sock:
        times = []
        for _ in range(calls):
            began = time.perf_counter()
            sock.sendall(REQUEST)
            _read_response(sock)
            times.append(time.perf_counter() - began)
    return median(times)


def download(port: int, size: int) -> float:
    """Return the seconds to download `size` bytes from the function."""
    began, left = time.perf_counter(), size
    with _connected(port) as sock:
        sock.sendall(REQUEST.replace(b"hello/ ", b"hello/bytes/%d " % size))
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(65536)
        left -= len(head) - head.index(b"\r\n\r\n") - 4
        buffer = bytearray(1024 * 1024)
        while left:
            left -= (got := sock.recv_into(buffer))
            if not got:
                raise RuntimeError(f"{left} bytes are missing")
    return time.perf_counter() - began


def upload(port: int, size: int) -> float:
    """Return the seconds to upload `size` bytes to the function, until it confirms them."""
    began, piece = time.perf_counter(), bytes(1024 * 1024)
    with _connected(port) as sock:
        sock.sendall(
            REQUEST.replace(b"GET", b"PUT").replace(
                b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % size
            )
        )
        for _ in range(size // len(piece)):
            sock.sendall(piece)
        response = sock.recv(65536)
    if not response.endswith(b"%d" % size):
        raise RuntimeError(f"the function received too little: {response!r}")
    return time.perf_counter() - began


def _connected(address: Address) -> socket.socket:
    if isinstance(address, str):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(address)
    else:
        sock = socket.create_connection(_host(address))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.settimeout(60)
    return sock


def _read_response(sock: socket.socket) -> None:
    response = b""
    while not response.endswith(b"ok"):
        response += sock.recv(65536)
        if not response.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"unexpected response: {response[:200]!r}")


def _host(address: int | tuple[str, int]) -> tuple[str, int]:
    return ("127.0.0.1", address) if isinstance(address, int) else address


class _Client(asyncio.Protocol):
    """Sends the next request after each response."""

    def __init__(self) -> None:
        self.responses = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"ok"):
            self.responses += 1
            self._transport.write(REQUEST)


async def _own_load(address: Address, connections: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    pairs = []
    for _ in range(connections):
        if isinstance(address, str):
            pairs.append(await loop.create_unix_connection(_Client, address))
        else:
            pairs.append(await loop.create_connection(_Client, *_host(address)))
    await asyncio.sleep(seconds)
    for transport, _ in pairs:
        transport.abort()
    return sum(client.responses for _, client in pairs) / seconds
