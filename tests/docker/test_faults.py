"""Changes to containers from outside are detected, reported and repaired."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncGenerator

import pytest
from plat_backends.docker import DockerLogs
from plat_backends.docker.spec import (
    FUNCTION,
    INSTANCE,
    MANAGED,
    NAMESPACE,
    REPLICA,
    owner_labels,
)
from plat_core.ports import LogQuery, LogRecord, Workload

from .conftest import PATIENCE, REF, Platform, call, eventually, reopen_backend

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("fault", ["kill", "stop", "remove"])
async def test_restarts_a_container_that_was_ended_from_outside(
    platform: Platform, fault: str
) -> None:
    [replica] = await platform.run()
    container = platform.container(replica)
    act = {"kill": container.kill, "stop": container.stop, "remove": _remove(container)}[fault]
    async with asyncio.timeout(PATIENCE):
        await asyncio.to_thread(act)
        waiting = await platform.until_state("waiting")
        assert waiting.endpoint is None
        assert waiting.failure is not None
        assert waiting.restarts == 1
        ready = await platform.until_state("ready")
    assert ready.id == replica.id
    assert (await call(ready, "/")).status_code == 200
    assert len(platform.containers()) == 1


def _remove(container):  # type: ignore[no-untyped-def]
    return lambda: container.remove(force=True)


async def test_resumes_a_container_that_was_paused_from_outside(platform: Platform) -> None:
    [replica] = await platform.run()
    platform.container(replica).pause()
    unready = await platform.until_state("unready")
    assert unready.failure is not None
    assert unready.failure.reason == "Paused"
    await platform.until_state("ready")


async def test_an_unready_replica_receives_no_calls(platform: Platform) -> None:
    [replica] = await platform.run()
    await call(replica, "/unready")
    unready = await platform.until_state("unready")
    assert unready.endpoint is None
    assert unready.restarts == 0


async def test_restarts_a_container_whose_healthcheck_fails(
    platform: Platform,
) -> None:
    tag = f"{platform.image.partition(':')[0]}:checked"
    box = platform.client.containers.create(platform.image)
    check = "HEALTHCHECK --interval=200ms --timeout=5s --retries=1 CMD test ! -e /tmp/sick"
    box.commit(*tag.split(":"), changes=check)
    box.remove()
    try:
        [replica] = await platform.run(image=tag)
        started = platform.container(replica).attrs["State"]["StartedAt"]
        # it still responds to probes; only the HEALTHCHECK of its image fails
        assert (await call(replica, "/write?/tmp/sick")).text == "done"
        [sick] = await platform.until(lambda seen: bool(seen[0].failure))
        assert sick.endpoint is None
        assert sick.failure is not None
        assert sick.failure.reason == "Unhealthy"
        assert "HEALTHCHECK" in sick.failure.message
        ready = await platform.until_state("ready")
        assert ready.id == replica.id
        assert platform.container(ready).attrs["State"]["StartedAt"] != started
        # the reason of the kill must not explain a later exit
        platform.container(ready).kill()
        fallen = await platform.until_state("waiting")
        assert fallen.failure is not None
        assert fallen.failure.reason == "Exited"
    finally:
        await platform.workloads.close()
        platform.client.images.remove(tag, force=True)


async def test_restarts_a_crashing_program_with_growing_delays(platform: Platform) -> None:
    await platform.workloads.apply(
        Workload(REF, {1: 1}, {1: platform.revision(env=[{"name": "MODE", "value": "crash"}])})
    )
    [replica] = await platform.until(lambda seen: bool(seen and seen[0].restarts >= 3))
    assert replica.failure is not None
    assert replica.failure.reason == "CrashLoopBackOff"
    assert "code 3" in replica.failure.message
    assert "starting" in replica.failure.log


async def test_reports_the_failure_that_the_runtime_prints(platform: Platform) -> None:
    await platform.workloads.apply(
        Workload(REF, {1: 1}, {1: platform.revision(env=[{"name": "MODE", "value": "fault"}])})
    )
    replica = await platform.until_state("waiting")
    assert replica.failure is not None
    assert replica.failure.reason == "HandlerImportError"
    assert replica.failure.message == "No module named 'orders_db'"
    assert "Traceback: line 1" in replica.failure.log


async def test_reports_an_oom_kill(platform: Platform) -> None:
    [replica] = await platform.run(resources={"limits": {"memory": "64Mi"}})
    with pytest.raises(Exception, match=r"disconnected|reset|closed"):
        await call(replica, f"/eat?{200 * 1024**2}")
    waiting = await platform.until_state("waiting")
    assert waiting.failure is not None
    assert waiting.failure.reason == "OOMKilled"
    assert "64 MiB" in waiting.failure.message


async def test_reports_an_unreachable_registry(platform: Platform) -> None:
    missing = f"localhost:18800/nobody/nothing@sha256:{'0' * 64}"
    local = f"plat-nowhere-{uuid.uuid4().hex[:8]}:1"
    revision = platform.revision(image=missing)
    await platform.workloads.apply(Workload(REF, {1: 1}, {1: revision}))
    [replica] = await platform.until(lambda seen: bool(seen and seen[0].failure))
    assert replica.failure is not None
    # the registry is unreachable, which is not the fault of the function
    assert replica.failure.reason == "ImageUnavailable"
    assert replica.restarts == 0
    assert local not in replica.failure.message


async def test_finishes_calls_in_flight_before_a_stop(platform: Platform) -> None:
    [replica] = await platform.run()
    slow = asyncio.create_task(call(replica, "/sleep?2"))
    await asyncio.sleep(0.5)
    await platform.workloads.apply(Workload(REF, {}, {}))
    [stopping] = await platform.workloads.observe(REF)
    assert stopping.state == "stopping"
    assert (await slow).text == "slept"
    await platform.until(lambda seen: not seen)
    assert platform.containers() == []


async def test_adopts_running_containers(platform: Platform) -> None:
    before = await platform.run(2)
    await platform.workloads.release()
    answers = [(await call(replica, "/")).text for replica in before]
    assert len(answers) == 2
    platform.workloads = (await reopen_backend(platform)).workloads
    after = await platform.until(lambda seen: [r.state for r in seen] == ["ready"] * 2)
    assert {(r.id, r.endpoint) for r in after} == {(r.id, r.endpoint) for r in before}
    await platform.workloads.apply(Workload(REF, {1: 2}, {1: platform.revision()}))
    assert {r.id for r in await platform.workloads.observe(REF)} == {r.id for r in before}


async def test_restarts_an_adopted_container_that_had_exited(platform: Platform) -> None:
    [replica] = await platform.run()
    await platform.workloads.release()
    platform.container(replica).kill()
    platform.workloads = (await reopen_backend(platform)).workloads
    ready = await platform.until_state("ready")
    assert ready.id == replica.id


async def test_notifies_of_adopted_containers_without_a_function(platform: Platform) -> None:
    await platform.run()
    await platform.workloads.release()
    platform.workloads = (await reopen_backend(platform)).workloads
    assert await anext(platform.workloads.watch()) == REF
    await platform.workloads.apply(Workload(REF, {}))
    await platform.until(lambda seen: not seen)
    assert platform.containers() == []


async def test_removes_orphans_and_no_foreign_container(platform: Platform) -> None:
    docker, instance = platform.client, platform.policy.instance
    mine = owner_labels(platform.policy)
    orphan = docker.containers.create(platform.image, labels=mine | {REPLICA: "orders-1-gone"})
    foreign = [
        docker.containers.create(platform.image, labels=labels)
        # one of another installation, and one that a user runs of an image that plat built
        for labels in ({MANAGED: "true", INSTANCE: f"{instance}-other", REPLICA: "x"}, mine)
    ]
    try:
        await eventually(lambda: orphan.id not in {c.id for c in platform.containers()})
        for container in foreign:
            container.reload()
            assert container.status == "created"
    finally:
        for container in foreign:
            container.remove(force=True)


async def test_removes_superseded_images_and_no_foreign_one(platform: Platform) -> None:
    labels = owner_labels(platform.policy) | {FUNCTION: REF.name, NAMESPACE: REF.namespace}
    box = platform.client.containers.create(platform.image, labels=labels)
    name = f"{platform.policy.instance}-image"
    box.commit(name, "1", changes="ENV A=1")
    box.commit(name, "2", changes="ENV A=2")
    box.remove(force=True)
    for tag in ("1", "2"):
        number = int(tag)
        revision = platform.revision(number, image=f"{name}:{tag}")
        await platform.workloads.apply(Workload(REF, {number: 1}, {number: revision}))
        await platform.until(
            lambda seen, number=number: [(r.revision, r.state) for r in seen] == [(number, "ready")]
        )
    await eventually(lambda: _tags(platform, name) == [f"{name}:2"])
    assert platform.client.images.get(platform.image)
    await platform.workloads.close()
    platform.client.images.remove(f"{name}:2", force=True)


def _tags(platform: Platform, name: str) -> list[str]:
    return [tag for image in platform.client.images.list(name) for tag in image.tags]


def _followed(logs: DockerLogs) -> AsyncGenerator[LogRecord, None]:
    return logs.read(REF, LogQuery(follow=True))  # type: ignore[return-value]


async def test_reads_logs_of_present_and_removed_replicas_by_call(platform: Platform) -> None:
    [replica] = await platform.run()
    await call(replica, "/print?hello", **{"X-Call-Id": "abc"})
    logs = platform.workloads.logs
    # a line may reach Docker's file after the client received the response
    async with asyncio.timeout(PATIENCE), contextlib.aclosing(_followed(logs)) as lines:
        records = [await anext(lines) for _ in range(3)]
    # Docker does not order simultaneous lines of the two streams
    assert {(r.stream, r.text, r.call_id) for r in records} == {
        ("stdout", "starting", None),
        ("stdout", "hello", "abc"),
        ("stderr", "to stderr", None),
    }
    assert [r.time for r in records] == sorted(r.time for r in records)
    await platform.workloads.apply(Workload(REF, {}, {1: platform.revision()}))
    await platform.until(lambda seen: not seen)
    past = [r async for r in logs.read(REF, LogQuery(call_id="abc"))]
    assert [r.text for r in past] == ["hello"]
    assert [r.text async for r in logs.read(REF, LogQuery(tail=1))] == ["stopped"]


async def test_follows_new_lines_and_new_replicas(platform: Platform) -> None:
    [replica] = await platform.run()
    lines = platform.workloads.logs.read(REF, LogQuery(follow=True))
    async with asyncio.timeout(PATIENCE):
        assert (await anext(lines)).text == "starting"
        await call(replica, "/print?one", **{"X-Call-Id": "a"})
        assert {(await anext(lines)).text, (await anext(lines)).text} == {"one", "to stderr"}
        await platform.run(2)
        other = await anext(lines)
        assert (other.text, other.replica != replica.id) == ("starting", True)
    await lines.aclose()
