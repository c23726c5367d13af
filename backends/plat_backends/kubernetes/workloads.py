"""Workloads: a Deployment per revision, and a Service for the serving one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
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
from plat_backends.kubernetes.caches import Caches
from plat_backends.kubernetes.kinds import (
    ACCOUNTS,
    BUDGETS,
    DEPLOYMENTS,
    MANAGED_BY,
    POLICIES,
    SERVICES,
    Document,
    ResourceKind,
    function_of,
    name_of,
    namespace_of,
    owner_of,
    ref_of,
    revision_of,
    version_of,
)
from plat_backends.kubernetes.kinds import MANAGER as PLAT
from plat_backends.kubernetes.parsed import ParsedDocuments
from plat_backends.kubernetes.policy import ACCOUNT, NETWORK_POLICY, PodPolicy
from plat_backends.kubernetes.probe_events import ProbeEvents

log = logging.getLogger(__name__)

MANAGER: Final = "plat-operator"
DEFAULT_ACCOUNT: Final = "default"


class NameTaken(Conflict):
    """The name of a child is used by an object of another owner, which is not changed."""


class KubernetesWorkloads:
    """`Workloads` over the caches and the API; an unchanged object is not written."""

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
        self._specs: ParsedDocuments[FunctionSpec] = ParsedDocuments()
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
            probed=await self._probes.messages(observing.unexplained(pods, deployments)),
        )

    def demand(self, record: Record) -> int:
        """Return the replicas that the load needs: the size of the serving Deployment.

        A new spec runs at least one replica, so that its deploy gets an outcome. A Deployment that
        was deleted by hand gets its replicas back, unless the function was scaled to zero.
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
        """See `Workloads.apply`; raises NameTaken, Conflict.

        The children of a deleted function are left to the garbage collector.
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
            if revision_of(deployment) not in workload.counts and _is_owned_by(deployment, owner):
                await self._remove(DEPLOYMENTS, self._caches.deployments, deployment)

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """See `Workloads.watch`."""
        return self._changes.watch()

    async def forget(self, ref: FunctionRef) -> None:
        """See `Workloads.forget`: this backend stores nothing outside the cluster."""

    async def close(self) -> None:
        """Do nothing: pods keep running without an operator."""

    async def _ensure_shared(self, namespace: str) -> None:
        account = manifests.account(namespace, self._pull_secrets(namespace))
        policy = manifests.network_policy(namespace, self._policy)
        # the lock lets one of many concurrent functions create the shared objects
        async with self._locks.setdefault(namespace, asyncio.Lock()):
            await self._ensure(ACCOUNTS, self._caches.accounts, account)
            await self._ensure(POLICIES, self._caches.policies, policy)

    def _pull_secrets(self, namespace: str) -> list[str]:
        """Return the pull secrets of the installation and those of the account `default`.

        Other pods of the namespace use the secrets of this account too.
        """
        own = self._caches.defaults.get(namespace, DEFAULT_ACCOUNT) or {}
        names = [entry["name"] for entry in own.get("imagePullSecrets") or () if entry.get("name")]
        return list(dict.fromkeys([*self._policy.pull_secrets, *names]))

    async def _ensure_deployment(
        self, workload: Workload, number: int, count: int, owner: str
    ) -> None:
        revision = workload.revisions.get(number)
        if revision is None:
            raise InvalidInput(
                f"revision {number} of {workload.ref} is needed, but not part of the workload"
            )
        desired = manifests.deployment(
            revision,
            self._policy,
            owner=owner,
            replicas=max(count, 0),
        )
        await self._ensure(DEPLOYMENTS, self._caches.deployments, desired)

    async def _ensure_service(self, ref: FunctionRef, owner: str, serving: int) -> None:
        desired = manifests.service(ref, owner=owner, serving=serving)
        try:
            await self._ensure(SERVICES, self._caches.services, desired)
        except NameTaken as error:
            # the gateway calls pods directly, so the function works without its DNS name
            log.warning("cannot create the Service of %s: %s", ref, error.message)

    async def _ensure_budget(self, ref: FunctionRef, owner: str) -> None:
        spec = self._spec(ref)
        live = self._caches.budgets.get(ref.namespace, ref.name)
        if spec is not None and spec.bounds[0] > 1:
            desired = manifests.budget(ref, owner=owner)
            await self._ensure(BUDGETS, self._caches.budgets, desired)
        elif live is not None and _is_owned_by(live, owner):
            await self._remove(BUDGETS, self._caches.budgets, live)

    async def _ensure(self, kind: ResourceKind, cache: Cache, desired: Document) -> None:
        """Apply `desired`, unless the live object contains it already.

        The write names the version it was decided on. Otherwise it could undo a new size that the
        gateway has just set.
        """
        live = cache.get(namespace_of(desired), name_of(desired))
        if live is not None:
            if not _is_owned_by(live, owner_of(desired)):
                raise _name_taken(kind, live)
            if manifests.contains(live, desired):
                return
            desired["metadata"]["resourceVersion"] = str(version_of(live))
        path = kind.path(namespace_of(desired), name_of(desired))
        try:
            # an object outside the cache may belong to another owner: never take over its fields
            stored = await self._api.apply(path, desired, manager=MANAGER, force=live is not None)
        except (Conflict, ObjectNotFound) as error:
            await self._refresh(kind, cache, desired, live)
            where = f"{namespace_of(desired)}/{name_of(desired)}"
            raise Conflict(f"{kind.name} {where} was changed in the meantime") from error
        cache.put(stored, notify=False)

    async def _refresh(
        self, kind: ResourceKind, cache: Cache, desired: Document, live: Document | None
    ) -> None:
        """Read the live object into the cache; raises NameTaken.

        The caches contain objects with plat's label only.
        """
        found = await self._find(kind.path(namespace_of(desired), name_of(desired)))
        if found is None:
            if live is not None:
                cache.drop(live)
            return
        if not _is_owned_by(found, owner_of(desired)):
            raise _name_taken(kind, found)
        cache.put(found)

    async def _find(self, path: str) -> Document | None:
        try:
            return await self._api.read(path)
        except ObjectNotFound:
            return None

    async def _remove(self, kind: ResourceKind, cache: Cache, live: Document) -> None:
        uid = live["metadata"]["uid"]
        path = kind.path(namespace_of(live), name_of(live))
        await self._api.delete(path, uid=uid)
        cache.drop(live)

    def _deployment(self, ref: FunctionRef, number: int) -> Document | None:
        found = self._caches.deployments.of_function(ref)
        return next((d for d in found if revision_of(d) == number), None)

    def _spec(self, ref: FunctionRef) -> FunctionSpec | None:
        """Return the spec, which is parsed only after a change because parsing is slow."""
        function = self._caches.functions.get(ref.namespace, ref.name)
        if function is None:
            self._specs.discard(ref)
            return None
        metadata = function["metadata"]
        version = (str(metadata["uid"]), int(metadata["generation"]))
        return self._specs.get(ref, version, lambda: FunctionSpec.model_validate(function["spec"]))

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
        """Notify one function of the namespace, whose reconcile restores the shared objects."""
        if name_of(document) in (ACCOUNT, DEFAULT_ACCOUNT, NETWORK_POLICY):
            namespace = namespace_of(document)
            for function in self._caches.functions:
                if namespace_of(function) == namespace:
                    self._changes.notify(ref_of(function))
                    return


def _is_owned_by(document: Document, owner: str) -> bool:
    """Return whether an object belongs to `owner`, or is plat's and lost its owner reference."""
    if (actual := owner_of(document)) or "deletionTimestamp" in document["metadata"]:
        return actual == owner
    return not owner or document["metadata"].get("labels", {}).get(MANAGED_BY) == PLAT


def _name_taken(kind: ResourceKind, live: Document) -> NameTaken:
    where = f"{namespace_of(live)}/{name_of(live)}"
    if "deletionTimestamp" in live["metadata"] or owner_of(live):
        return NameTaken(f"{kind.name} {where} of another object still exists", fix="wait")
    return NameTaken(
        f"{kind.name} {where} exists already and is not managed by plat",
        fix=Fix("choose-object-name", {"kind": kind.name.lower(), "name": name_of(live)}),
    )
