"""System users of functions."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from plat_backends.embedded import process_starter
from plat_backends.embedded.function_users import FunctionUsers, find_barrier
from plat_backends.memory import MemorySecretStore
from plat_core.model.names import FunctionRef

from .embedded_home import LAUNCHER, Home
from .embedded_platform import platform

SYSTEM_PYTHON = Path("/usr/bin/python3")
IDS = range(70_000, 70_100)
ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="only root may change users")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A directory that every user can read, with all files of a replica."""
    path = Path(tempfile.mkdtemp(dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@needs_root
@pytest.mark.skipif(
    not SYSTEM_PYTHON.exists() or find_barrier(SYSTEM_PYTHON) is not None,
    reason="no Python here that every user may run",
)
async def test_runs_a_replica_as_the_user_of_its_function(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, path in (("LAUNCH", process_starter.LAUNCH), ("LAUNCHER", LAUNCHER)):
        shutil.copy(path, open_folder / name)
        (open_folder / name).chmod(0o644)
    monkeypatch.setattr(process_starter, "LAUNCH", open_folder / "LAUNCH")
    home = Home(open_folder / "home", python=SYSTEM_PYTHON, launcher=open_folder / "LAUNCHER")
    secrets = MemorySecretStore()
    await secrets.put("default", "db", {"url": "x"})
    async with platform(home, secrets=secrets, users=IDS) as world:
        env = {"LD_PRELOAD": "/tmp/evil.so"}
        info = await home.info(await world.run(home.revision(secrets=["db"], env=env)))
        assert info["uid"] in IDS
        assert info["gids"] == []
        assert info["secrets"] == {"db/url": ["x", 0o400]}
        assert "LD_PRELOAD" not in info["env"]
        assert _owner_and_mode(Path(info["env"]["TMPDIR"])) == (info["uid"], 0o700)
        await world.scale(home.revision(), 0)
        await world.wait_removed()


def _owner_and_mode(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_uid, stat.S_IMODE(found.st_mode)


@needs_root
async def test_warns_once_if_the_function_user_cannot_read_the_code(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = Home(tmp_path / "home")
    (home.path / "code").chmod(0o700)
    with caplog.at_level(logging.WARNING):
        async with platform(home, users=IDS) as world:
            info = await home.info(await world.run(home.revision()))
            await world.scale(home.revision(), 2)
    assert info["uid"] == os.geteuid()
    assert caplog.text.count("closed to others") == 1


def test_finds_the_barrier_on_a_path(open_folder: Path) -> None:
    inner = open_folder / "inner"
    inner.mkdir(mode=0o700)
    (inner / "file").write_text("")
    assert find_barrier(inner / "file") == inner
    inner.chmod(0o711)
    (inner / "file").chmod(0o600)
    assert find_barrier(inner / "file") == inner / "file"
    (inner / "file").chmod(0o604)
    assert find_barrier(inner / "file") is None
    assert find_barrier(inner / "nothing") == inner / "nothing"


@needs_root
def test_assigns_distinct_users_to_functions() -> None:
    users = FunctionUsers(range(70_000, 70_003))
    picked = [users.assign(FunctionRef(name), []) for name in ("a", "b", "c")]
    assert sorted(filter(None, picked)) == [70_000, 70_001, 70_002]
    assert users.assign(FunctionRef("a"), []) == picked[0]
    users.release(FunctionRef("b"))
    assert users.assign(FunctionRef("d"), []) == picked[1]


def test_assigns_no_user_without_ids() -> None:
    assert not FunctionUsers(None).active
    assert FunctionUsers(None).assign(FunctionRef("a"), []) is None
