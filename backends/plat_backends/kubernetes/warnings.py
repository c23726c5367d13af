"""Kubernetes Events for warnings, and for nothing else."""

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
from plat_backends.kubernetes.functions import UnreadableFunction
from plat_backends.kubernetes.kinds import EVENTS, FUNCTIONS, Document

log = logging.getLogger(__name__)

SILENT: Final = frozenset({"Suspended", "Deleting"})
"""Reasons that the owner knows already."""
NOTE: Final = 1024
UNREADABLE: Final = "SpecInvalid"


class WarningStore:
    """A `FunctionStore` that posts an Event when a function begins to fail."""

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
        """As the port says."""
        return await self._store.put(function)

    async def get(self, ref: FunctionRef) -> Record:
        """As the port says; of one that cannot be read, the status tells."""
        try:
            return await self._store.get(ref)
        except UnreadableFunction as error:
            await self._tell_unreadable(ref, error)
            raise

    async def _tell_unreadable(self, ref: FunctionRef, error: UnreadableFunction) -> None:
        path = FUNCTIONS.path(ref.namespace, ref.name)
        try:
            live = await self._api.read(path)
            fix = error.fix if isinstance(error.fix, str) else self._describe_fix(error.fix)
            if (body := refused(live, error, fix=fix, now=self._now())) is not None:
                await self._api.replace(f"{path}/status", body, manager="plat-operator")
        except PlatError as failed:
            log.warning("%s cannot be read, and the status cannot say so: %s", ref, failed.message)

    async def list(self, namespace: str | None = None) -> Sequence[Record]:
        """As the port says."""
        return await self._store.list(namespace)

    async def delete(self, ref: FunctionRef) -> None:
        """As the port says."""
        await self._store.delete(ref)

    async def purge(self, ref: FunctionRef) -> None:
        """As the port says."""
        await self._store.purge(ref)

    async def put_status(
        self, ref: FunctionRef, status: FunctionStatus, *, serving: int, failed: int
    ) -> None:
        """As the port says; a failure that is new is told in an Event as well."""
        function = (await self._store.get(ref)).function
        await self._store.put_status(ref, status, serving=serving, failed=failed)
        ready = status.condition("Ready")
        before = function.status.condition("Ready") if function.status else None
        if ready is None or ready.status != "False" or ready.reason in SILENT:
            return
        if before is None or (before.status, before.reason) != (ready.status, ready.reason):
            await self._warn(function, ready)

    async def add_revision(self, revision: Revision, *, keep: int) -> None:
        """As the port says."""
        await self._store.add_revision(revision, keep=keep)

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """As the port says."""
        return self._store.watch()

    async def _warn(self, function: Function, ready: Condition) -> None:
        document = warning(function, ready, now=self._now())
        path = EVENTS.path(function.ref.namespace)
        try:
            await self._api.create(path, document, manager="plat-operator")
        except Conflict:
            log.debug("%s was warned of before", function.ref)
        except PlatError as error:
            # an Event is a courtesy: the condition says the same
            log.warning("no event for %s: %s", function.ref, error.message)


def refused(
    live: Document, error: UnreadableFunction, *, fix: str, now: datetime
) -> Document | None:
    """`live` with a status that tells why it cannot be read; None where it tells that already."""
    generation, status = live["metadata"]["generation"], live.get("status", {})
    known = {c["type"]: c for c in status.get("conditions", ())}
    before = known.get("Ready", {})
    said = (before.get("reason"), before.get("message"), status.get("observedGeneration"))
    if said == (UNREADABLE, error.message, generation):
        return None
    known["Ready"] = {
        "type": "Ready",
        "status": "False",
        "reason": UNREADABLE,
        "message": error.message,
        "lastTransitionTime": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "observedGeneration": generation,
    }
    fixes = [{"reason": UNREADABLE, "fix": fix}] if fix else []
    told = {"observedGeneration": generation, "conditions": list(known.values()), "hints": fixes}
    return {**live, "status": {**status, **told}}


def warning(function: Function, ready: Condition, *, now: datetime) -> Document:
    """The Event about a failure; the same failure of the same generation has the same name."""
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
        "message": ready.message[:NOTE],
        "source": {"component": "plat-operator"},
        "reportingComponent": "plat-operator",
        "reportingInstance": "",
        "action": "Reconcile",
        "count": 1,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
    }
