"""Function store: functions are custom resources, revisions are ControllerRevisions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any, Final
from weakref import WeakValueDictionary

from plat_core.errors import Conflict, FunctionNotFound, InvalidInput, Unavailable
from plat_core.fix import Fix
from plat_core.model.function import Function, FunctionStatus
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier, Subscription
from plat_core.ports import Record, Revision
from pydantic import ValidationError

from plat_backends.kubernetes.api import Api
from plat_backends.kubernetes.api_errors import ApiRequestRejected, ObjectNotFound
from plat_backends.kubernetes.cache import Cache
from plat_backends.kubernetes.function_documents import (
    UnreadableFunction,
    parse_function,
    parse_revision,
    rollout_of,
    serving_function,
    tool_annotations,
    unreadable,
)
from plat_backends.kubernetes.kinds import (
    FUNCTIONS,
    REVISIONS,
    Document,
    name_of,
    namespace_of,
    owner_of,
    ref_of,
    version_of,
)
from plat_backends.kubernetes.manifests import revision_object
from plat_backends.kubernetes.parsed import ParsedDocuments
from plat_backends.stores import record_rules

log = logging.getLogger(__name__)

MAX_ATTEMPTS: Final = 10


class KubernetesFunctionStore:
    """`FunctionStore` over the API server; `manager` is the field manager of its writes.

    Reads use the caches. These contain the writes of this process at once, and those of others
    after the event of the watch.
    """

    def __init__(self, api: Api, functions: Cache, revisions: Cache, *, manager: str) -> None:
        self._api = api
        self._functions = functions
        self._revisions = revisions
        self._manager = manager
        self._changes: Notifier[FunctionRef] = Notifier()
        self._notified: dict[FunctionRef, tuple[Any, ...]] = {}
        self._parsed: ParsedDocuments[Function] = ParsedDocuments()
        self._locks: WeakValueDictionary[FunctionRef, asyncio.Lock] = WeakValueDictionary()
        functions.add_listener(self._changed)

    async def put(self, function: Function) -> Function:
        """See `FunctionStore.put`; raises InvalidInput if a rule of the cluster forbids it."""
        # concurrent writers of this process would make each other fail with a conflict
        async with self._locks.setdefault(function.ref, asyncio.Lock()):
            return await self._put(function)

    async def _put(self, function: Function) -> Function:
        for _ in range(MAX_ATTEMPTS):
            live = await self._live(function.ref)
            old = None if live is None else Record(self._function(live))
            now = datetime.fromtimestamp(0).astimezone()  # the API server sets the real time
            new = record_rules.put(old, function, now=now, uid="")
            if old is not None and new is old:
                return old.function
            try:
                return self._function(await self._store(function, live))
            except Conflict:
                if function.metadata.resource_version is not None:
                    raise
        raise Conflict(f"{function.ref} is being changed by other clients", fix="try again")

    async def get(self, ref: FunctionRef) -> Record:
        """See `FunctionStore.get`; raises UnreadableFunction for an invalid object."""
        found = self._functions.get(ref.namespace, ref.name)
        if found is None:
            raise FunctionNotFound(f"there is no function {ref}", fix=Fix("list-functions"))
        return self._record(found)

    async def exists(self, ref: FunctionRef) -> bool:
        """Return whether the function exists on the API server; raises Unavailable."""
        return await self._live(ref) is not None

    async def get_serving(self, ref: FunctionRef) -> Record:
        """Return a function with an invalid spec as its serving revision runs it.

        Access and suspension still follow the resource. Raises FunctionNotFound, and
        UnreadableFunction if no revision serves.
        """
        found = self._functions.get(ref.namespace, ref.name)
        if found is None:
            raise FunctionNotFound(f"there is no function {ref}", fix=Fix("list-functions"))
        serving, failed = rollout_of(found)
        owned = self._owned(ref, found["metadata"]["uid"])
        revision = next((o for o in owned if o["revision"] == serving), None)
        if revision is None:
            raise UnreadableFunction(f"function {ref} has no serving revision")
        try:
            function = serving_function(found, revision["data"]["spec"])
        except (ValidationError, KeyError, TypeError) as error:
            raise unreadable(ref, error) from error
        return Record(function, (), serving, failed)

    async def list(self, namespace: str | None = None) -> Sequence[Record]:
        """See `FunctionStore.list`; an invalid object is logged and skipped."""
        found = []
        for document in sorted(self._functions, key=ref_of):
            if namespace in (None, namespace_of(document)):
                try:
                    found.append(self._record(document))
                except Unavailable as error:
                    log.warning("the list skips a function: %s", error.message)
        return found

    async def delete(self, ref: FunctionRef) -> None:
        """See `FunctionStore.delete`: the API server removes it after its children."""
        live = await self._live(ref)
        if live is None:
            raise FunctionNotFound(f"there is no function {ref}", fix=Fix("list-functions"))
        if "deletionTimestamp" in live["metadata"]:
            return
        path = FUNCTIONS.path(ref.namespace, ref.name)
        after = await self._api.delete(path, propagation="Foreground")
        self._store_deletion(live, after)

    async def purge(self, ref: FunctionRef) -> None:
        """See `FunctionStore.purge`: the garbage collector deletes its children."""
        live = self._functions.get(ref.namespace, ref.name)
        if live is None:
            return
        path = FUNCTIONS.path(ref.namespace, ref.name)
        await self._api.delete(path, uid=live["metadata"]["uid"])
        self._store_deletion(live, None)

    async def put_status(
        self, ref: FunctionRef, status: FunctionStatus, *, serving: int, failed: int
    ) -> None:
        """See `FunctionStore.put_status`; raises FunctionNotFound, Conflict."""
        live = self._functions.get(ref.namespace, ref.name)
        if live is None:
            raise FunctionNotFound(f"there is no function {ref}", fix=Fix("list-functions"))
        record = Record(self._function(live), (), *rollout_of(live))
        if record_rules.put_status(record, status, serving=serving, failed=failed) is record:
            return
        rollout = {"serving": serving, "failed": failed}
        body = {**live, "status": {**status.document(), "rollout": rollout}}
        path = FUNCTIONS.path(ref.namespace, ref.name) + "/status"
        try:
            self._functions.put(await self._api.replace(path, body, manager=self._manager))
        except ObjectNotFound:
            self._functions.drop(live)
        except Conflict:
            await self._live(ref)
            raise

    async def add_revision(self, revision: Revision, *, keep: int) -> None:
        """See `FunctionStore.add_revision`; raises FunctionNotFound."""
        ref = revision.ref
        record = await self.get(ref)
        kept = {r.number for r in record_rules.add_revision(record, revision, keep=keep).revisions}
        owner = record.function.metadata.uid or ""
        document = revision_object(revision, owner=owner)
        path = REVISIONS.path(ref.namespace)
        self._revisions.put(await self._api.create(path, document, manager=self._manager))
        for old in self._owned(ref, owner):
            if old["revision"] not in kept:
                await self._api.delete(REVISIONS.path(ref.namespace, name_of(old)))
                self._revisions.drop(old)

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """See `FunctionStore.watch`."""
        return self._watch(self._changes.subscribe())

    async def _watch(
        self, subscription: Subscription[FunctionRef]
    ) -> AsyncGenerator[FunctionRef, None]:
        for document in self._functions:
            subscription.add(ref_of(document))
        async for ref in subscription.keys():
            yield ref

    def _changed(self, document: Document) -> None:
        """Notify watchers, unless only the status changed."""
        ref, metadata = ref_of(document), document["metadata"]
        present = self._functions.get(ref.namespace, ref.name) is not None
        state = (
            present,
            metadata.get("uid"),
            metadata.get("generation"),
            metadata.get("deletionTimestamp"),
            metadata.get("labels"),
        )
        if self._notified.get(ref) == state:
            return
        if present:
            self._notified[ref] = state
        else:
            self._notified.pop(ref, None)
            self._parsed.discard(ref)
        self._changes.notify(ref)

    async def _live(self, ref: FunctionRef) -> Document | None:
        try:
            live = await self._api.read(FUNCTIONS.path(ref.namespace, ref.name))
        except ObjectNotFound:
            if stored := self._functions.get(ref.namespace, ref.name):
                self._functions.drop(stored)
            return None
        self._functions.put(live)
        return live

    async def _store(self, function: Function, live: Document | None) -> Document:
        ref = function.ref
        metadata = function.metadata.document()
        texts = {key: metadata.get(key, {}) for key in ("labels", "annotations")}
        if live is not None:
            texts["annotations"] |= tool_annotations(live)
        body: Document = {
            "apiVersion": FUNCTIONS.version,
            "kind": FUNCTIONS.name,
            "metadata": {"name": ref.name, "namespace": ref.namespace, **texts},
            "spec": function.spec.document(),
        }
        try:
            if live is None:
                stored = await self._api.create(
                    FUNCTIONS.path(ref.namespace), body, manager=self._manager
                )
            else:
                body["metadata"]["resourceVersion"] = live["metadata"]["resourceVersion"]
                path = FUNCTIONS.path(ref.namespace, ref.name)
                stored = await self._api.replace(path, body, manager=self._manager)
        except ObjectNotFound as error:
            raise InvalidInput(
                f"there is no namespace {ref.namespace}",
                fix=Fix("create-namespace", {"namespace": ref.namespace}),
                field="metadata.namespace",
            ) from error
        except ApiRequestRejected as error:
            raise InvalidInput(error.message) from error
        self._functions.put(stored)
        return stored

    def _store_deletion(self, live: Document, after: Document | None) -> None:
        if after is not None and after.get("kind") == FUNCTIONS.name:
            self._functions.put(after)
        else:
            self._functions.drop({**live, "metadata": {**live["metadata"]}})

    def _record(self, document: Document) -> Record:
        ref = ref_of(document)
        owned = self._owned(ref, document["metadata"]["uid"])
        try:
            revisions = sorted((parse_revision(ref, o) for o in owned), key=lambda r: r.number)
        except (ValidationError, KeyError, ValueError) as error:
            raise unreadable(ref, error) from error
        return Record(self._function(document), tuple(revisions), *rollout_of(document))

    def _owned(self, ref: FunctionRef, uid: str) -> Sequence[Document]:
        """Return the revisions of a function, with those that lost their owner reference."""
        return [d for d in self._revisions.of_function(ref) if owner_of(d) in (uid, "")]

    def _function(self, document: Document) -> Function:
        version = version_of(document)
        return self._parsed.get(ref_of(document), version, lambda: parse_function(document))
