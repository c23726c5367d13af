"""Function store that reports failures as Kubernetes Events and conditions."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime
from typing import Final

from plat_core.errors import Conflict, PlatError
from plat_core.fix import DescribeFix
from plat_core.model.function import Condition, Function, FunctionStatus
from plat_core.model.names import FunctionRef
from plat_core.ports import FunctionStore, Record, Revision

from plat_backends.kubernetes.api import Api
from plat_backends.kubernetes.function_documents import UnreadableFunction
from plat_backends.kubernetes.kinds import EVENTS, FUNCTIONS, Document

log = logging.getLogger(__name__)

SKIPPED_REASONS: Final = frozenset({"Suspended", "Deleting"})
"""Reasons that the owner of the function caused."""
MESSAGE_LENGTH: Final = 1024
UNREADABLE: Final = "SpecInvalid"


class WarningStore:
    """A `FunctionStore` that creates an Event when a function starts to fail."""

    def __init__(
        self,
        store: FunctionStore,
        api: Api,
        *,
        describe_fix: DescribeFix,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._api = api
        self._describe_fix = describe_fix
        self._now = now

    async def put(self, function: Function) -> Function:
        """See `FunctionStore.put`."""
        return await self._store.put(function)

    async def get(self, ref: FunctionRef) -> Record:
        """See `FunctionStore.get`; an invalid function gets a condition with the cause."""
        try:
            return await self._store.get(ref)
        except UnreadableFunction as error:
            await self._report_unreadable(ref, error)
            raise

    async def _report_unreadable(self, ref: FunctionRef, error: UnreadableFunction) -> None:
        path = FUNCTIONS.path(ref.namespace, ref.name)
        try:
            live = await self._api.read(path)
            fix = error.fix if isinstance(error.fix, str) else self._describe_fix(error.fix)
            if (body := unreadable_status(live, error, fix=fix, now=self._now())) is not None:
                await self._api.replace(f"{path}/status", body, manager="plat-operator")
        except PlatError as failed:
            log.warning("cannot write the status of the invalid %s: %s", ref, failed.message)

    async def list(self, namespace: str | None = None) -> Sequence[Record]:
        """See `FunctionStore.list`."""
        return await self._store.list(namespace)

    async def delete(self, ref: FunctionRef) -> None:
        """See `FunctionStore.delete`."""
        await self._store.delete(ref)

    async def purge(self, ref: FunctionRef) -> None:
        """See `FunctionStore.purge`."""
        await self._store.purge(ref)

    async def put_status(
        self, ref: FunctionRef, status: FunctionStatus, *, serving: int, failed: int
    ) -> None:
        """See `FunctionStore.put_status`; a new failure is reported in an Event too."""
        function = (await self._store.get(ref)).function
        await self._store.put_status(ref, status, serving=serving, failed=failed)
        ready = status.condition("Ready")
        before = function.status.condition("Ready") if function.status else None
        if ready is None or ready.status != "False" or ready.reason in SKIPPED_REASONS:
            return
        if before is None or (before.status, before.reason) != (ready.status, ready.reason):
            await self._warn(function, ready)

    async def add_revision(self, revision: Revision, *, keep: int) -> None:
        """See `FunctionStore.add_revision`."""
        await self._store.add_revision(revision, keep=keep)

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """See `FunctionStore.watch`."""
        return self._store.watch()

    async def _warn(self, function: Function, ready: Condition) -> None:
        document = warning(function, ready, now=self._now())
        path = EVENTS.path(function.ref.namespace)
        try:
            await self._api.create(path, document, manager="plat-operator")
        except Conflict:
            log.debug("%s has this event already", function.ref)
        except PlatError as error:
            # the condition has the same message
            log.warning("cannot create an event for %s: %s", function.ref, error.message)


def unreadable_status(
    live: Document, error: UnreadableFunction, *, fix: str, now: datetime
) -> Document | None:
    """Return `live` with the error in its status, or None if the status has it already."""
    generation, status = live["metadata"]["generation"], live.get("status", {})
    conditions = {c["type"]: c for c in status.get("conditions", ())}
    before = conditions.get("Ready", {})
    reported = (before.get("reason"), before.get("message"), status.get("observedGeneration"))
    if reported == (UNREADABLE, error.message, generation):
        return None
    conditions["Ready"] = {
        "type": "Ready",
        "status": "False",
        "reason": UNREADABLE,
        "message": error.message,
        "lastTransitionTime": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "observedGeneration": generation,
    }
    fixes = [{"reason": UNREADABLE, "fix": fix}] if fix else []
    changes = {
        "observedGeneration": generation,
        "conditions": list(conditions.values()),
        "hints": fixes,
    }
    return {**live, "status": {**status, **changes}}


def warning(function: Function, ready: Condition, *, now: datetime) -> Document:
    """Return the Event for a failure, with one name per failure and generation."""
    metadata, ref = function.metadata, function.ref
    key = f"{metadata.uid}/{function.generation}/{ready.reason}"
    stamp = now.isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "apiVersion": EVENTS.version,
        "kind": EVENTS.name,
        "metadata": {
            "name": f"{ref.name}.{hashlib.sha256(key.encode()).hexdigest()[:16]}",
            "namespace": ref.namespace,
        },
        "involvedObject": {
            "apiVersion": FUNCTIONS.version,
            "kind": FUNCTIONS.name,
            "name": ref.name,
            "namespace": ref.namespace,
            "uid": metadata.uid,
        },
        "type": "Warning",
        "reason": ready.reason,
        "message": ready.message[:MESSAGE_LENGTH],
        "source": {"component": "plat-operator"},
        "reportingComponent": "plat-operator",
        "reportingInstance": "",
        "action": "Reconcile",
        "count": 1,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
    }
