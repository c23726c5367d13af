"""Stops, restarts, limits and output of embedded replicas."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from plat_backends.embedded import EmbeddedLogs, EmbeddedWorkloads, cgroups
from plat_backends.memory import MemorySecretStore
from plat_backends.replica.timing import ReplicaTiming
from plat_core.model.names import FunctionRef
from plat_core.ports import LogQuery, Replica

from ..contract.worlds import alive, kill, until, until_dead
from .embedded_home import Home
from .embedded_platform import CGROUPS, Platform, platform


async def test_reports_the_failure_that_the_runtime_writes(home: Home) -> None:
    async with platform(home) as world:
        await world.scale(home.revision(mode="fatal"), 1)
        replica = await world.state("waiting")
    assert replica.failure is not None
    assert (replica.failure.reason, replica.failure.message, replica.failure.log) == (
        *("HandlerImportError", "no orders_db", "T"),
    )


async def test_reports_a_crash_loop_with_growing_delays(home: Home) -> None:
    async with platform(home) as world:
        await world.scale(home.revision(mode="crash"), 1)
        first = await world.state("waiting")
        assert first.failure is not None
        assert (first.failure.reason, first.failure.log) == ("Exited", "last words")
        assert "code 3" in first.failure.message
        fourth = await world.state("waiting", restarts=4)
        assert fourth.failure is not None
        assert fourth.failure.reason == "CrashLoopBackOff"
        output = [text for stream, text in await world.lines() if stream == "platform"]
    delays = [text.rpartition(" in ")[2] for text in output if "starts again" in text]
    assert delays[:4] == ["0.05 s", "0.1 s", "0.2 s", "0.2 s"]


async def test_names_the_signal_and_restarts_the_replica(home: Home) -> None:
    async with platform(home, timing=ReplicaTiming(backoff=0.05)) as world:
        flag = str(home.path / "flag")
        await world.scale(home.revision(mode="crash-once", env={"FLAG": flag}), 1)
        replica = await world.state("ready", restarts=1)
        assert replica.failure is None
        assert any("SIGSEGV" in text for _, text in await world.lines())


async def test_finishes_a_call_before_a_stop(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision())
        call = asyncio.create_task(home.call(replica, "/sleep/1"))
        await _until_busy(home, replica)
        await world.scale(home.revision(), 0)
        (stopping,) = await world.workloads.observe(home.ref)
        assert (stopping.state, stopping.endpoint) == ("stopping", None)
        assert await call == b"slept"
        await world.wait_removed()


async def _until_busy(home: Home, replica: Replica) -> None:
    async with asyncio.timeout(60):
        while await home.call(replica, "/busy") != b"busy":
            pass


async def test_a_stopping_replica_accepts_calls_while_it_drains(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision())
        await world.scale(home.revision(), 0)
        assert await home.call(replica, "/sleep/0") == b"slept"
        await world.wait_removed()


async def test_replaces_a_replica_that_no_longer_listens(home: Home) -> None:
    """It received SIGTERM from outside, so it finishes its calls and no longer counts."""
    async with platform(home) as world:
        replica = await world.run(home.revision())
        assert replica.endpoint is not None
        os.unlink(replica.endpoint.address.removeprefix("unix:"))  # noqa: PTH108 (at once)
        assert (await world.state("stopping")).endpoint is None
        await world.scale(home.revision(), 1)
        await until(world.workloads, is_replaced(replica.id), home.ref)


def is_replaced(gone: str) -> Callable[[Sequence[Replica]], bool]:
    def check(seen: Sequence[Replica]) -> bool:
        return [(one.state, one.id == gone) for one in seen] == [("ready", False)]

    return check


async def test_kills_a_replica_that_ignores_sigterm(home: Home) -> None:
    async with platform(home, timing=ReplicaTiming(grace=0.3)) as world:
        revision = home.revision(mode="stubborn", timeout="100ms")
        pid = (await home.info(await world.run(revision)))["pid"]
        await world.scale(revision, 0)
        await world.wait_removed()
        assert not alive(pid)
        assert ("platform", "killed: it did not end within 0.4 s") in await world.lines()


@pytest.mark.parametrize("grouped", [True, False])
async def test_kills_the_child_processes_of_a_replica(
    home: Home, monkeypatch: pytest.MonkeyPatch, grouped: bool
) -> None:
    if grouped and not CGROUPS:
        pytest.skip("no control groups are permitted here")
    if not grouped:
        monkeypatch.setattr(cgroups, "detect_cgroups", lambda _: cgroups.Cgroups({}))
    async with platform(home) as world:
        replica = await world.run(home.revision())
        daemon = int(await home.call(replica, "/daemon"))
        assert alive(daemon)
        assert os.getsid(daemon) == daemon
        await world.scale(home.revision(), 0)
        await world.wait_removed()
        await until_dead(daemon)


async def test_restarts_a_killed_replica(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision())
        kill((await home.info(replica))["pid"])
        again = await world.state("ready", restarts=1)
        assert again.id == replica.id
        assert (await home.info(again))["env"]["PLAT_REPLICA"] == replica.id


async def test_withdraws_the_endpoint_of_an_unready_replica(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision())
        await home.call(replica, "/set/ready/503")
        unready = await world.state("unready")
        assert unready.endpoint is None
        await home.call(replica, "/set/ready/200")
        again = await world.state("ready")
        assert (again.endpoint, again.restarts) == (replica.endpoint, 0)


@pytest.mark.parametrize("health", [500, 0])
async def test_restarts_a_replica_whose_health_probe_fails(home: Home, health: int) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision(timeout="100ms"))
        pid = (await home.info(replica))["pid"]
        await home.call(replica, f"/set/health/{health}")
        await world.state("ready", restarts=1)
        assert not alive(pid)
        assert any("Unhealthy" in text for _, text in await world.lines())


@pytest.mark.skipif(not CGROUPS, reason="no control groups: memory limits are not tested")
@pytest.mark.parametrize("eater", ["eat", "feed-child"])
async def test_reports_an_exceeded_memory_limit(home: Home, eater: str) -> None:
    limits = {"limits": {"memory": "64Mi", "cpu": "500m"}}
    async with platform(home) as world:
        replica = await world.run(home.revision(resources=limits))
        assert "/plat/" in (await home.info(replica))["cgroup"]
        path = f"/{eater}/{200 * 1024**2}"
        call = asyncio.create_task(home.call(replica, path, answered=False))
        waiting = await world.state("waiting", restarts=1)
        assert waiting.failure is not None
        assert waiting.failure.reason == "OOMKilled"
        assert "64Mi" in waiting.failure.message
        await asyncio.wait([call])


async def test_limits_memory_by_rlimit_without_control_groups(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cgroups, "detect_cgroups", lambda _: cgroups.Cgroups({}))
    revision = home.revision(resources={"limits": {"memory": "64Mi"}}, concurrency=1)
    async with platform(home) as world:
        replica = await world.run(revision)
        assert await home.call(replica, f"/eat/{400 * 1024**2}", answered=False) == b""
        await world.until_logged("MemoryError")
        assert _data_limit(await home.info(replica)) == 64 * 1024**2 + 5 * 8 * 1024**2


def _data_limit(info: dict[str, Any]) -> int:
    (line,) = [text for text in info["limits"].splitlines() if text.startswith("Max data size")]
    return int(line.split()[3])


@pytest.mark.skipif(not CGROUPS, reason="no control groups")
async def test_removes_control_groups_with_the_platform(home: Home) -> None:
    async with platform(home) as world:
        info = await home.info(await world.run(home.revision()))
        mine = [line.split(":")[2] for line in info["cgroup"].splitlines() if "/plat/" in line]
    assert mine
    instance = Path(mine[0]).parent.name
    assert not _groups_of(instance)


def _groups_of(instance: str) -> list[Path]:
    tree = Path("/sys/fs/cgroup")
    return [*tree.glob(f"plat/{instance}"), *tree.glob(f"*/plat/{instance}")]


async def test_bounds_one_hundred_megabytes_of_output(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision(mode="chatty", env={"BLOCKS": "1100"}))
        assert (await home.info(replica))["pid"]
        size = sum(path.stat().st_size for path in (home.path / "logs").rglob("*.jsonl*"))
        assert size <= 10 * 1024**2
        dropped = [text for _, text in await world.lines() if "dropped" in text]
        await home.call(replica, "/print/still%20heard")
        await world.until_logged("still heard")
        dropped = [text for _, text in await world.lines() if "lines dropped" in text]
        assert dropped


async def test_stores_lines_with_their_call_across_a_restart(home: Home) -> None:
    async with platform(home) as world:
        replica = await world.run(home.revision())
        await home.call(replica, "/print/[call%20c-1]%20hello")
        await world.until_logged("hello")
    async with platform(home) as world:
        (line,) = [r async for r in world.logs.read(home.ref, LogQuery(call_id="c-1"))]
        assert (line.text, line.stream, line.replica) == ("hello", "stdout", replica.id)
        assert line.revision == "orders-1"
        output = [text for stream, text in await world.lines() if stream == "platform"]
        assert output[0].startswith("ready after ")
        assert output[-1] == "exited with code 0"


OWNER = """
import asyncio, sys
from pathlib import Path
from tests.backends.embedded_home import Home
from tests.backends.embedded_platform import platform

async def main():
    home = Home(Path(sys.argv[1]))
    async with platform(home) as world:
        replica = await world.run(home.revision())
        daemon = await home.call(replica, "/daemon")
        print((await home.info(replica))["pid"], int(daemon), flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_no_process_outlives_a_killed_platform(home: Home) -> None:
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OWNER, str(home.path)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
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


async def test_a_cancelled_close_kills_remaining_processes(home: Home) -> None:
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


async def test_a_function_without_replicas_has_no_task(home: Home) -> None:
    async with platform(home) as world:
        before = asyncio.all_tasks()
        await world.run(home.revision())
        assert asyncio.all_tasks() - before
        await world.scale(home.revision(), 0)
        await world.wait_removed()
        assert asyncio.all_tasks() == before


async def test_namespaces_do_not_share_replicas(home: Home) -> None:
    async with platform(home) as world:
        await world.run(home.revision())
        assert list(await world.workloads.observe(FunctionRef("orders", "team"))) == []
