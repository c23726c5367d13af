"""Where functions answer, from the gateway's own watches; and how it asks for replicas.

A pod's address is known before the kubelet calls it ready: it is asked directly, every 10 ms at
first, because waiting for the condition costs a cold start up to a second. One that was called
ready before anybody here looked is asked as well: after the restart of a node, the API server goes
on to tell of addresses that nobody has any more, or somebody else.
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
from plat_backends.kubernetes.functions import KubernetesFunctionStore, UnreadableFunction
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
FIRST_PAUSE: Final = 0.01
PAUSE: Final = 0.1
FIRST_DEADLINE: Final = 0.1
"""Seconds for one of the first probes: until a policy lets a new pod be called, what is sent to it
may vanish, and would be sent again after a second only."""
PROBE_DEADLINE: Final = 1.0
MANAGER: Final = "plat-gateway"
ATTEMPTS: Final = 5
Ask = Callable[[str, float], Awaitable[bool]]
"""Whether what is at an address is ready, as far as it tells within so many seconds."""


async def is_ready(address: str, deadline: float) -> bool:
    """Return whether a replica is ready, by its own response."""
    return await probe.probe_status(address, probe.READY, deadline=deadline) == 200


@dataclass(slots=True)
class PodProbe:
    """What is known here of a pod at an address; `early`: nobody had called it ready before."""

    address: str
    early: bool
    task: asyncio.Task[None] | None = None
    ready: bool = False
    up: bool = False


class KubernetesRoutes:
    """`Resolver` and `Scaler` of a gateway; with the API server away, what was known last holds."""

    def __init__(
        self,
        api: Api,
        store: KubernetesFunctionStore,
        functions: Cache,
        deployments: Cache,
        pods: Cache,
        *,
        ask: Ask = is_ready,
    ) -> None:
        self._api = api
        self._ask = ask
        self._store = store
        self._functions = functions
        self._deployments = deployments
        self._pods = pods
        self._changes: Notifier[FunctionRef] = Notifier()
        self._looks: dict[str, PodProbe] = {}
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
        told: dict[FunctionRef, Route] = {}
        async for ref in subscription.keys():
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
        except ObjectNotFound as error:
            message = f"there is no function {ref}"
            raise FunctionNotFound(message, fix=Fix("list-functions")) from error
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
        tasks = [look.task for look in self._looks.values() if look.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _route(self, ref: FunctionRef) -> Route | None:
        try:
            record = await self._record(ref)
        except (FunctionNotFound, Unavailable):
            return None
        deployment = self._sized(record)
        asked = _size(deployment) if deployment else 0
        return route(
            record, [p for p in self._pods.of_function(ref) if self._is_up(p)], asked=asked
        )

    async def _record(self, ref: FunctionRef) -> Record:
        """The function; where its spec cannot be read, as the revision that serves was made."""
        try:
            return await self._store.get(ref)
        except UnreadableFunction:
            return await self._store.survivor(ref)

    def _sized(self, record: Record) -> Document | None:
        """The Deployment whose size the load decides: of what serves, else of the newest."""
        found = sorted(self._deployments.of_function(record.function.ref), key=revision_of)
        serving = [d for d in found if revision_of(d) == record.serving]
        return next(reversed(serving or found), None)

    def _child_changed(self, document: Document) -> None:
        if ref := function_of(document):
            self._changes.notify(ref)

    def _pod_changed(self, pod: Document) -> None:
        uid, address, state = pod["metadata"]["uid"], address_of(pod), state_of(pod)
        gone = self._pods.get(pod["metadata"]["namespace"], name_of(pod)) is not pod
        look = self._looks.get(uid)
        if look and (gone or look.address != address or not _goes_on(look, state)):
            self._forget(uid)
            look = None
        if address and not gone and state in ("starting", "ready"):
            look = look or self._begin(pod, address)
            look.ready = state == "ready"
            # the kubelet's word counts where it is a new one
            look.up = look.up or (look.ready and look.early)
        self._child_changed(pod)

    def _is_up(self, pod: Document) -> bool:
        look = self._looks.get(pod["metadata"]["uid"])
        return look is not None and look.up and look.address == address_of(pod)

    def _begin(self, pod: Document, address: str) -> PodProbe:
        look = PodProbe(address, early=state_of(pod) == "starting")
        self._looks[pod["metadata"]["uid"]] = look
        look.task = asyncio.get_running_loop().create_task(self._knock(pod, look))
        return look

    def _forget(self, uid: str) -> None:
        look = self._looks.pop(uid)
        if look.task:
            look.task.cancel()

    async def _knock(self, pod: Document, look: PodProbe) -> None:
        """Ask a pod until it is ready; whatever becomes of it otherwise cancels this."""
        asked, early = 0, True
        while not look.up and not await self._ask(look.address, _patience(early)):
            asked += 1
            early = asked < FIRST_PROBES
            await asyncio.sleep(FIRST_PAUSE if early else PAUSE)
        look.up = True
        self._child_changed(pod)


def _goes_on(look: PodProbe, state: str) -> bool:
    """Whether a pod is on its way, or still ready: what was known of it holds."""
    return state == "ready" or (state == "starting" and not look.ready)


def _patience(early: bool) -> float:
    return FIRST_DEADLINE if early else PROBE_DEADLINE


def _size(deployment: Document) -> int:
    return int(deployment["spec"].get("replicas", 1))


def route(record: Record, pods: Sequence[Document], *, asked: int) -> Route:
    """The route of a function, from its resource, its pods that answer, and the size that was
    asked for. Pure.
    """
    function = record.function
    endpoints = tuple(_endpoints(record, pods))
    state, reason, message = _state(function, asked, ready=bool(endpoints))
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


def _state(function: Function, asked: int, *, ready: bool) -> tuple[RouteState, str, str]:
    if function.metadata.deletion_timestamp is not None:
        return "suspended", "Deleting", "is being deleted"
    if function.spec.suspend:
        return "suspended", "Suspended", "stopped by its owner"
    if ready:
        return "ready", "", ""
    status = function.status
    said = status.condition("Ready") if status else None
    going = status.condition("Progressing") if status else None
    if said is not None and said.status == "False" and (going is None or going.status != "True"):
        return "failed", said.reason, said.message
    served = status is not None and status.revision is not None
    return ("asleep" if served and asked == 0 else "starting"), "", ""
