"""A real embedded platform, started and used as a person would: through the command `plat`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
PLAT = Path(sys.executable).with_name("plat")
DOCUMENTED_URL = "http://localhost:8080"
TOKEN = "dev-token"
SETTINGS = ("AUTH_TOKEN", "API_URL", "BUILDER_URL", "PLAT_HOME", "PLAT_HOST", "PLAT_PORT")


@dataclass(frozen=True)
class Platform:
    """Where a platform answers, and the environment of a shell that uses it."""

    url: str
    environment: dict[str, str]

    def plat(self, *arguments: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `plat` and return what it printed; with `check`, an exit code but 0 is an error."""
        result = subprocess.run(
            [PLAT, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        if check and result.returncode:
            raise AssertionError(f"plat {arguments}\n{result.stdout}\n{result.stderr}")
        return result

    def client(self, function: str, **options: object) -> httpx.Client:
        """A client below the function's URL that carries the platform's token."""
        return httpx.Client(
            base_url=f"{self.url}/function/{function}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=60,
            **options,  # type: ignore[arg-type]
        )

    def shell(self, script: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a script that documentation shows, with this platform in the documented one's place.

        What it prints is all in `stdout`, as on a terminal.
        """
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace(DOCUMENTED_URL, self.url)],
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, port: int) -> dict[str, str]:
    """The environment of a user who has configured nothing and keeps plat's state in `home`."""
    curl = home / "curl"
    curl.mkdir()
    (curl / ".curlrc").write_text("silent\nshow-error\n", encoding="utf-8")
    inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return inherited | {
        "PATH": f"{PLAT.parent}{os.pathsep}{os.environ['PATH']}",
        "PLAT_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "PLAT_PORT": str(port),
        "API_URL": f"http://localhost:{port}",
        "CURL_HOME": str(curl),
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }


@contextmanager
def running(home: Path, **settings: str) -> Iterator[Platform]:
    """A platform of its own with its state in `home`, stopped with all its functions at the end."""
    port = free_port()
    platform = Platform(f"http://localhost:{port}", environment(home, port) | settings)
    platform.plat("up", "--detach")
    try:
        yield platform
    finally:
        platform.plat("down")
