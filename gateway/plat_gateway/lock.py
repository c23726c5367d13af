"""One platform per state directory, held by a lock that the kernel gives back when we die.

The file tells who holds it (`{"pid", "url", "started"}`); a file without a holder is no obstacle.
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
        """Take the lock. Raises Conflict where another platform has it, Unavailable where the
        directory cannot be made or written.
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
            told = json.loads(os.read(self._file, 4096))
            return f"process {told['pid']}, at {told['url']}"
        except (ValueError, KeyError, TypeError):
            return "it is starting"

    def tell(self, url: str) -> None:
        """Write who holds it and where it answers."""
        holder = {"pid": os.getpid(), "url": url, "started": time.time()}
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(holder).encode() + b"\n", 0)

    def release(self) -> None:
        """Remove the file and give the lock back."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)
