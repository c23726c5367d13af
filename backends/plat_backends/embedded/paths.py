"""Paths of the platform and its replicas: the home directory, and the directory of sockets.

The path of a Unix socket has at most 107 bytes (`sockaddr_un`, unix(7)). Sockets therefore have a
short directory apart from the home, which must belong to the platform's user.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plat_core.errors import Unavailable

SOCKET_BYTES = 107


@dataclass(frozen=True, slots=True)
class PlatformPaths:
    """The directories of one platform."""

    home: Path
    run: Path

    @property
    def instance(self) -> str:
        """Mark of all processes, control groups and files of this home, stable over restarts."""
        return instance_of(self.home)

    def artifact(self, digest: str) -> Path:
        """Return the path of the file that describes an artifact."""
        return self.home / "artifacts" / digest / "artifact.json"

    def replica(self, token: str) -> ReplicaPaths:
        """Return the paths of one replica."""
        return ReplicaPaths(self.home / "replicas" / token, self.run / token)

    def sweep(self) -> None:
        """Remove the files of replicas of an earlier process of the platform."""
        for parent in (self.home / "replicas", self.run):
            for entry in parent.iterdir():
                shutil.rmtree(entry, ignore_errors=True)

    def remove_run(self) -> None:
        """Remove the directory of sockets after the last replica."""
        shutil.rmtree(self.run, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class ReplicaPaths:
    """The paths of one replica.

    `scratch` is on disk and holds HOME and TMPDIR; `run` holds the socket and the secrets.
    """

    scratch: Path
    run: Path

    @property
    def socket(self) -> Path:
        """Socket on which the replica listens."""
        return self.run / "s"

    @property
    def secrets(self) -> Path:
        """Mounted secrets: a directory per secret, a file per key."""
        return self.run / "secrets"

    @property
    def tmp(self) -> Path:
        """Its TMPDIR."""
        return self.scratch / "tmp"

    @property
    def home(self) -> Path:
        """Its HOME."""
        return self.scratch / "home"

    @property
    def termination(self) -> Path:
        """File to which the runtime writes the reason of a failed start."""
        return self.scratch / "end.json"

    def create(self, owner: int | None) -> None:
        """Create empty directories that only `owner` can enter."""
        self.remove()
        for path in (self.scratch, self.run, self.tmp, self.home, self.secrets):
            path.mkdir(mode=0o700, parents=True)
            _chown(path, owner)

    def write_secret(self, name: str, key: str, value: str, owner: int | None) -> None:
        """Write one key of a mounted secret, readable by `owner` only."""
        folder = self.secrets / name
        if not folder.exists():
            folder.mkdir(mode=0o700)
            _chown(folder, owner)
        path = folder / key
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o400)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(value)
        _chown(path, owner)

    def remove(self) -> None:
        """Remove the directories; a second call is a no-op."""
        for path in (self.scratch, self.run):
            shutil.rmtree(path, ignore_errors=True)


def instance_of(home: Path) -> str:
    """Return a short mark of the platform in `home` that is stable over restarts."""
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]


def prepare_paths(home: Path, run_bases: Sequence[Path], *, shared: bool) -> PlatformPaths:
    """Create `home`, and a socket directory in the first base that is short enough.

    `shared`: replicas run as other users and must be able to traverse both. Raises Unavailable.
    """
    name = f"plat-{os.geteuid()}-{instance_of(home)}"
    longest = len("/12345678/s")
    fitting = [b / name for b in run_bases if len(os.fsencode(b / name)) + longest <= SOCKET_BYTES]
    if not fitting:
        raise Unavailable(
            f"no directory for sockets is short enough: {', '.join(map(str, run_bases))}",
            fix="set XDG_RUNTIME_DIR to a shorter path",
        )
    try:
        for path in (home, home / "replicas"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shared:
            for path in (home, home / "replicas"):
                path.chmod(0o711)
        _create_owned(fitting[0], 0o711 if shared else 0o700)
    except OSError as error:
        raise Unavailable(
            f"{error.filename} cannot be used: {error.strerror}",
            fix="make it a directory that this user may write, or set PLAT_HOME to another one",
        ) from error
    return PlatformPaths(home.resolve(), fitting[0])


def _create_owned(path: Path, mode: int) -> None:
    """Create `path`, or check its owner: any user can create directories in /tmp."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Unavailable(
            f"{path} belongs to another user",
            fix="set XDG_RUNTIME_DIR to a directory that belongs to you",
        )
    path.chmod(mode)


def _chown(path: Path, owner: int | None) -> None:
    if owner is not None:
        os.chown(path, owner, owner)
