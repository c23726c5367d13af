"""Context of a replica: environment, directories, sockets, secrets and artifact."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from plat_backends.embedded import EmbeddedLogs, EmbeddedWorkloads
from plat_backends.memory import MemorySecretStore
from plat_core.errors import Unavailable

from .embedded_home import Home
from .embedded_platform import platform


async def test_a_replica_has_exactly_the_contract_variables(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_TOKEN", "hush")
    network = {"HTTPS_PROXY": "http://proxy:3128", "SECRET_SETTING": "hush"}
    async with platform(home, network=network) as world:
        replica = await world.run(home.revision(7, env={"COLOUR": "blü"}, handler="app:main"))
        env = (await home.info(replica))["env"]
    assert "hush" not in str(env)
    assert env.pop("LC_CTYPE", "") in ("", "C.UTF-8")
    assert set(env) == {
        *("PATH", "LANG", "HOME", "TMPDIR", "PYTHONUNBUFFERED"),
        *("PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"),
        *("PLAT_INSTANCE", "PLAT_FUNCTION", "PLAT_REVISION", "PLAT_REPLICA", "PLAT_SOCKET"),
        *("PLAT_CODE", "PLAT_SITE", "PLAT_HANDLER", "PLAT_TIMEOUT", "PLAT_CONCURRENCY"),
        *("PLAT_LOG_TAGS", "PLAT_TERMINATION_LOG", "PLAT_SECRETS_DIR"),
        *("MODE", "COLOUR", "HTTPS_PROXY"),
    }
    assert env["PORT"] == "8080"
    assert (env["K_SERVICE"], env["K_REVISION"]) == ("orders", "orders-7")
    assert env["PLAT_REPLICA"] == replica.id
    assert (env["PLAT_HANDLER"], env["PLAT_TIMEOUT"], env["PLAT_CONCURRENCY"]) == (
        *("app:main", "5", "20"),
    )
    assert env["COLOUR"] == "blü"


async def test_a_replica_is_isolated(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision())
        info = await home.info(replica)
    assert info["sid"] == info["pid"] != os.getsid(0)
    assert info["umask"] == 0o077
    assert info["stdin"] == "/dev/null"
    assert info["no_new_privs"] == 1
    assert info["cwd"] == str(home.path / "code")
    assert len(info["argv"]) == 1
    # three streams, the listening socket, the connection of this call, the directory listing
    assert len(info["fds"]) == 6
    limits = {line[:25].strip(): line[25:].split()[:2] for line in info["limits"].splitlines()}
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max open files"] == ["4096", "4096"]


async def test_home_and_tmp_are_private_and_removed(home: Home) -> None:
    async with platform(home) as world:
        env = (await home.info(await world.run(home.revision())))["env"]
        paths = [Path(env[name]) for name in ("HOME", "TMPDIR", "PLAT_SECRETS_DIR")]
        assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o700] * 3
        (paths[1] / "file").write_text("left behind")
        await world.scale(home.revision(), 0)
        await world.wait_removed()
        assert [path.exists() for path in paths] == [False] * 3
        assert not Path(env["PLAT_SOCKET"]).parent.exists()


async def test_socket_paths_are_short_for_a_deep_home(tmp_path: Path) -> None:
    home = Home(tmp_path / ("d" * 100) / ("e" * 100), name="n" * 63)
    async with platform(home) as world:
        replica = await world.run(home.revision(123456))
        assert replica.endpoint is not None
        path = replica.endpoint.address.removeprefix("unix:")
        assert len(path) <= 107
        assert stat.S_IMODE(Path(path).parents[1].stat().st_mode) == 0o700


async def test_uses_the_first_socket_directory_that_is_short_enough(
    home: Home, tmp_path: Path
) -> None:
    long = tmp_path / ("x" * 100)
    short = Path("/tmp") / f"plat-test-{os.getpid()}"
    short.mkdir()
    async with platform(home, run_bases=(long, short)) as world:
        replica = await world.run(home.revision())
        assert replica.endpoint is not None
        assert replica.endpoint.address.startswith(f"unix:{short}/")
    assert list(short.iterdir()) == []
    short.rmdir()
    with pytest.raises(Unavailable):
        await EmbeddedWorkloads.open(
            home.path,
            secrets=MemorySecretStore(),
            logs=EmbeddedLogs(tmp_path),
            run_bases=(long,),
        )


async def test_rejects_a_socket_directory_of_another_user(home: Home, tmp_path: Path) -> None:
    base = tmp_path / "b"
    base.mkdir()
    logs, secrets = EmbeddedLogs(tmp_path), MemorySecretStore()
    short = Path("/tmp") / f"plat-link-{os.getpid()}"
    workloads = await EmbeddedWorkloads.open(
        home.path, secrets=secrets, logs=logs, run_bases=(short,)
    )
    (made,) = short.iterdir()
    await workloads.close()
    made.symlink_to(base)
    with pytest.raises(Unavailable) as caught:
        await EmbeddedWorkloads.open(home.path, secrets=secrets, logs=logs, run_bases=(short,))
    assert "belongs to another user" in caught.value.message
    made.unlink()
    short.rmdir()


async def test_reports_a_home_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as caught:
        await EmbeddedWorkloads.open(
            tmp_path / "file" / "home", secrets=MemorySecretStore(), logs=EmbeddedLogs(tmp_path)
        )
    assert "PLAT_HOME" in caught.value.fix


async def test_secrets_are_variables_and_files(home: Home) -> None:
    secrets = MemorySecretStore()
    await secrets.put("default", "db", {"url": "postgres://ü", "key.pem": "a\r\nb"})
    async with platform(home, secrets=secrets) as world:
        revision = home.revision(refs={"URL": ("db", "url")}, secrets=["db"])
        info = await home.info(await world.run(revision))
    assert info["env"]["URL"] == "postgres://ü"
    assert info["secrets"] == {"db/url": ["postgres://ü", 0o400], "db/key.pem": ["a\r\nb", 0o400]}


@pytest.mark.parametrize(
    "spec", [{"secrets": ["db"]}, {"refs": {"URL": ("db", "url")}}, {"refs": {"URL": ("web", "x")}}]
)
async def test_reports_a_missing_secret_until_it_is_set(home: Home, spec: dict[str, Any]) -> None:
    secrets = MemorySecretStore()
    await secrets.put("default", "web", {"url": "x"})
    async with platform(home, secrets=secrets) as world:
        await world.scale(home.revision(**spec), 1)
        replica = await world.state("waiting")
        assert replica.failure is not None
        assert replica.failure.reason == "SecretNotFound"
        assert replica.restarts == 0
        for name in ("db", "web"):
            await secrets.put("default", name, {"url": "x", "x": "y"})
        await world.state("ready")


async def test_rejects_a_secret_key_that_is_no_file_name(home: Home) -> None:
    secrets = MemorySecretStore()
    await secrets.put("default", "db", {"../../etc/x": "y"})
    async with platform(home, secrets=secrets) as world:
        await world.scale(home.revision(secrets=["db"]), 1)
        replica = await world.state("waiting")
    assert replica.failure is not None
    assert replica.failure.reason == "SecretInvalid"


@pytest.mark.parametrize(
    "image", ["nginx:latest", "embedded/orders@sha256:" + "d" * 64, "embedded/orders"]
)
async def test_reports_a_missing_artifact(home: Home, image: str) -> None:
    async with platform(home) as world:
        await world.scale(home.revision(image=image), 1)
        replica = await world.state("waiting")
    assert replica.failure is not None
    assert replica.failure.reason == "ImageNotFound"
    assert image in replica.failure.message


async def test_reports_an_incomplete_artifact(home: Home) -> None:
    (home.path / "code").rmdir()
    async with platform(home) as world:
        await world.scale(home.revision(), 1)
        replica = await world.state("waiting")
    assert replica.failure is not None
    assert "is incomplete" in replica.failure.message
