"""Replicas as pods: a Deployment per revision, a Service in front of the one that serves."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from plat_core.errors import Conflict, InvalidInput
from plat_core.fix import Fix
from plat_core.model.function import FunctionSpec
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.ports import Record, Replica, Workload

from plat_backends.kubernetes import manifests, observing
from plat_backends.kubernetes.api import Api
from plat_backends.kubernetes.api_errors import ObjectNotFound
from plat_backends.kubernetes.cache import Cache
from plat_backends.kubernetes.functions import PARSED
from plat_backends.kubernetes.kinds import (
    ACCOUNTS,
    BUDGETS,
    DEPLOYMENTS,
    MANAGED_BY,
    POLICIES,
    SERVICES,
    Document,
    Kind,
    function_of,
    name_of,
    namespace_of,
    owner_of,
    ref_of,
    revision_of,
    version_of,
)
from plat_backends.kubernetes.kinds import MANAGER as PLAT
from plat_backends.kubernetes.policy import ACCOUNT, NETWORK_POLICY, PodPolicy
from plat_backends.kubernetes.probe_events import ProbeEvents

log = logging.getLogger(__name__)

MANAGER: Final = "plat-operator"
DEFAULT: Final = "default"


class NameTaken(Conflict):
    """The name of a child belongs to somebody else's object, which is left alone."""


def _nobody(_document: Document) -> FunctionRef | None:
    return None


@dataclass(frozen=True, slots=True)
class Caches:
    """What an operator knows of the cluster; secrets without their content."""

    functions: Cache = field(default_factory=lambda: Cache(ref_of))
    revisions: Cache = field(default_factory=Cache)
    deployments: Cache = field(default_factory=Cache)
    pods: Cache = field(default_factory=Cache)
    services: Cache = field(default_factory=Cache)
    budgets: Cache = field(default_factory=Cache)
    accounts: Cache = field(default_factory=lambda: Cache(_nobody))
    defaults: Cache = field(default_factory=lambda: Cache(_nobody))
    """The accounts `default` of all namespaces."""
    policies: Cache = field(default_factory=lambda: Cache(_nobody))
    secrets: Cache = field(default_factory=lambda: Cache(_nobody))


class KubernetesWorkloads:
    """`Workloads` over the caches and the API; nothing is written that is so already."""

    def __init__(
        self,
        api: Api,
        caches: Caches,
        policy: PodPolicy,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._api = api
        self._caches = caches
        self._policy = policy
        self._now = now
        self._probes = ProbeEvents(api)
        self._locks: dict[str, asyncio.Lock] = {}
        self._specs: dict[FunctionRef, tuple[tuple[str, int], FunctionSpec]] = {}
        self._changes: Notifier[FunctionRef] = Notifier()
        for cache in (caches.deployments, caches.pods, caches.services, caches.budgets):
            cache.add_listener(self._child_changed)
        for shared in (caches.accounts, caches.defaults, caches.policies):
            shared.add_listener(self._shared_changed)

    async def observe(self, ref: FunctionRef) -> Sequence[Replica]:
        """See `Workloads.observe`."""
        spec = self._spec(ref)
        pods, deployments = (
            self._caches.pods.of_function(ref),
            self._caches.deployments.of_function(ref),
        )
        return observing.replicas(
            pods,
            deployments,
            now=self._now(),
            missing=self._missing(ref.namespace, spec) if spec else (),
            probed=await self._probes.of(observing.unexplained(pods, deployments)),
        )

    def wanted(self, record: Record) -> int:
        """How many replicas the load asks for: the size of the Deployment that serves.

        A spec that is new runs at least once, so that its deploy has an outcome; a Deployment that
        somebody deleted comes back, unless the function was asleep.
        """
        function, latest = record.function, record.latest
        number = record.serving or (latest.number if latest else 0)
        live = self._deployment(function.ref, number)
        if function.spec.scale.replicas == 0 and not record.serving:
            return 0
        status = function.status
        if status is not None and status.observed_generation == function.generation:
            if live is not None:
                return int(live["spec"].get("replicas", 1))
            ready = status.condition("Ready")
            return 0 if ready is not None and ready.reason == "Idle" else 1
        if function.spec.scale.replicas == 0:
            return 0
        return max(1, int(live["spec"].get("replicas", 1)) if live else 1)

    async def apply(self, workload: Workload) -> None:
        """See `Workloads.apply`; raises Conflict where a name is taken by somebody else.

        Of a function that is gone or being deleted, the garbage collector takes the children.
        """
        ref = workload.ref
        function = self._caches.functions.get(ref.namespace, ref.name)
        if function is None or "deletionTimestamp" in function["metadata"]:
            return
        owner = function["metadata"]["uid"]
        await self._ensure_shared(ref.namespace)
        for number, count in sorted(workload.counts.items()):
            await self._ensure_deployment(workload, number, count, owner)
        serving = workload.serving or max(workload.counts, default=0)
        if serving:
            await self._ensure_service(ref, owner, serving)
        await self._ensure_budget(ref, owner)
        for deployment in self._caches.deployments.of_function(ref):
            if revision_of(deployment) not in workload.counts and _is_of(deployment, owner):
                await self._remove(DEPLOYMENTS, self._caches.deployments, deployment)

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """See `Workloads.watch`."""
        return self._changes.watch()

    async def forget(self, ref: FunctionRef) -> None:
        """See `Workloads.forget`: nothing is kept here that the cluster does not keep."""

    async def close(self) -> None:
        """Pods belong to the cluster: they outlive whoever looks after them."""

    async def _ensure_shared(self, namespace: str) -> None:
        account = manifests.account(namespace, self._pull_secrets(namespace))
        policy = manifests.network_policy(namespace, self._policy)
        # of many functions that come at once, one makes what all of them share
        async with self._locks.setdefault(namespace, asyncio.Lock()):
            await self._ensure(ACCOUNTS, self._caches.accounts, account)
            await self._ensure(POLICIES, self._caches.policies, policy)

    def _pull_secrets(self, namespace: str) -> list[str]:
        """The logins that hold everywhere, and those of the namespace: what its own account
        `default` has is what every other pod there is pulled with.
        """
        own = self._caches.defaults.get(namespace, DEFAULT) or {}
        names = [entry["name"] for entry in own.get("imagePullSecrets") or () if entry.get("name")]
        return list(dict.fromkeys([*self._policy.pull_secrets, *names]))

    async def _ensure_deployment(
        self, workload: Workload, number: int, count: int, owner: str
    ) -> None:
        revision = workload.revisions.get(number)
        if revision is None:
            raise InvalidInput(f"revision {number} of {workload.ref} is asked for but not given")
        wanted = manifests.deployment(
            revision,
            self._policy,
            owner=owner,
            replicas=max(count, 0),
        )
        await self._ensure(DEPLOYMENTS, self._caches.deployments, wanted)

    async def _ensure_service(self, ref: FunctionRef, owner: str, serving: int) -> None:
        wanted = manifests.service(ref, owner=owner, serving=serving)
        try:
            await self._ensure(SERVICES, self._caches.services, wanted)
        except NameTaken as error:
            # the gateway goes to the pods: the function runs, only without a name of its own
            log.warning("%s has no Service: %s", ref, error.message)

    async def _ensure_budget(self, ref: FunctionRef, owner: str) -> None:
        spec = self._spec(ref)
        live = self._caches.budgets.get(ref.namespace, ref.name)
        if spec is not None and spec.bounds[0] > 1:
            wanted = manifests.budget(ref, owner=owner)
            await self._ensure(BUDGETS, self._caches.budgets, wanted)
        elif live is not None and _is_of(live, owner):
            await self._remove(BUDGETS, self._caches.budgets, live)

    async def _ensure(self, kind: Kind, cache: Cache, wanted: Document) -> None:
        """Write `wanted` unless it is so; the version that was looked at has to be the stored one,
        or the size of a Deployment that the gateway just changed would be changed back.
        """
        live = cache.get(namespace_of(wanted), name_of(wanted))
        if live is not None:
            if not _is_of(live, owner_of(wanted)):
                raise _name_taken(kind, live)
            if manifests.holds(wanted, live):
                return
            wanted["metadata"]["resourceVersion"] = str(version_of(live))
        path = kind.path(namespace_of(wanted), name_of(wanted))
        try:
            # what is not known may be somebody else's all the same: nothing of that is taken over
            stored = await self._api.apply(path, wanted, manager=MANAGER, force=live is not None)
        except (Conflict, ObjectNotFound) as error:
            await self._look_again(kind, cache, wanted, live)
            where = f"{namespace_of(wanted)}/{name_of(wanted)}"
            raise Conflict(f"{kind.name} {where} was just changed") from error
        cache.put(stored, notify=False)

    async def _look_again(
        self, kind: Kind, cache: Cache, wanted: Document, live: Document | None
    ) -> None:
        """Learn what is stored, whoever made it: the caches have only what carries plat's label."""
        found = await self._find(kind.path(namespace_of(wanted), name_of(wanted)))
        if found is None:
            if live is not None:
                cache.drop(live)
            return
        if not _is_of(found, owner_of(wanted)):
            raise _name_taken(kind, found)
        cache.put(found)

    async def _find(self, path: str) -> Document | None:
        try:
            return await self._api.read(path)
        except ObjectNotFound:
            return None

    async def _remove(self, kind: Kind, cache: Cache, live: Document) -> None:
        uid = live["metadata"]["uid"]
        path = kind.path(namespace_of(live), name_of(live))
        await self._api.delete(path, uid=uid)
        cache.drop(live)

    def _deployment(self, ref: FunctionRef, number: int) -> Document | None:
        found = self._caches.deployments.of_function(ref)
        return next((d for d in found if revision_of(d) == number), None)

    def _spec(self, ref: FunctionRef) -> FunctionSpec | None:
        """The spec; it is read anew only where it changed, because reading it is dear."""
        function = self._caches.functions.get(ref.namespace, ref.name)
        if function is None:
            self._specs.pop(ref, None)
            return None
        metadata = function["metadata"]
        version = (str(metadata["uid"]), int(metadata["generation"]))
        known = self._specs.get(ref)
        if known is None or known[0] != version:
            self._specs.pop(ref, None)
            known = self._specs[ref] = version, FunctionSpec.model_validate(function["spec"])
            if len(self._specs) > PARSED:
                del self._specs[next(iter(self._specs))]
        return known[1]

    def _missing(self, namespace: str, spec: FunctionSpec) -> set[str]:
        return {
            name
            for name in spec.required_secrets
            if self._caches.secrets.get(namespace, name) is None
        }

    def _child_changed(self, document: Document) -> None:
        if ref := function_of(document):
            self._changes.notify(ref)

    def _shared_changed(self, document: Document) -> None:
        """One function of the namespace is enough to bring back what all of them share."""
        if name_of(document) in (ACCOUNT, DEFAULT, NETWORK_POLICY):
            namespace = namespace_of(document)
            for function in self._caches.functions:
                if namespace_of(function) == namespace:
                    self._changes.notify(ref_of(function))
                    return


def _is_of(document: Document, owner: str) -> bool:
    """Whether it belongs to `owner`; what plat made, and somebody took its owner from, does too."""
    if (of := owner_of(document)) or "deletionTimestamp" in document["metadata"]:
        return of == owner
    return not owner or document["metadata"].get("labels", {}).get(MANAGED_BY) == PLAT


def _name_taken(kind: Kind, live: Document) -> NameTaken:
    where = f"{namespace_of(live)}/{name_of(live)}"
    if "deletionTimestamp" in live["metadata"] or owner_of(live):
        return NameTaken(f"{kind.name} {where} of another object is still there", fix="wait")
    return NameTaken(
        f"{kind.name} {where} is there already and is not plat's",
        fix=Fix("choose-object-name", {"kind": kind.name.lower(), "name": name_of(live)}),
    )
