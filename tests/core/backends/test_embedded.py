"""What the embedded backend does beyond the port: the fence, the end, the restart, the limits."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from plat_core.backends.embedded import EmbeddedLogs, EmbeddedWorkloads, Timing, cgroups
from plat_core.backends.memory import MemorySecretStore
from plat_core.errors import Unavailable
from plat_core.model.names import FunctionRef
from plat_core.ports import LogQuery, Replica, Revision, SecretStore, Workload

from ...contract.worlds import QUICK, alive, kill, until, until_dead
from .embedded_home import Home

CGROUPS = bool(cgroups.detect("test-detect").parents)


class Platform:
    """One life of the backend over a home."""

    def __init__(self, home: Home, workloads: EmbeddedWorkloads, logs: EmbeddedLogs) -> None:
        self.home = home
        self.workloads = workloads
        self.logs = logs

    async def scale(self, revision: Revision, count: int) -> None:
        workload = Workload(revision.ref, {revision.number: count}, {revision.number: revision})
        await self.workloads.apply(workload)

    async def run(self, revision: Revision) -> Replica:
        """The one replica of a revision, ready."""
        await self.scale(revision, 1)
        return await self.state("ready")

    async def state(self, state: str, *, restarts: int = 0) -> Replica:
        def holds(seen: Any) -> bool:
            return bool(seen) and seen[0].state == state and seen[0].restarts >= restarts

        return (await until(self.workloads, holds, self.home.ref))[0]

    async def gone(self) -> None:
        await until(self.workloads, lambda seen: not seen, self.home.ref)

    async def lines(self, **query: Any) -> list[tuple[str, str]]:
        records = self.logs.read(self.home.ref, LogQuery(**{"tail": 100_000, **query}))
        return [(r.stream, r.text) async for r in records]


@asynccontextmanager
async def platform(
    home: Home, *, timing: Timing = QUICK, secrets: SecretStore | None = None, **options: Any
) -> AsyncIterator[Platform]:
    logs = EmbeddedLogs(home.path / "logs")
    workloads = await EmbeddedWorkloads.open(
        home.path, secrets=secrets or MemorySecretStore(), logs=logs, timing=timing, **options
    )
    try:
        yield Platform(home, workloads, logs)
    finally:
        await workloads.close()
        await logs.close()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


async def test_a_replica_has_the_contracts_environment_and_no_other(
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
        *("PATH", "LANG", "HOME", "TMPDIR", "PYTHONUNBUFFERED", "PORT", "K_SERVICE", "K_REVISION"),
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


async def test_a_replica_is_fenced_in(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision())
        info = await home.info(replica)
    assert info["sid"] == info["pid"] != os.getsid(0)
    assert info["umask"] == 0o077
    assert info["stdin"] == "/dev/null"
    assert info["no_new_privs"] == 1
    assert info["cwd"] == str(home.path / "code")
    assert len(info["argv"]) == 1
    # the three streams, the listening socket, this call's connection, the listing itself
    assert len(info["fds"]) == 6
    limits = {line[:25].strip(): line[25:].split()[:2] for line in info["limits"].splitlines()}
    assert limits["Max core file size"] == ["0", "0"]
    assert limits["Max open files"] == ["4096", "4096"]


async def test_home_and_tmp_are_private_and_removed_afterwards(home: Home) -> None:
    async with platform(home) as world:
        env = (await home.info(await world.run(home.revision())))["env"]
        paths = [Path(env[name]) for name in ("HOME", "TMPDIR", "PLAT_SECRETS_DIR")]
        assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o700] * 3
        (paths[1] / "file").write_text("left behind")
        await world.scale(home.revision(), 0)
        await world.gone()
        assert [path.exists() for path in paths] == [False] * 3
        assert not Path(env["PLAT_SOCKET"]).parent.exists()


async def test_sockets_are_short_however_deep_the_home_is(tmp_path: Path) -> None:
    home = Home(tmp_path / ("d" * 100) / ("e" * 100), name="n" * 63)
    async with platform(home) as world:
        replica = await world.run(home.revision(123456))
        assert replica.endpoint is not None
        path = replica.endpoint.address.removeprefix("unix:")
        assert len(path) <= 107
        assert stat.S_IMODE(Path(path).parents[1].stat().st_mode) == 0o700


async def test_socket_directory_is_taken_from_the_first_base_that_fits(
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


async def test_a_socket_directory_of_somebody_else_is_refused(home: Home, tmp_path: Path) -> None:
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
    assert "somebody else" in caught.value.message
    made.unlink()
    short.rmdir()


async def test_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
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
async def test_a_missing_secret_is_told_and_put_right_later(
    home: Home, spec: dict[str, Any]
) -> None:
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


async def test_a_secrets_key_that_is_no_file_name_is_refused(home: Home) -> None:
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
async def test_a_missing_artifact_is_told(home: Home, image: str) -> None:
    async with platform(home) as world:
        await world.scale(home.revision(image=image), 1)
        replica = await world.state("waiting")
    assert replica.failure is not None
    assert replica.failure.reason == "ImageNotFound"
    assert image in replica.failure.message


async def test_a_broken_artifact_is_told(home: Home) -> None:
    (home.path / "code").rmdir()
    async with platform(home) as world:
        await world.scale(home.revision(), 1)
        replica = await world.state("waiting")
    assert replica.failure is not None
    assert "not whole" in replica.failure.message


async def test_the_runtimes_own_reason_is_told(home: Home) -> None:
    async with platform(home) as world:
        await world.scale(home.revision(mode="fatal"), 1)
        replica = await world.state("waiting")
    assert replica.failure is not None
    assert (replica.failure.reason, replica.failure.message, replica.failure.log) == (
        *("HandlerImportError", "no orders_db", "T"),
    )


async def test_repeated_crashes_are_a_crash_loop_with_a_growing_delay(home: Home) -> None:
    async with platform(home) as world:
        await world.scale(home.revision(mode="crash"), 1)
        first = await world.state("waiting")
        assert first.failure is not None
        assert (first.failure.reason, first.failure.log) == ("Exited", "last words")
        assert "code 3" in first.failure.message
        fourth = await world.state("waiting", restarts=4)
        assert fourth.failure is not None
        assert fourth.failure.reason == "CrashLoopBackOff"
        said = [text for stream, text in await world.lines() if stream == "platform"]
    delays = [text.rpartition(" in ")[2] for text in said if "starts again" in text]
    assert delays[:4] == ["0.05 s", "0.1 s", "0.2 s", "0.2 s"]


async def test_a_signal_is_named_and_the_replica_recovers(home: Home) -> None:
    async with platform(home, timing=Timing(backoff=0.05)) as world:
        flag = str(home.path / "flag")
        await world.scale(home.revision(mode="crash-once", env={"FLAG": flag}), 1)
        replica = await world.state("ready", restarts=1)
        assert replica.failure is None
        assert any("SIGSEGV" in text for _, text in await world.lines())


async def test_sigterm_lets_a_call_finish(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision())
        call = asyncio.create_task(home.call(replica, "/sleep/1"))
        await _until_busy(home, replica)
        await world.scale(home.revision(), 0)
        (stopping,) = await world.workloads.observe(home.ref)
        assert (stopping.state, stopping.endpoint) == ("stopping", None)
        assert await call == b"slept"
        await world.gone()


async def _until_busy(home: Home, replica: Replica) -> None:
    async with asyncio.timeout(60):
        while await home.call(replica, "/busy") != b"busy":
            pass


async def test_a_replica_that_ignores_sigterm_is_killed(home: Home) -> None:
    async with platform(home, timing=Timing(grace=0.3)) as world:
        revision = home.revision(mode="stubborn", timeout="100ms")
        pid = (await home.info(await world.run(revision)))["pid"]
        await world.scale(revision, 0)
        await world.gone()
        assert not alive(pid)
        assert ("platform", "killed: it did not end within 0.4 s") in await world.lines()


@pytest.mark.parametrize("grouped", [True, False])
async def test_what_a_replica_started_ends_with_it(
    home: Home, monkeypatch: pytest.MonkeyPatch, grouped: bool
) -> None:
    if grouped and not CGROUPS:
        pytest.skip("no control groups are permitted here")
    if not grouped:
        monkeypatch.setattr(cgroups, "detect", lambda _: cgroups.Cgroups({}))
    async with platform(home) as world:
        replica = await world.run(home.revision())
        daemon = int(await home.call(replica, "/daemon"))
        assert alive(daemon)
        assert os.getsid(daemon) == daemon
        await world.scale(home.revision(), 0)
        await world.gone()
        await until_dead(daemon)


async def test_a_killed_replica_is_noticed_and_replaced(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision())
        kill((await home.info(replica))["pid"])
        again = await world.state("ready", restarts=1)
        assert again.id == replica.id
        assert (await home.info(again))["env"]["PLAT_REPLICA"] == replica.id


async def test_lost_readiness_withdraws_the_endpoint_until_it_is_back(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision())
        await home.call(replica, "/set/ready/503")
        unready = await world.state("unready")
        assert unready.endpoint is None
        await home.call(replica, "/set/ready/200")
        again = await world.state("ready")
        assert (again.endpoint, again.restarts) == (replica.endpoint, 0)


@pytest.mark.parametrize("health", [500, 0])
async def test_a_failing_health_probe_restarts_the_replica(home: Home, health: int) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision(timeout="100ms"))
        pid = (await home.info(replica))["pid"]
        await home.call(replica, f"/set/health/{health}")
        await world.state("ready", restarts=1)
        assert not alive(pid)
        assert any("Unhealthy" in text for _, text in await world.lines())


@pytest.mark.skipif(not CGROUPS, reason="NO CONTROL GROUPS HERE: memory limits are not proven")
async def test_too_much_memory_is_told_as_such(home: Home) -> None:
    limits = {"limits": {"memory": "64Mi", "cpu": "500m"}}
    async with platform(home) as world:
        replica = await world.run(home.revision(resources=limits))
        assert "/plat/" in (await home.info(replica))["cgroup"]
        eater = asyncio.create_task(home.call(replica, f"/eat/{200 * 1024**2}", answered=False))
        waiting = await world.state("waiting", restarts=1)
        assert waiting.failure is not None
        assert waiting.failure.reason == "OOMKilled"
        assert "64Mi" in waiting.failure.message
        await asyncio.wait([eater])


async def test_without_control_groups_memory_is_limited_by_the_process(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "detect", lambda _: cgroups.Cgroups({}))
    revision = home.revision(resources={"limits": {"memory": "64Mi"}}, concurrency=1)
    async with platform(home) as world:
        replica = await world.run(revision)
        assert await home.call(replica, f"/eat/{400 * 1024**2}", answered=False) == b""
        await _until_logged(world, "MemoryError")
        assert _data_limit(await home.info(replica)) == 64 * 1024**2 + 5 * 8 * 1024**2


def _data_limit(info: dict[str, Any]) -> int:
    (line,) = [text for text in info["limits"].splitlines() if text.startswith("Max data size")]
    return int(line.split()[3])


@pytest.mark.skipif(not CGROUPS, reason="NO CONTROL GROUPS HERE")
async def test_control_groups_are_removed_with_the_platform(home: Home) -> None:
    async with platform(home) as world:
        info = await home.info(await world.run(home.revision()))
        mine = [line.split(":")[2] for line in info["cgroup"].splitlines() if "/plat/" in line]
    assert mine
    instance = Path(mine[0]).parent.name
    assert not _groups_of(instance)


def _groups_of(instance: str) -> list[Path]:
    tree = Path("/sys/fs/cgroup")
    return [*tree.glob(f"plat/{instance}"), *tree.glob(f"*/plat/{instance}")]


async def test_one_hundred_megabytes_of_output_hurt_nobody(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision(mode="chatty", env={"BLOCKS": "1100"}))
        assert (await home.info(replica))["pid"]
        size = sum(path.stat().st_size for path in (home.path / "logs").rglob("*.jsonl*"))
        assert size <= 10 * 1024**2
        dropped = [text for _, text in await world.lines() if "dropped" in text]
        await home.call(replica, "/print/still%20heard")
        await _until_logged(world, "still heard")
        dropped = [text for _, text in await world.lines() if "lines dropped" in text]
        assert dropped


async def _until_logged(world: Platform, text: str) -> None:
    async with asyncio.timeout(60):
        async for record in world.logs.read(world.home.ref, LogQuery(tail=1000, follow=True)):
            if record.text == text:
                return


async def test_lines_carry_their_call_and_survive_a_restart(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision())
        await home.call(replica, "/print/[call%20c-1]%20hello")
        await _until_logged(world, "hello")
    async with platform(home) as world:
        (line,) = [r async for r in world.logs.read(home.ref, LogQuery(call_id="c-1"))]
        assert (line.text, line.stream, line.replica) == ("hello", "stdout", replica.id)
        assert line.revision == "orders-1"
        said = [text for stream, text in await world.lines() if stream == "platform"]
        assert said[0].startswith("ready after ")
        assert said[-1] == "exited with code 0"


OWNER = """
import asyncio, sys
from pathlib import Path
from tests.core.backends.embedded_home import Home
from tests.core.backends.test_embedded import platform

async def main():
    home = Home(Path(sys.argv[1]))
    async with platform(home) as world:
        replica = await world.run(home.revision())
        daemon = await home.call(replica, "/daemon")
        print((await home.info(replica))["pid"], int(daemon), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_nothing_outlives_a_killed_platform(home: Home) -> None:
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OWNER, str(home.path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert owner.stdout
    leader, daemon = map(int, (await owner.stdout.readline()).split())
    assert alive(leader)
    owner.kill()
    await owner.wait()
    await until_dead(leader)
    async with platform(home) as world:
        assert not alive(daemon)
        assert list(await world.workloads.observe(home.ref)) == []
        assert list((home.path / "replicas").iterdir()) == []
        await world.run(home.revision())


async def test_a_cancelled_close_kills_what_is_left(home: Home) -> None:
    logs = EmbeddedLogs(home.path / "logs")
    workloads = await EmbeddedWorkloads.open(home.path, secrets=MemorySecretStore(), logs=logs)
    world = Platform(home, workloads, logs)
    pid = (await home.info(await world.run(home.revision(mode="stubborn"))))["pid"]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(workloads.close(), 0.2)
    assert not alive(pid)
    assert list(await workloads.observe(home.ref)) == []
    await workloads.close()
    await logs.close()


async def test_a_function_without_replicas_leaves_no_task_behind(home: Home) -> None:
    async with platform(home) as world:
        before = asyncio.all_tasks()
        await world.run(home.revision())
        assert asyncio.all_tasks() - before
        await world.scale(home.revision(), 0)
        await world.gone()
        assert asyncio.all_tasks() == before


async def test_other_functions_and_namespaces_do_not_share_replicas(home: Home) -> None:
    async with platform(home) as world:
        await world.run(home.revision())
        assert list(await world.workloads.observe(FunctionRef("orders", "team"))) == []
