"""A backend on real Docker for each test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import docker
import httpx
import pytest
from docker.models.containers import Container
from plat_backends.docker import ContainerPolicy, DockerWorkloads, Engine
from plat_backends.docker.spec import INSTANCE, REPLICA
from plat_backends.memory import MemorySecretStore
from plat_backends.replica.timing import ReplicaTiming
from plat_core.model.names import FunctionRef
from plat_core.ports import Replica, Revision, Workload

from ..docker_fixtures import docker_client, docker_image, docker_instance
from .composing import BESIDE_PROXY, VIEWER_TOKEN, Compose, composed
from .revisions import REF, revision

__all__ = ["docker_client", "docker_image", "docker_instance"]

PATIENCE = 60
QUICK = ReplicaTiming(probe=0.5, drain=0.05, backoff=0.1, max_backoff=2)


@pytest.fixture(scope="session")
def compose() -> Iterator[Compose]:
    """The project of the compose file shared by all tests without special variables."""
    with composed(NO_PROXY=BESIDE_PROXY, AUTH_TOKEN_VIEWER=VIEWER_TOKEN) as compose:
        yield compose


@pytest.fixture
def policy(docker_instance: str) -> ContainerPolicy:
    return ContainerPolicy(instance=docker_instance, network=docker_instance)


@dataclass
class Platform:
    """A backend with its dependencies, and queries for tests."""

    client: docker.DockerClient
    workloads: DockerWorkloads
    engine: Engine
    secrets: MemorySecretStore
    policy: ContainerPolicy
    image: str

    def revision(self, number: int = 1, ref: FunctionRef = REF, **spec: object) -> Revision:
        return revision(**{"image": self.image, "number": number, "ref": ref, **spec})  # type: ignore[arg-type]

    async def run(self, count: int = 1, **spec: object) -> list[Replica]:
        """Run a number of replicas and wait until they are ready."""
        revision = self.revision(**spec)
        await self.workloads.apply(Workload(REF, {1: count}, {1: revision}))
        return await self.until(
            lambda seen: len(seen) == count and all(r.state == "ready" for r in seen)
        )

    async def until(
        self, true: Callable[[Sequence[Replica]], bool], ref: FunctionRef = REF
    ) -> list[Replica]:
        """Wait until the condition holds and return the replicas."""
        changes = self.workloads.watch()
        async with asyncio.timeout(PATIENCE):
            while not true(seen := list(await self.workloads.observe(ref))):
                await anext(changes)
        return seen

    async def until_state(self, state: str) -> Replica:
        """Wait until the only replica has this state and return it."""
        [replica] = await self.until(lambda seen: [r.state for r in seen] == [state])
        return replica

    def containers(self) -> list[Container]:
        mine = {"label": f"{INSTANCE}={self.policy.instance}"}
        return list(self.client.containers.list(all=True, filters=mine))

    def container(self, replica: Replica) -> Container:
        [found] = [c for c in self.containers() if c.labels.get(REPLICA) == replica.id]
        return found


async def call(replica: Replica, path: str, **headers: str) -> httpx.Response:
    assert replica.endpoint is not None
    host = replica.endpoint.address.removeprefix("tcp:")
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        return await http.get(f"http://{host}{path}", headers=headers)


async def eventually(true: Callable[[], bool]) -> None:
    """Poll for a condition of which Docker sends no event."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


@pytest.fixture
async def platform(
    docker_client: docker.DockerClient, policy: ContainerPolicy, docker_image: str
) -> AsyncIterator[Platform]:
    engine = await Engine.connect()
    secrets = MemorySecretStore()
    workloads = await DockerWorkloads.open(engine, secrets=secrets, policy=policy, timing=QUICK)
    platform = Platform(docker_client, workloads, engine, secrets, policy, docker_image)
    yield platform
    await platform.workloads.close()
    await engine.close()


async def reopen_backend(platform: Platform) -> Platform:
    """Open the backend again, as after a crash."""
    workloads = await DockerWorkloads.open(
        platform.engine, secrets=platform.secrets, policy=platform.policy, timing=QUICK
    )
    return replace(platform, workloads=workloads)
