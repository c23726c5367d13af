"""Staging folders: each belongs to one running build and is removed after it.

Each has a lock file, which its process holds. The kernel releases the lock even after SIGKILL, so
an unlocked folder is a leftover of a dead build.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

READ_ONLY_FOLDER = 0o555
"""Readable for replicas with another uid; writable for no user."""

_SUFFIX = ".lock"


class Staging:
    """Staging folders on the same file system as their final paths, which renames need."""

    def __init__(
        self, folder: Path, *, before: Callable[[str], object] = lambda name: None
    ) -> None:
        """`before` is called with a dead slot's name before it is removed."""
        self.folder = folder
        self._before = before

    @contextmanager
    def slot(self) -> Iterator[Path]:
        """A new, empty folder for the length of the block."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock, path = self._reserve()
        try:
            path.mkdir(mode=0o700)
            yield path
        finally:
            remove_tree(path)
            path.with_name(path.name + _SUFFIX).unlink(missing_ok=True)
            os.close(lock)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Path]:
        """A slot whose removal does not hold up the event loop."""
        slot = self.slot()
        path = slot.__enter__()
        try:
            yield path
        finally:
            await asyncio.to_thread(slot.__exit__, None, None, None)

    def sweep(self) -> int:
        """Remove what dead builds left; returns how many there were."""
        if not self.folder.is_dir():
            return 0
        names = {file.name.removesuffix(_SUFFIX) for file in self.folder.iterdir()}
        return sum(self._sweep(self.folder / name) for name in names)

    def _reserve(self) -> tuple[int, Path]:
        while True:
            path = self.folder / uuid.uuid4().hex[:16]
            file = path.with_name(path.name + _SUFFIX)
            lock = _lock(file)
            # a sweeper may have taken the file between its creation and the lock
            if lock is not None and file.exists():
                return lock, path
            if lock is not None:
                os.close(lock)

    def _sweep(self, path: Path) -> bool:
        file = path.with_name(path.name + _SUFFIX)
        lock = _lock(file)
        if lock is None:
            return False
        self._before(path.name)
        remove_tree(path)
        file.unlink(missing_ok=True)
        os.close(lock)
        return True


def _lock(file: Path) -> int | None:
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def remove_tree(path: Path) -> None:
    """Remove a folder with all in it, read-only folders too; what resists is swept next time."""
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o700)
    shutil.rmtree(path, ignore_errors=True)


def publish(path: Path, into: Path) -> bool:
    """Move the finished folder `path` to `into`, read-only; False where somebody was first."""
    seal_tree(path)
    path.chmod(0o755)  # a folder that moves must be writable: its `..` changes
    into.parent.mkdir(parents=True, exist_ok=True)
    into.parent.chmod(0o755)  # whatever the umask says: replicas may have another uid
    try:
        path.rename(into)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    into.chmod(READ_ONLY_FOLDER)
    return True


def seal_tree(path: Path) -> None:
    """Make a folder with all in it readable for everybody and writable for nobody."""
    for folder, _, names in os.walk(path):
        for name in names:
            file = Path(folder, name)
            if not file.is_symlink():
                executable = file.stat().st_mode & 0o100
                file.chmod(0o555 if executable else 0o444)
        Path(folder).chmod(READ_ONLY_FOLDER)
