"""Kubernetes Events for warnings, and for nothing else."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final

from plat_core.backends.kubernetes.api import Api
from plat_core.backends.kubernetes.kinds import EVENTS, FUNCTIONS, Document
from plat_core.errors import Conflict, PlatError
from plat_core.model.function import Condition, Function, FunctionStatus
from plat_core.model.names import FunctionRef
from plat_core.ports import FunctionStore, Record, Revision

log = logging.getLogger(__name__)

SILENT: Final = frozenset({"Suspended", "Deleting"})
"""Reasons that the owner knows already."""
NOTE: Final = 1024


class WarningStore:
    """A `FunctionStore` that posts an Event when a function begins to fail."""

    def __init__(self, store: FunctionStore, api: Api, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._api = api
        self._now = now

    async def put(self, function: Function) -> Function:
        """As the port says."""
        return await self._store.put(function)

    async def get(self, ref: FunctionRef) -> Record:
        """As the port says."""
        return await self._store.get(ref)

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

    def watch(self) -> AsyncIterator[FunctionRef]:
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


def warning(function: Function, ready: Condition, *, now: datetime) -> Document:
    """The Event about a failure; the same failure of the same generation has the same name."""
    metadata, ref = function.metadata, function.ref
    key = f"{metadata.uid}/{function.generation}/{ready.reason}/{ready.last_transition_time}"
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
