"""Where things lie: the home on disk, and the short-lived directory of sockets.

A Unix socket's path has at most 107 bytes (`sockaddr_un`, unix(7)), so sockets stand in a short
directory of their own, which nobody but us may have made.
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
class Places:
    """The directories of one platform."""

    home: Path
    run: Path

    @property
    def instance(self) -> str:
        """What all processes, groups and files of this home are marked with, in every life."""
        return instance_of(self.home)

    def artifact(self, digest: str) -> Path:
        """The file that says how a replica of the artifact is started."""
        return self.home / "artifacts" / digest / "artifact.json"

    def replica(self, token: str) -> ReplicaPlaces:
        """The directories of one replica."""
        return ReplicaPlaces(self.home / "replicas" / token, self.run / token)

    def sweep(self) -> None:
        """Remove what replicas of an earlier life left."""
        for parent in (self.home / "replicas", self.run):
            for entry in parent.iterdir():
                shutil.rmtree(entry, ignore_errors=True)

    def remove_run(self) -> None:
        """Remove the directory of sockets, once no replica is left."""
        shutil.rmtree(self.run, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class ReplicaPlaces:
    """`scratch` lives on disk and holds HOME and TMPDIR; `run` holds the socket and secrets."""

    scratch: Path
    run: Path

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.run / "s"

    @property
    def secrets(self) -> Path:
        """Mounted secrets: a directory for each, a file for each key."""
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
        """Where the runtime writes why it could not start."""
        return self.scratch / "end.json"

    def make(self, owner: int | None) -> None:
        """Make them anew, for `owner` alone."""
        self.remove()
        for path in (self.scratch, self.run, self.tmp, self.home, self.secrets):
            path.mkdir(mode=0o700, parents=True)
            _give(path, owner)

    def write_secret(self, name: str, key: str, value: str, owner: int | None) -> None:
        """Write one key of a mounted secret, readable for `owner` alone."""
        folder = self.secrets / name
        if not folder.exists():
            folder.mkdir(mode=0o700)
            _give(folder, owner)
        path = folder / key
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o400)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(value)
        _give(path, owner)

    def remove(self) -> None:
        """Remove them; a second call is a no-op."""
        for path in (self.scratch, self.run):
            shutil.rmtree(path, ignore_errors=True)


def instance_of(home: Path) -> str:
    """A short mark that is the same in every life of the platform in `home`."""
    return hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:12]


def open_places(home: Path, run_bases: Sequence[Path], *, shared: bool) -> Places:
    """Make `home`, and a socket directory in the first base that is short enough.

    `shared`: replicas run as other users and must be able to pass through. Raises Unavailable.
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
        _own(fitting[0], 0o711 if shared else 0o700)
    except OSError as error:
        raise Unavailable(
            f"{error.filename} cannot be used: {error.strerror}",
            fix="make it a directory that this user may write, or set PLAT_HOME to another one",
        ) from error
    return Places(home.resolve(), fitting[0])


def _own(path: Path, mode: int) -> None:
    """Make `path`, or make sure that it is ours: /tmp is everybody's."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Unavailable(
            f"{path} belongs to somebody else",
            fix="set XDG_RUNTIME_DIR to a directory of your own",
        )
    path.chmod(mode)


def _give(path: Path, owner: int | None) -> None:
    if owner is not None:
        os.chown(path, owner, owner)
