"""Raw bytes to and from the gateway, without an HTTP client that would correct them."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.examples.platform import TOKEN, Platform

PATIENCE = 60.0
AUTHORIZED = f"Authorization: Bearer {TOKEN}\r\n".encode()


@dataclass(frozen=True)
class Answer:
    """The bytes received until the connection closed, or `patience` ended."""

    raw: bytes
    closed: bool

    @property
    def status(self) -> int:
        """Status of the first response, 0 without one."""
        return int(self.raw[9:12]) if self.raw.startswith(b"HTTP/1.1 ") else 0

    @property
    def head(self) -> list[bytes]:
        """Header lines of the first response."""
        return self.raw.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]

    @property
    def body(self) -> bytes:
        """Bytes after the first head."""
        return self.raw.partition(b"\r\n\r\n")[2]

    def values(self, name: str) -> list[bytes]:
        """Return the values of a header."""
        mark = name.lower().encode() + b":"
        return [line[len(mark) :].strip() for line in self.head if line.lower().startswith(mark)]


def connected(platform: Platform) -> socket.socket:
    """Open a connection to the gateway."""
    port = urlsplit(platform.url).port
    assert port
    connection = socket.create_connection(("127.0.0.1", port), PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def exchange(platform: Platform, request: bytes) -> Answer:
    """Send bytes, and read until the gateway closes or stays silent."""
    with connected(platform) as connection:
        connection.sendall(request)
        return read(connection)


def ask(
    platform: Platform, target: str, *lines: str, method: str = "GET", body: bytes = b""
) -> Answer:
    """Return a valid request plus `lines` that closes its connection."""
    fields = "".join(f"{line}\r\n" for line in (*lines, "Connection: close"))
    if body and not any(line.lower().startswith("transfer-encoding") for line in lines):
        fields += f"Content-Length: {len(body)}\r\n"
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}".encode("latin-1")
    return exchange(platform, head + AUTHORIZED + b"\r\n" + body)


def read(connection: socket.socket, patience: float = PATIENCE) -> Answer:
    """Read until the end, or until nothing arrives for `patience` seconds."""
    connection.settimeout(patience)
    pieces = []
    try:
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
    except TimeoutError:
        return Answer(b"".join(pieces), closed=False)
    except ConnectionResetError:
        return Answer(b"".join(pieces), closed=True)
    return Answer(b"".join(pieces), closed=True)


def seen(platform: Platform, function: str = "wire") -> dict[str, int]:
    """Return the counters of the function."""
    return dict(json.loads(ask(platform, f"/function/{function}/seen").body))


def until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def gateway(platform: Platform) -> int:
    """Return the gateway's process id."""
    lock = Path(platform.environment["PLAT_HOME"]) / "plat.lock"
    return int(json.loads(lock.read_text(encoding="utf-8"))["pid"])


class Memory:
    """The maximum resident memory of a process since `start`."""

    def __init__(self, pid: int) -> None:
        self._proc = Path(f"/proc/{pid}")
        # 5 resets the peak (proc(5), clear_refs)
        (self._proc / "clear_refs").write_text("5")
        self._start = self._peak()

    @property
    def growth(self) -> int:
        """Growth in bytes since the start."""
        return self._peak() - self._start

    def _peak(self) -> int:
        lines = (self._proc / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
