"""Rights and limits of a function's container, observed from inside."""

from __future__ import annotations

import asyncio

import pytest

from .conftest import PATIENCE, REF, Platform, call

pytestmark = pytest.mark.docker


async def test_a_replica_has_its_identity_and_the_user_of_its_image(platform: Platform) -> None:
    [replica] = await platform.run()
    assert (await call(replica, "/")).text == f"{replica.id} 1000"
    env = (await call(replica, "/env")).json()
    assert env["K_SERVICE"] == env["PLAT_FUNCTION"] == "orders"
    assert env["K_REVISION"] == env["PLAT_REVISION"] == "orders-1"


async def test_an_image_with_user_root_runs_unprivileged(platform: Platform) -> None:
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


async def test_root_is_read_only_and_tmp_is_writable(platform: Platform) -> None:
    [replica] = await platform.run()
    assert "Read-only file system" in (await call(replica, "/write?/srv/x")).text
    assert (await call(replica, "/write?/tmp/x")).text == "done"


async def test_has_no_capability_and_cannot_gain_one(platform: Platform) -> None:
    [replica] = await platform.run()
    status = (await call(replica, "/read?/proc/self/status")).text
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0
    assert facts["NoNewPrivs"] == "1"


async def test_sets_limits_and_publishes_no_port(platform: Platform) -> None:
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
    """The target is like a service of the platform: on another bridge, published on loopback."""
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
    """Wait until the service responds to the host."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection(address, 8080)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


async def test_secrets_are_variables_and_read_only_files(
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


async def test_waits_for_a_missing_secret(platform: Platform) -> None:
    from plat_core.ports import Workload

    revision = platform.revision(secrets=["db"])
    await platform.workloads.apply(Workload(REF, {1: 1}, {1: revision}))
    replica = await platform.until_state("waiting")
    assert replica.failure is not None
    assert replica.failure.reason == "SecretNotFound"
    assert "db" in replica.failure.message
    await platform.secrets.put("default", "db", {"url": "x"})
    await platform.until_state("ready")
