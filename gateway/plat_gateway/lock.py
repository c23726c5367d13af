"""One platform per state directory, enforced by a file lock that the kernel releases at exit.

The file describes the holder (`{"pid", "url", "started"}`). A file without a lock is ignored.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path

from plat_core.errors import Conflict, Unavailable
from plat_core.fix import Fix

LOCK = "plat.lock"


class HomeLock:
    """The lock on a state directory, held until the process ends or `release` is called."""

    def __init__(self, home: Path) -> None:
        """Acquire the lock.

        Raises Conflict if another platform holds it, and Unavailable if the directory cannot be
        created or written.
        """
        self._path = home / LOCK
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(
                f"the state directory {home} cannot be used: {error.strerror}",
                fix=Fix("choose-home"),
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Conflict(
                f"another platform uses {home}: {self._holder()}",
                fix=Fix("choose-home-or-stop"),
            ) from error

    def _holder(self) -> str:
        try:
            holder = json.loads(os.read(self._file, 4096))
            return f"process {holder['pid']}, at {holder['url']}"
        except (ValueError, KeyError, TypeError):
            return "it is starting"

    def describe(self, url: str) -> None:
        """Write the process id and the URL of this platform to the file."""
        holder = {"pid": os.getpid(), "url": url, "started": time.time()}
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(holder).encode() + b"\n", 0)

    def release(self) -> None:
        """Remove the file and release the lock."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)
