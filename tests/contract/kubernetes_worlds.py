"""The kubernetes backend for the suite: stores over an API server, replicas on a cluster.

An API server without controllers has no garbage collector. A deleted function stays until `purge`,
as the port requires, while a cluster would remove it shortly after its last child.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from plat_backends.kubernetes import (
    Api,
    Caches,
    KubernetesFunctionStore,
    KubernetesLogs,
    KubernetesSecretStore,
    KubernetesSecretVersions,
    KubernetesWorkloads,
    PodPolicy,
    Reflector,
    kinds,
)
from plat_core.errors import Conflict
from plat_core.model.names import FunctionRef, SecretRef
from plat_core.ports import Replica, Revision, Workload

from bench import _control_plane as control_plane
from bench._control_plane import ControlPlane

from ..kubernetes.cluster import Cluster, run
from .samples import OTHER, REF, revision

MANAGER = "plat-contract"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def kubernetes_api_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Start an API server with the namespaces of the samples."""
    if program := control_plane.missing():
        pytest.skip(f"an API server alone needs {program}")
    with control_plane.running(tmp_path_factory.mktemp("plane")) as plane:
        plane.kubectl("create", "namespace", OTHER.namespace)
        yield plane


@asynccontextmanager
async def kubernetes_functions(plane: ControlPlane) -> AsyncIterator[KubernetesFunctionStore]:
    """Return an empty store whose watches run."""
    async with open_api(plane.kubeconfig) as api:
        await _empty(api, kinds.FUNCTIONS, kinds.REVISIONS)
        caches = Caches()
        watches = (
            Reflector(api, kinds.FUNCTIONS, caches.functions),
            Reflector(api, kinds.REVISIONS, caches.revisions, selector=kinds.SELECTOR),
        )
        async with running(*watches):
            yield KubernetesFunctionStore(api, caches.functions, caches.revisions, manager=MANAGER)


class Secrets(KubernetesSecretStore):
    """A secret store with versions; writes return once the watch has seen them."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self.cache = Caches().secrets
        self._seen = KubernetesSecretVersions(self.cache)
        self._server = api

    async def put(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        await super().put(namespace, name, values)
        stored = await self._server.read(kinds.SECRETS.path(namespace, name))
        await self._until(namespace, name, kinds.version_of(stored))

    async def delete(self, namespace: str, name: str) -> None:
        await super().delete(namespace, name)
        await self._until(namespace, name, 0)

    async def versions(self, namespace: str, names: Collection[str]) -> Mapping[str, str]:
        return await self._seen.versions(namespace, names)

    def watch(self) -> AsyncGenerator[SecretRef, None]:
        return self._seen.watch()

    async def _until(self, namespace: str, name: str, version: int) -> None:
        def seen() -> int:
            found = self.cache.get(namespace, name)
            return kinds.version_of(found) if found else 0

        async with asyncio.timeout(20):
            while seen() < version or (version == 0 and seen()):  # noqa: ASYNC110 (a dict)
                await asyncio.sleep(0.01)


@asynccontextmanager
async def kubernetes_secrets(plane: ControlPlane) -> AsyncIterator[Secrets]:
    """Return an empty secret store."""
    async with open_api(plane.kubeconfig) as api:
        await _empty(api, kinds.SECRETS)
        store = Secrets(api)
        async with running(Reflector(api, kinds.SECRETS, store.cache, metadata_only=True)):
            yield store


@asynccontextmanager
async def open_api(kubeconfig: Path) -> AsyncIterator[Api]:
    async with Api.open(str(kubeconfig)) as api:
        yield api
    # aiohttp's documentation: TLS connections close after the session does
    await asyncio.sleep(0.25)


async def _empty(api: Api, *kinds_: kinds.Kind) -> None:
    for kind in kinds_:
        page = await api.read(kind.path())
        for item in page["items"] or ():
            place = kind.path(kinds.namespace_of(item), kinds.name_of(item))
            await api.delete(place)


@asynccontextmanager
async def running(*watches: Reflector) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(watch.run()) for watch in watches]
    try:
        await asyncio.gather(*(watch.synced.wait() for watch in watches))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Elsewhere:
    """`Workloads` in the namespaces of one test, under the names of the samples."""

    def __init__(self, workloads: KubernetesWorkloads, there: Mapping[str, str]) -> None:
        self._workloads = workloads
        self._there = there
        self._here = {name: known for known, name in there.items()}

    async def observe(self, ref: FunctionRef) -> Sequence[Replica]:
        return await self._workloads.observe(self.there(ref))

    async def apply(self, workload: Workload) -> None:
        ref = self.there(workload.ref)
        moved = {n: replace(r, ref=ref) for n, r in workload.revisions.items()}
        changes = self._workloads.watch()
        while not await self._applied(replace(workload, ref=ref, revisions=moved)):
            continue
        async with asyncio.timeout(30):
            while not await self._begun(workload):
                await anext(changes)

    async def _applied(self, workload: Workload) -> bool:
        """Retry after a conflict, like the operator's queue."""
        try:
            await self._workloads.apply(workload)
        except Conflict:
            return False
        return True

    async def _begun(self, workload: Workload) -> bool:
        """Wait until the Deployment controller created or deleted the pods."""
        seen = await self.observe(workload.ref)
        pods = Counter(r.revision for r in seen if r.state != "stopping")
        return pods == Counter({n: c for n, c in workload.counts.items() if c > 0})

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        return self._watch(self._workloads.watch())

    async def _watch(
        self, changes: AsyncIterator[FunctionRef]
    ) -> AsyncGenerator[FunctionRef, None]:
        async for ref in changes:
            if known := self._here.get(ref.namespace):
                yield FunctionRef(ref.name, known)

    async def forget(self, ref: FunctionRef) -> None:
        await self._workloads.forget(self.there(ref))

    async def close(self) -> None:
        await self._workloads.close()

    def there(self, ref: FunctionRef) -> FunctionRef:
        return FunctionRef(ref.name, self._there[ref.namespace])


class KubernetesWorld:
    """Pods of the test image, with the kubelet's delays."""

    workloads: Elsewhere
    logs: KubernetesLogs

    def __init__(self, behaviour: str, cluster: Cluster, image: str) -> None:
        mode = {"slow": "never", "never": "never"}.get(behaviour, behaviour)
        self.env = [{"name": "MODE", "value": mode}]
        self.image, self.cluster = image, cluster
        self.policy = PodPolicy(start=3 if behaviour == "never" else 120)
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        number = next(NUMBERS)
        there = {ref.namespace: f"contract-{ref.namespace}-{number}" for ref in (REF, OTHER)}
        self.api = await self._stack.enter_async_context(open_api(self.cluster.kubeconfig))
        caches = Caches()
        for namespace in there.values():
            path = "/api/v1/namespaces"
            await self.api.create(path, {"metadata": {"name": namespace}}, manager=MANAGER)
            self._stack.push_async_callback(self.api.delete, f"{path}/{namespace}")
            caches.functions.put(await self._function(namespace))
        ours = kinds.SELECTOR
        watches = [
            Reflector(self.api, kinds.DEPLOYMENTS, caches.deployments, selector=ours),
            Reflector(self.api, kinds.PODS, caches.pods, selector=ours),
            Reflector(self.api, kinds.SERVICES, caches.services, selector=ours),
        ]
        await self._stack.enter_async_context(running(*watches))
        inner = KubernetesWorkloads(self.api, caches, self.policy)
        self.workloads = Elsewhere(inner, there)

    async def _function(self, namespace: str) -> kinds.Document:
        body = {
            "apiVersion": kinds.FUNCTIONS.version,
            "kind": kinds.FUNCTIONS.name,
            "metadata": {"name": REF.name, "namespace": namespace},
            "spec": {"image": self.image},
        }
        return await self.api.create(kinds.FUNCTIONS.path(namespace), body, manager=MANAGER)

    def revision(self, number: int) -> Revision:
        made = revision(number, image=self.image, env=self.env, timeout="1s")
        return replace(made, image=self.image)

    async def crash(self, replica: Replica) -> None:
        assert replica.endpoint is not None
        address = replica.endpoint.address.removeprefix("tcp:")
        node = f"{self.cluster.name}-control-plane"
        command = ("docker", "exec", node, "curl", "-s", f"http://{address}/exit")
        await asyncio.to_thread(run, *command, check=False)

    async def settle(self) -> None:
        await asyncio.sleep(11)

    async def calm(self) -> None:
        """Wait for the controllers' last write, which follows the readiness of the last pod."""
        await asyncio.sleep(2)

    async def close(self) -> None:
        await self._stack.aclose()


async def kubernetes_world(behaviour: str, cluster: Cluster, image: str) -> KubernetesWorld:
    world = KubernetesWorld(behaviour, cluster, image)
    await world.open()
    return world


__all__ = [
    "KubernetesWorld",
    "kubernetes_api_server",
    "kubernetes_functions",
    "kubernetes_secrets",
    "kubernetes_world",
    "open_api",
    "running",
]
