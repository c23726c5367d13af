"""Load: wrk where it is installed, else a plain loop of our own, and a single careful caller."""

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
    """The rate at which answers come over kept connections."""
    if shutil.which("wrk") is None:
        return own_load(port, connections, seconds)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s"]
    command += ["-H", f"Authorization: Bearer {TOKEN}", f"http://127.0.0.1:{port}/function/hello/"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output:
        raise RuntimeError(f"not every answer was good:\n{output}")
    match = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if match is None:
        raise RuntimeError(f"wrk said no rate:\n{output}")
    return float(match[1])


def own_load(address: Address, connections: int, seconds: float) -> float:
    """The same rate, by our own loop."""
    return uvloop.run(_own_load(address, connections, seconds))


def latency(address: Address, *, calls: int) -> float:
    """The median time of one call over one kept connection, in seconds."""
    with _connected(address) as sock:
        times = []
        for _ in range(calls):
            began = time.perf_counter()
            sock.sendall(REQUEST)
            _read_answer(sock)
            times.append(time.perf_counter() - began)
    return median(times)


def download(port: int, size: int) -> float:
    """Seconds for `size` bytes from the function."""
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
    """Seconds for `size` bytes to the function, and its word that it got them."""
    began, piece = time.perf_counter(), bytes(1024 * 1024)
    with _connected(port) as sock:
        sock.sendall(
            REQUEST.replace(b"GET", b"PUT").replace(
                b"\r\n\r\n", b"\r\nContent-Length: %d\r\n\r\n" % size
            )
        )
        for _ in range(size // len(piece)):
            sock.sendall(piece)
        answer = sock.recv(65536)
    if not answer.endswith(b"%d" % size):
        raise RuntimeError(f"not all arrived: {answer!r}")
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


def _read_answer(sock: socket.socket) -> None:
    answer = b""
    while not answer.endswith(b"ok"):
        answer += sock.recv(65536)
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise RuntimeError(f"not the expected answer: {answer[:200]!r}")


def _host(address: int | tuple[str, int]) -> tuple[str, int]:
    return ("127.0.0.1", address) if isinstance(address, int) else address


class _Caller(asyncio.Protocol):
    """Asks again as soon as it is answered."""

    def __init__(self) -> None:
        self.answers = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"ok"):
            self.answers += 1
            self._transport.write(REQUEST)


async def _own_load(address: Address, connections: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    pairs = []
    for _ in range(connections):
        if isinstance(address, str):
            pairs.append(await loop.create_unix_connection(_Caller, address))
        else:
            pairs.append(await loop.create_connection(_Caller, *_host(address)))
    await asyncio.sleep(seconds)
    for transport, _ in pairs:
        transport.abort()
    return sum(caller.answers for _, caller in pairs) / seconds
