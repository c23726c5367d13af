"""Where functions answer, from the gateway's own watches; and how it asks for replicas.

A pod's address is known before the kubelet calls it ready: it is asked directly, every 10 ms at
first, because waiting for the condition costs a cold start up to a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Final

from plat_core.backends import probe
from plat_core.backends.changes import Changes, Pending, drain
from plat_core.backends.kubernetes.api import Api, Missing
from plat_core.backends.kubernetes.cache import Cache
from plat_core.backends.kubernetes.functions import KubernetesFunctionStore, Unreadable
from plat_core.backends.kubernetes.kinds import (
    DEPLOYMENTS,
    Document,
    function_of,
    itself,
    name_of,
    revision_of,
)
from plat_core.backends.kubernetes.observing import address_of, state_of
from plat_core.errors import Conflict, FunctionNotFound, Unavailable
from plat_core.model.function import Function
from plat_core.model.names import FunctionRef
from plat_core.ports import Endpoint, Record, Route, RouteRemoved, RouteState

FIRST_PROBES: Final = 100
FIRST_PAUSE: Final = 0.01
PAUSE: Final = 0.1
FIRST_DEADLINE: Final = 0.1
"""Seconds for one of the first probes: until a policy lets a new pod be called, what is sent to it
may vanish, and would be sent again after a second only."""
PROBE_DEADLINE: Final = 1.0
MANAGER: Final = "plat-gateway"
ATTEMPTS: Final = 5


class KubernetesRoutes:
    """`Resolver` and `Scaler` of a gateway; with the API server away, what was known last holds."""

    def __init__(
        self,
        api: Api,
        store: KubernetesFunctionStore,
        functions: Cache,
        deployments: Cache,
        pods: Cache,
    ) -> None:
        self._api = api
        self._store = store
        self._functions = functions
        self._deployments = deployments
        self._pods = pods
        self._changes: Changes[FunctionRef] = Changes()
        self._answering: set[str] = set()
        self._probes: dict[str, asyncio.Task[None]] = {}
        functions.listen(lambda document: self._changes.tell(itself(document)))
        deployments.listen(self._child_changed)
        pods.listen(self._pod_changed)

    def watch(self) -> AsyncIterator[Route | RouteRemoved]:
        """See `Resolver.watch`."""
        return self._watch(self._changes.subscribe())

    async def _watch(self, pending: Pending[FunctionRef]) -> AsyncIterator[Route | RouteRemoved]:
        for document in self._functions:
            pending.add(itself(document))
        told: dict[FunctionRef, Route] = {}
        async for ref in drain(pending):
            found = await self._route(ref)
            if found is None:
                if told.pop(ref, None) is not None:
                    yield RouteRemoved(ref)
            elif told.get(ref) != found:
                told[ref] = found
                yield found

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        """See `Scaler.scale`; raises Unavailable while there is nothing yet that has a size.

        A gateway that wakes what another one woke, and that grew meanwhile, takes nothing back: a
        size is set only on the Deployment as it was when that was decided.
        """
        record = await self._record(ref)
        low, high = record.function.spec.bounds
        wanted = max(low, min(replicas, high))
        deployment = self._sized(record)
        if deployment is None:
            raise Unavailable(f"no revision of {ref} was rolled out yet", retry_after=1.0)
        path = DEPLOYMENTS.path(ref.namespace, name_of(deployment))
        grows = wanted > _size(deployment)
        try:
            for _ in range(ATTEMPTS):
                size = _size(deployment)
                if size == wanted or (grows and size > wanted):
                    return
                if await self._resize(path, deployment, wanted):
                    return
                deployment = await self._api.read(path)
        except Missing as error:
            raise FunctionNotFound(f"there is no function {ref}", fix="plat list") from error
        raise Conflict(f"the size of {ref} keeps being changed by others", fix="try again")

    async def _resize(self, path: str, deployment: Document, wanted: int) -> bool:
        """Set the size of a Deployment that is still the same; whether it was."""
        version = deployment["metadata"]["resourceVersion"]
        change = {"metadata": {"resourceVersion": version}, "spec": {"replicas": wanted}}
        try:
            await self._api.merge(f"{path}/scale", change, manager=MANAGER)
        except Conflict:
            return False
        return True

    async def close(self) -> None:
        """End the probes."""
        for task in self._probes.values():
            task.cancel()
        await asyncio.gather(*self._probes.values(), return_exceptions=True)

    async def _route(self, ref: FunctionRef) -> Route | None:
        try:
            record = await self._record(ref)
        except (FunctionNotFound, Unavailable):
            return None
        deployment = self._sized(record)
        asked = _size(deployment) if deployment else 0
        return route(record, self._pods.of(ref), asked=asked, answering=self._answering)

    async def _record(self, ref: FunctionRef) -> Record:
        """The function; where its spec cannot be read, as the revision that serves was made."""
        try:
            return await self._store.get(ref)
        except Unreadable:
            return await self._store.survivor(ref)

    def _sized(self, record: Record) -> Document | None:
        """The Deployment whose size the load decides: of what serves, else of the newest."""
        found = sorted(self._deployments.of(record.function.ref), key=revision_of)
        serving = [d for d in found if revision_of(d) == record.serving]
        return next(reversed(serving or found), None)

    def _child_changed(self, document: Document) -> None:
        if ref := function_of(document):
            self._changes.tell(ref)

    def _pod_changed(self, pod: Document) -> None:
        uid, address = pod["metadata"]["uid"], address_of(pod)
        gone = self._pods.get(pod["metadata"]["namespace"], name_of(pod)) is not pod
        if gone or state_of(pod) in ("ready", "stopping"):
            self._answering.discard(uid)
            if task := self._probes.pop(uid, None):
                task.cancel()
        elif address and state_of(pod) == "starting" and uid not in self._probes:
            begun = self._knock(pod, address)
            self._probes[uid] = asyncio.get_running_loop().create_task(begun)
        self._child_changed(pod)

    async def _knock(self, pod: Document, address: str) -> None:
        """Ask a pod until it is ready; whatever becomes of it otherwise cancels this."""
        asked, early = 0, True
        while await probe.status(address, probe.READY, deadline=_patience(early)) != 200:
            asked += 1
            early = asked < FIRST_PROBES
            await asyncio.sleep(FIRST_PAUSE if early else PAUSE)
        self._answering.add(pod["metadata"]["uid"])
        self._child_changed(pod)


def _patience(early: bool) -> float:
    return FIRST_DEADLINE if early else PROBE_DEADLINE


def _size(deployment: Document) -> int:
    return int(deployment["spec"].get("replicas", 1))


def route(
    record: Record, pods: Sequence[Document], *, asked: int, answering: Collection[str] = ()
) -> Route:
    """The route of a function, from its resource, its pods and the size that was asked for. Pure.

    `answering` are the uids of pods that answer although the kubelet does not say so yet.
    """
    function = record.function
    endpoints = tuple(_endpoints(record, pods, answering))
    state, reason, message = _state(function, asked, ready=bool(endpoints))
    low, high = function.spec.bounds
    status = function.status
    return Route(
        ref=function.ref,
        revision=(status.revision or status.latest_revision or "") if status else "",
        state=state,
        endpoints=endpoints if state == "ready" else (),
        timeout=function.spec.timeout_seconds,
        concurrency=function.spec.concurrency,
        access=function.spec.access,
        min=low,
        max=high,
        target=function.spec.target_concurrency,
        idle=function.spec.idle_seconds,
        forward_authorization=function.spec.forward_authorization,
        reason=reason,
        message=message,
    )


def _endpoints(
    record: Record, pods: Sequence[Document], answering: Collection[str]
) -> list[Endpoint]:
    found = []
    for pod in pods:
        state, address = state_of(pod), address_of(pod)
        early = pod["metadata"].get("uid") in answering and state == "starting"
        if address and revision_of(pod) == record.serving and (state == "ready" or early):
            found.append(Endpoint(name_of(pod), address))
    return found


def _state(function: Function, asked: int, *, ready: bool) -> tuple[RouteState, str, str]:
    if function.metadata.deletion_timestamp is not None:
        return "suspended", "Deleting", "is being deleted"
    if function.spec.suspend:
        return "suspended", "Suspended", "stopped by its owner; plat start brings it back"
    if ready:
        return "ready", "", ""
    status = function.status
    said = status.condition("Ready") if status else None
    going = status.condition("Progressing") if status else None
    if said is not None and said.status == "False" and (going is None or going.status != "True"):
        return "failed", said.reason, said.message
    served = status is not None and status.revision is not None
    return ("asleep" if served and asked == 0 else "starting"), "", ""
