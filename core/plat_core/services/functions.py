"""The operations on functions that the API offers.

An operation that edits a function writes with the version it read, and retries after a concurrent
write. Two concurrent changes are both applied, in some order.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from weakref import WeakValueDictionary

from pydantic import Field

from plat_core.errors import Conflict, FunctionNotFound, InvalidInput
from plat_core.fix import Fix
from plat_core.model.base import Model
from plat_core.model.function import Function, FunctionSpec, FunctionStatus, Scale, WhenIdle
from plat_core.model.names import FunctionRef
from plat_core.model.quantities import Duration
from plat_core.model.validation import validate
from plat_core.notifications import Notifier
from plat_core.ports import FunctionStore, Record, Replica, Scaler, Workloads

ATTEMPTS = 10
"""How often an edit is tried while other writers interfere."""

Outcome = Literal["created", "changed", "unchanged"]
EventKind = Literal["created", "changed", "deleted"]


class ScaleChange(Model):
    """New bounds of the scale. Omitted fields stay; `replicas: null` ends a fixed number."""

    replicas: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None
    min: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None
    max: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    target: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False, strict=True)] | None = None
    idle: Duration | None = None
    when_idle: WhenIdle | None = None

    def given(self) -> dict[str, Any]:
        """Return the fields of `spec.scale` to replace; null is a value for `replicas` only."""
        return {
            name: getattr(self, name)
            for name in self.model_fields_set
            if name == "replicas" or getattr(self, name) is not None
        }


@dataclass(frozen=True, slots=True)
class PutResult:
    """A stored function, and whether it was created or changed."""

    function: Function
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class FunctionEvent:
    """A function that was created, changed or deleted."""

    kind: EventKind
    function: Function


Edit = Callable[[FunctionSpec], FunctionSpec]


class Functions:
    """All operations; `url` returns where a function is called, `now` reads the wall clock.

    `debugging`: whether a function may open a debugger's port.
    """

    def __init__(
        self,
        store: FunctionStore,
        workloads: Workloads,
        changes: Notifier[FunctionRef],
        *,
        scaler: Scaler,
        debugging: bool = False,
        url: Callable[[FunctionRef], str],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._workloads = workloads
        self._changes = changes
        self._scaler = scaler
        self._debugging = debugging
        self._url = url
        self._now = now
        self._locks: WeakValueDictionary[FunctionRef, asyncio.Lock] = WeakValueDictionary()

    async def put(self, function: Function) -> PutResult:
        """Create or replace the spec, labels and annotations.

        The time of the last redeploy stays, and so does the scale if the document omits it: a
        scale set by a command outlives the next deploy. Raises Conflict if the function is being
        deleted, or if the given resourceVersion is not the stored one.
        """
        if function.spec.debug is not None and not self._debugging:
            raise InvalidInput(
                "a debugger may attach in dev set-ups only",
                field="spec.debug",
                fix=Fix("debug-in-dev"),
            )
        async with self._lock(function.ref):
            before = await self._find(function.ref)
            if before is not None:
                function = _with_spec(function, _preserve(before.function.spec, function.spec))
            stored = await self._store.put(function.model_copy(update={"status": None}))
        return PutResult(await self._read_back(stored), _outcome(before, stored))

    async def get(self, ref: FunctionRef) -> Function:
        """Return the function with its status and URL; raise FunctionNotFound."""
        return self._present(await self._store.get(ref))

    async def list(self, namespace: str | None = None) -> Sequence[Function]:
        """Return the functions of all namespaces, or of one, sorted by name."""
        return [self._present(record) for record in await self._store.list(namespace)]

    async def delete(self, ref: FunctionRef) -> Function:
        """Mark the function for deletion and return it; raise FunctionNotFound."""
        before = await self.get(ref)
        await self._store.delete(ref)
        after = await self._find(ref)
        return before if after is None else self._present(after)

    async def start(self, ref: FunctionRef) -> Function:
        """Start the function after `stop`; raise FunctionNotFound."""
        return await self._edit(ref, lambda spec: spec.model_copy(update={"suspend": False}))

    async def stop(self, ref: FunctionRef) -> Function:
        """Stop all replicas and reject calls until `start`; raise FunctionNotFound."""
        return await self._edit(ref, lambda spec: spec.model_copy(update={"suspend": True}))

    async def redeploy(self, ref: FunctionRef) -> Function:
        """Create a new revision of the same artifact; raise FunctionNotFound."""
        now = self._now()
        return await self._edit(ref, lambda spec: spec.model_copy(update={"redeployed_at": now}))

    async def scale(self, ref: FunctionRef, change: ScaleChange) -> Function:
        """Set the bounds or a fixed number; raise FunctionNotFound, InvalidInput."""
        if not (given := change.given()):
            raise InvalidInput(
                "nothing to change: give replicas, or min, max, target, idle or whenIdle",
                fix='send for example {"replicas": 3} or {"replicas": null, "min": 0, "max": 5}',
            )

        def edit(spec: FunctionSpec) -> FunctionSpec:
            scale = validate(Scale, spec.scale.model_dump() | given, at="spec.scale")
            return spec.model_copy(update={"scale": scale})

        function = await self._edit(ref, edit)
        if change.replicas == 0:
            # a call may have woken it since it was last scaled to zero
            await self._scaler.scale(ref, 0)
        return function

    async def replicas(self, ref: FunctionRef) -> Sequence[Replica]:
        """Return the current replicas; raise FunctionNotFound."""
        await self._store.get(ref)
        return await self._workloads.observe(ref)

    async def record(self, ref: FunctionRef) -> Record:
        """Return the function with its revisions; raise FunctionNotFound."""
        return await self._store.get(ref)

    async def changed(self, ref: FunctionRef, version: str, *, within: float) -> Function:
        """Return the function once its resourceVersion differs from `version`.

        Returns it unchanged after `within` seconds. Raises FunctionNotFound, also if the function
        is deleted meanwhile.
        """
        with self._changes.subscribe() as changes:
            function = await self.get(ref)
            try:
                async with asyncio.timeout(within):
                    while function.metadata.resource_version == version:
                        if ref in await changes.take_all():
                            function = await self.get(ref)
            except TimeoutError:
                return await self.get(ref)
        return function

    async def events(self, namespace: str | None = None) -> AsyncGenerator[FunctionEvent, None]:
        """Yield every function as `created`, then each change, until closed.

        Level-based: changes in quick succession may be merged.
        """
        known: dict[FunctionRef, Function] = {}
        with self._changes.subscribe() as changes:
            for function in await self.list(namespace):
                known[function.ref] = function
                yield FunctionEvent("created", function)
            while True:
                for ref in await changes.take_all():
                    if namespace in (None, ref.namespace):
                        event = await self._event(ref, known)
                        if event is not None:
                            yield event

    async def _event(
        self, ref: FunctionRef, known: dict[FunctionRef, Function]
    ) -> FunctionEvent | None:
        before, record = known.get(ref), await self._find(ref)
        if record is None:
            known.pop(ref, None)
            return None if before is None else FunctionEvent("deleted", before)
        function = known[ref] = self._present(record)
        if before is None:
            return FunctionEvent("created", function)
        return None if before == function else FunctionEvent("changed", function)

    async def _edit(self, ref: FunctionRef, edit: Edit) -> Function:
        async with self._lock(ref):
            for _ in range(ATTEMPTS):
                function = (await self._store.get(ref)).function
                if function.metadata.deletion_timestamp is not None:
                    raise Conflict(f"{ref} is being deleted", fix="wait until it is deleted")
                changed = function.model_copy(update={"status": None})
                try:
                    stored = await self._store.put(_with_spec(changed, edit(function.spec)))
                except Conflict:
                    continue
                return await self._read_back(stored)
        raise Conflict(f"{ref} keeps being changed by others", fix="try again")

    def _lock(self, ref: FunctionRef) -> asyncio.Lock:
        return self._locks.setdefault(ref, asyncio.Lock())

    async def _find(self, ref: FunctionRef) -> Record | None:
        try:
            return await self._store.get(ref)
        except FunctionNotFound:
            return None

    async def _read_back(self, stored: Function) -> Function:
        record = await self._find(stored.ref)
        return self._present(Record(stored) if record is None else record)

    def _present(self, record: Record) -> Function:
        function = record.function
        status = function.status or FunctionStatus()
        latest = record.latest
        fields = {
            "url": self._url(function.ref),
            "deployed_at": latest.created if latest else None,
        }
        status = status.model_copy(update=fields)
        return function.model_copy(update={"status": status})


def _with_spec(function: Function, spec: FunctionSpec) -> Function:
    return function.model_copy(update={"spec": spec})


def _preserve(before: FunctionSpec, given: FunctionSpec) -> FunctionSpec:
    """Return `given`, with the fields of `before` that operations set and the document omits."""
    names = ("redeployed_at", "scale")
    fields = {n: getattr(before, n) for n in names if n not in given.model_fields_set}
    return given.model_copy(update=fields)


def _outcome(before: Record | None, stored: Function) -> Outcome:
    if before is None:
        return "created"
    same = before.function.metadata.resource_version == stored.metadata.resource_version
    return "unchanged" if same else "changed"
