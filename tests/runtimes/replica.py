"""A real replica process on a Unix socket, and the ways to talk to it."""

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

RUNTIME = Path(__file__).parents[2] / "runtimes" / "plat_runtime"
DEADLINE = 30.0


def until(probe: Callable[[], Any], what: str) -> Any:
    """Ask ``probe`` until it gives something; fail after a generous deadline."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError(f"waited {DEADLINE} s in vain for {what}")


class UnixConnection(http.client.HTTPConnection):
    """http.client over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("replica", timeout=DEADLINE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(str(self._path))


class Replica:
    """One process of plat_runtime and its files under ``folder``."""

    def __init__(self, folder: Path, site: Path, files: dict[str, Any], **env: str) -> None:
        self.code = folder / "code"
        self.code.mkdir(parents=True)
        for name, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            (self.code / name).write_bytes(data)
        self.socket = folder / "s"
        self.termination_log = folder / "termination-log"
        self._log = folder / "log"
        self._env = {
            "PLAT_SOCKET": str(self.socket),
            "PLAT_CODE": str(self.code),
            "PLAT_SITE": str(site),
            "PLAT_TERMINATION_LOG": str(self.termination_log),
            "PLAT_LOG_TAGS": "1",
            "K_SERVICE": "greeter",
            "K_REVISION": "greeter-7",
            **env,
        }
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(RUNTIME)],
                env=self._env,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def log(self) -> str:
        return self._log.read_text()

    def lines(self, containing: str) -> list[str]:
        return [line for line in self.log().splitlines() if containing in line]

    def ready(self) -> Self:
        def probe() -> bool:
            code = self.process.poll()
            assert code is None, f"the replica ended with {code}: {self.log()}"
            return self.status("/_/ready") == 200

        until(probe, f"the replica to be ready: {self.log()}")
        return self

    def status(self, path: str) -> int | None:
        """Return the status of a GET, None where nothing answers."""
        connection = self.connection()
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    @contextmanager
    def client(self, timeout: float = DEADLINE) -> Iterator[httpx.Client]:
        transport = httpx.HTTPTransport(uds=str(self.socket))
        with httpx.Client(
            transport=transport, base_url="http://replica", timeout=timeout
        ) as client:
            yield client

    def request(self, method: str, path: str = "/", **options: Any) -> httpx.Response:
        with self.client() as client:
            return client.request(method, path, **options)

    def get(self, path: str = "/", **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str = "/", **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def connection(self) -> UnixConnection:
        return UnixConnection(self.socket)

    def raw(self, data: bytes) -> socket.socket:
        raw = socket.socket(socket.AF_UNIX)
        raw.settimeout(DEADLINE)
        raw.connect(str(self.socket))
        raw.sendall(data)
        return raw

    def workers(self) -> list[int]:
        parent = self.process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        return [int(pid) for pid in children.split()]

    def wait(self) -> int:
        return self.process.wait(DEADLINE)

    def fault(self) -> dict[str, str]:
        """Wait for the failed start to end; return the termination log."""
        assert self.wait() == 1, self.log()
        data = self.termination_log.read_bytes()
        assert len(data) <= 4096
        return json.loads(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _k: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None
    ) -> None:
        if self.process.stdin:
            self.process.stdin.close()
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(DEADLINE)


def readable(raw: socket.socket) -> bool:
    return bool(select.select([raw], [], [], 0)[0])
