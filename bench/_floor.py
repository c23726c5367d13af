"""Baseline of a start: a function in its runtime, without plat."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path


def bare_start(home: Path, source: Path) -> float:
    """Return the seconds from exec to the first response of an artifact on a Unix socket."""
    artifact = _artifact(home, source)
    path = home / "floor"
    path.unlink(missing_ok=True)
    environment = os.environ | {
        "PLAT_SOCKET": str(path),
        "PLAT_CODE": artifact["code"],
        "PLAT_SITE": os.pathsep.join(artifact["site"]),
    }
    command = [artifact["python"], "-I", "-S", artifact["launcher"]]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        while not _answers(path):
            if time.perf_counter() - began > 60:
                raise TimeoutError("the bare function does not respond")
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait()


def _artifact(home: Path, source: Path) -> dict[str, object]:
    wanted = (source / "app.py").read_bytes()
    for file in (home / "artifacts").glob("*/artifact.json"):
        found = json.loads(file.read_text())
        if (Path(found["code"]) / "app.py").read_bytes() == wanted:
            return found
    raise FileNotFoundError(f"no artifact was built of {source}")


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
            probe.sendall(b"GET / HTTP/1.1\r\nHost: f\r\nConnection: close\r\n\r\n")
            return probe.recv(16).startswith(b"HTTP/1.1 200")
        except OSError:
            time.sleep(0.001)
            return False
