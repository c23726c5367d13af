"""What a function's container may do and what it may not, seen from inside it."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import PATIENCE, REF, Platform, call

pytestmark = pytest.mark.docker


async def test_replica_says_who_it_is_and_runs_as_the_images_user(platform: Platform) -> None:
    [replica] = await platform.run()
    assert (await call(replica, "/")).text == f"{replica.id} 1000"
    env = (await call(replica, "/env")).json()
    assert env["K_SERVICE"] == env["PLAT_FUNCTION"] == "orders"
    assert env["K_REVISION"] == env["PLAT_REVISION"] == "orders-1"


async def test_an_image_that_runs_as_root_does_not_get_root(platform: Platform) -> None:
    tag = f"{platform.image.partition(':')[0]}:root"
    box = platform.client.containers.create(platform.image)
    box.commit(*tag.split(":"), changes="USER 0")
    box.remove()
    try:
        [replica] = await platform.run(image=tag)
        assert (await call(replica, "/")).text == f"{replica.id} 65532"
    finally:
        await platform.workloads.close()
        platform.client.images.remove(tag, force=True)


async def test_the_root_is_read_only_and_tmp_is_not(platform: Platform) -> None:
    [replica] = await platform.run()
    assert "Read-only file system" in (await call(replica, "/write?/srv/x")).text
    assert (await call(replica, "/write?/tmp/x")).text == "done"


async def test_no_capability_and_no_way_to_one(platform: Platform) -> None:
    [replica] = await platform.run()
    status = (await call(replica, "/read?/proc/self/status")).text
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0
    assert facts["NoNewPrivs"] == "1"


async def test_limits_are_there_and_nothing_is_published(platform: Platform) -> None:
    [replica] = await platform.run(resources={"limits": {"memory": "96Mi", "cpu": "500m"}})
    host = platform.container(replica).attrs["HostConfig"]
    assert host["Memory"] == host["MemorySwap"] == 96 * 1024**2
    assert host["NanoCpus"] == 500_000_000
    assert host["PidsLimit"] == 512
    assert host["RestartPolicy"]["Name"] == "no"
    assert not host["PortBindings"]


async def test_functions_reach_neither_another_network_nor_the_hosts_loopback(
    platform: Platform,
) -> None:
    """A service as the platform's own are: on a bridge of its own, published on loopback only."""
    name = f"{platform.policy.instance}-platform"
    network = platform.client.networks.create(name, labels={"plat.test": name})
    service = platform.client.containers.run(
        platform.image, detach=True, network=name, name=name, environment={"PORT": "8080"}
    )
    try:
        service.reload()
        address = service.attrs["NetworkSettings"]["Networks"][name]["IPAddress"]
        await _listens(address)
        [replica] = await platform.run()
        joined = platform.container(replica).attrs["NetworkSettings"]["Networks"]
        assert set(joined) == {platform.policy.network}
        for target in (f"{address}:8080", f"{name}:8080"):
            answer = (await call(replica, f"/connect?{target}")).text
            assert "rror" in answer, f"{target}: {answer}"
        assert "gaierror" in (await call(replica, f"/resolve?{name}")).text
    finally:
        service.remove(force=True)
        network.remove()


async def _listens(address: str) -> None:
    """From the host the service answers: what the function is refused does exist."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection(address, 8080)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


async def test_secrets_come_as_variables_and_as_files_that_nobody_can_write(
    platform: Platform,
) -> None:
    await platform.secrets.put("default", "db", {"url": "postgres://ü", "other": "x"})
    reference = {"secretKeyRef": {"name": "db", "key": "url"}}
    [replica] = await platform.run(secrets=["db"], env=[{"name": "URL", "valueFrom": reference}])
    env = (await call(replica, "/env")).json()
    assert env["URL"] == "postgres://ü"
    path = f"{env['PLAT_SECRETS_DIR']}/db/url"
    assert (await call(replica, f"/read?{path}")).text == "postgres://ü"
    assert "rror" in (await call(replica, f"/write?{path}")).text
    await platform.workloads.close()
    assert await platform.engine.volumes({"plat.dev/instance": platform.policy.instance}) == []


async def test_a_missing_secret_is_a_failure_and_its_arrival_mends_it(platform: Platform) -> None:
    from plat_core.ports import Workload

    revision = platform.revision(secrets=["db"])
    await platform.workloads.apply(Workload(REF, {1: 1}, {1: revision}))
    replica = await platform.until_state("waiting")
    assert replica.failure is not None
    assert replica.failure.reason == "SecretNotFound"
    assert "db" in replica.failure.message
    await platform.secrets.put("default", "db", {"url": "x"})
    await platform.until_state("ready")
