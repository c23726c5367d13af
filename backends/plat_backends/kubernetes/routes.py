"""Routes and scaling of a gateway, from its own watches.

The gateway probes a pod itself as soon as it has an address, every 10 ms at first: waiting for the
condition `Ready` would delay a cold start by up to a second. It also probes pods that were ready
before its first list. After the restart of a node, the API server still reports them with addresses
that are unused or belong to other pods.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from plat_core.errors import Conflict, FunctionNotFound, Unavailable
from plat_core.fix import Fix
from plat_core.model.function import Function
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier, Subscription
from plat_core.ports import Endpoint, Record, Route, RouteRemoved, RouteState, build_route

from plat_backends.kubernetes.api import Api
from plat_backends.kubernetes.api_errors import ObjectNotFound
from plat_backends.kubernetes.cache import Cache
from plat_backends.kubernetes.function_documents import UnreadableFunction
from plat_backends.kubernetes.functions import KubernetesFunctionStore
from plat_backends.kubernetes.kinds import (
    DEPLOYMENTS,
    Document,
    function_of,
    name_of,
    ref_of,
    revision_of,
)
from plat_backends.kubernetes.observing import address_of, state_of
from plat_backends.replica import probe

FIRST_PROBES: Final = 100
FIRST_PROBE_INTERVAL: Final = 0.01
PROBE_INTERVAL: Final = 0.1
FIRST_DEADLINE: Final = 0.1
"""Timeout of each of the first probes. Packets to a new pod may be dropped until its network policy
is in place, and TCP would send them again only after a second."""
PROBE_DEADLINE: Final = 1.0
MANAGER: Final = "plat-gateway"
MAX_ATTEMPTS: Final = 5
Probe = Callable[[str, float], Awaitable[bool]]
"""Returns whether the replica at an address reports ready within a number of seconds."""


async def is_ready(address: str, deadline: float) -> bool:
    """Return whether a replica is ready, by its own response."""
    return await probe.probe_status(address, probe.READY, deadline=deadline) == 200


@dataclass(slots=True)
class PodProbe:
    """Probe of a pod at an address; `early` means that the pod was not ready at its start."""

    address: str
    early: bool
    task: asyncio.Task[None] | None = None
    ready: bool = False
    up: bool = False


class KubernetesRoutes:
    """`Resolver` and `Scaler` of a gateway; without the API server it keeps its last state."""

    def __init__(
        self,
        api: Api,
        store: KubernetesFunctionStore,
        functions: Cache,
        deployments: Cache,
        pods: Cache,
        *,
        probe_ready: Probe = is_ready,
    ) -> None:
        self._api = api
        self._probe_ready = probe_ready
        self._store = store
        self._functions = functions
        self._deployments = deployments
        self._pods = pods
        self._changes: Notifier[FunctionRef] = Notifier()
        self._probes: dict[str, PodProbe] = {}
        functions.add_listener(lambda document: self._changes.notify(ref_of(document)))
        deployments.add_listener(self._child_changed)
        pods.add_listener(self._pod_changed)

    def watch(self) -> AsyncGenerator[Route | RouteRemoved, None]:
        """See `Resolver.watch`."""
        return self._watch(self._changes.subscribe())

    async def _watch(
        self, subscription: Subscription[FunctionRef]
    ) -> AsyncGenerator[Route | RouteRemoved, None]:
        for document in self._functions:
            subscription.add(ref_of(document))
        sent: dict[FunctionRef, Route] = {}
        async for ref in subscription.keys():
            found = await self._route(ref)
            if found is None:
                if sent.pop(ref, None) is not None:
                    yield RouteRemoved(ref)
            elif sent.get(ref) != found:
                sent[ref] = found
                yield found

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        """See `Scaler.scale`; raises Unavailable before the first rollout.

        The size is only written to the version of the Deployment it was decided on. Two gateways
        that wake the same function therefore never undo each other's scale-up.
        """
        record = await self._record(ref)
        low, high = record.function.spec.bounds
        size = max(low, min(replicas, high))
        deployment = self._scaled_deployment(record)
        if deployment is None:
            raise Unavailable(f"function {ref} has no deployment yet", retry_after=1.0)
        path = DEPLOYMENTS.path(ref.namespace, name_of(deployment))
        grows = size > _size(deployment)
        try:
            for _ in range(MAX_ATTEMPTS):
                current = _size(deployment)
                if current == size or (grows and current > size):
                    return
                if await self._resize(path, deployment, size):
                    return
                deployment = await self._api.read(path)
        except ObjectNotFound as error:
            message = f"there is no function {ref}"
            raise FunctionNotFound(message, fix=Fix("list-functions")) from error
        raise Conflict(f"the size of {ref} is being changed by other clients", fix="try again")

    async def _resize(self, path: str, deployment: Document, size: int) -> bool:
        """Set the size of a Deployment, and return False if it was changed in the meantime."""
        version = deployment["metadata"]["resourceVersion"]
        change = {"metadata": {"resourceVersion": version}, "spec": {"replicas": size}}
        try:
            await self._api.merge(f"{path}/scale", change, manager=MANAGER)
        except Conflict:
            return False
        return True

    async def close(self) -> None:
        """Cancel all probes."""
        tasks = [pod_probe.task for pod_probe in self._probes.values() if pod_probe.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _route(self, ref: FunctionRef) -> Route | None:
        try:
            record = await self._record(ref)
        except (FunctionNotFound, Unavailable):
            return None
        deployment = self._scaled_deployment(record)
        size = _size(deployment) if deployment else 0
        return route(record, [p for p in self._pods.of_function(ref) if self._is_up(p)], size=size)

    async def _record(self, ref: FunctionRef) -> Record:
        """Return the function, or its serving revision if its spec is invalid."""
        try:
            return await self._store.get(ref)
        except UnreadableFunction:
            return await self._store.get_serving(ref)

    def _scaled_deployment(self, record: Record) -> Document | None:
        """Return the Deployment to scale: that of the serving revision, or else the newest."""
        found = sorted(self._deployments.of_function(record.function.ref), key=revision_of)
        serving = [d for d in found if revision_of(d) == record.serving]
        return next(reversed(serving or found), None)

    def _child_changed(self, document: Document) -> None:
        if ref := function_of(document):
            self._changes.notify(ref)

    def _pod_changed(self, pod: Document) -> None:
        uid, address, state = pod["metadata"]["uid"], address_of(pod), state_of(pod)
        removed = self._pods.get(pod["metadata"]["namespace"], name_of(pod)) is not pod
        pod_probe = self._probes.get(uid)
        if pod_probe and (
            removed or pod_probe.address != address or not _continues(pod_probe, state)
        ):
            self._cancel_probe(uid)
            pod_probe = None
        if address and not removed and state in ("starting", "ready"):
            pod_probe = pod_probe or self._start_probe(pod, address)
            pod_probe.ready = state == "ready"
            # the condition counts if it became true after the first list
            pod_probe.up = pod_probe.up or (pod_probe.ready and pod_probe.early)
        self._child_changed(pod)

    def _is_up(self, pod: Document) -> bool:
        pod_probe = self._probes.get(pod["metadata"]["uid"])
        return pod_probe is not None and pod_probe.up and pod_probe.address == address_of(pod)

    def _start_probe(self, pod: Document, address: str) -> PodProbe:
        pod_probe = PodProbe(address, early=state_of(pod) == "starting")
        self._probes[pod["metadata"]["uid"]] = pod_probe
        pod_probe.task = asyncio.get_running_loop().create_task(
            self._probe_until_ready(pod, pod_probe)
        )
        return pod_probe

    def _cancel_probe(self, uid: str) -> None:
        pod_probe = self._probes.pop(uid)
        if pod_probe.task:
            pod_probe.task.cancel()

    async def _probe_until_ready(self, pod: Document, pod_probe: PodProbe) -> None:
        """Probe a pod until it is ready; its change or removal cancels the task."""
        probes, early = 0, True
        while not pod_probe.up and not await self._probe_ready(
            pod_probe.address, _probe_timeout(early)
        ):
            probes += 1
            early = probes < FIRST_PROBES
            await asyncio.sleep(FIRST_PROBE_INTERVAL if early else PROBE_INTERVAL)
        pod_probe.up = True
        self._child_changed(pod)


def _continues(pod_probe: PodProbe, state: str) -> bool:
    """Return whether a pod is still starting or still ready, so that its probe stays valid."""
    return state == "ready" or (state == "starting" and not pod_probe.ready)


def _probe_timeout(early: bool) -> float:
    return FIRST_DEADLINE if early else PROBE_DEADLINE


def _size(deployment: Document) -> int:
    return int(deployment["spec"].get("replicas", 1))


def route(record: Record, pods: Sequence[Document], *, size: int) -> Route:
    """Return the route of a function, from its record, its ready pods and its current size."""
    function = record.function
    endpoints = tuple(_endpoints(record, pods))
    state, reason, message = _state(function, size, ready=bool(endpoints))
    status = function.status
    return build_route(
        function,
        revision=(status.revision or status.latest_revision or "") if status else "",
        state=state,
        endpoints=endpoints,
        reason=reason,
        message=message,
        can_pause=False,
    )


def _endpoints(record: Record, pods: Sequence[Document]) -> list[Endpoint]:
    serving = [pod for pod in pods if revision_of(pod) == record.serving]
    return [Endpoint(name_of(pod), address) for pod in serving if (address := address_of(pod))]


def _state(function: Function, size: int, *, ready: bool) -> tuple[RouteState, str, str]:
    if function.metadata.deletion_timestamp is not None:
        return "suspended", "Deleting", "is being deleted"
    if function.spec.suspend:
        return "suspended", "Suspended", "stopped by its owner"
    if ready:
        return "ready", "", ""
    status = function.status
    condition = status.condition("Ready") if status else None
    progressing = status.condition("Progressing") if status else None
    stopped = progressing is None or progressing.status != "True"
    if condition is not None and condition.status == "False" and stopped:
        return "failed", condition.reason, condition.message
    served = status is not None and status.revision is not None
    return ("asleep" if served and size == 0 else "starting"), "", ""
