"""Functions as custom resources, their revisions as ControllerRevisions."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any, Final
from weakref import WeakValueDictionary

from plat_core.errors import Conflict, FunctionNotFound, InvalidInput, Unavailable
from plat_core.fix import Fix
from plat_core.model.function import Function, FunctionSpec, FunctionStatus, Metadata
from plat_core.model.names import FunctionRef
from plat_core.model.validation import invalid
from plat_core.notifications import Notifier, Subscription
from plat_core.ports import Record, Revision
from pydantic import ValidationError

from plat_backends import records
from plat_backends.kubernetes.api import Api
from plat_backends.kubernetes.api_errors import ObjectNotFound, RequestRejected
from plat_backends.kubernetes.cache import Cache
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

log = logging.getLogger(__name__)

ATTEMPTS: Final = 10
PARSED: Final = 64
"""Functions that are kept as they were read last: looks at one of them come in bursts."""
_KNOWN: Final = (
    "name",
    "namespace",
    "labels",
    "uid",
    "generation",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
)
_FOREIGN: Final = ("kubectl.kubernetes.io/", "kopf.zalando.org/")
"""Annotations that tools leave for themselves: they are kept, and not shown."""


class UnreadableFunction(Unavailable):
    """What is stored of a function is not understood by this release."""


class KubernetesFunctionStore:
    """`FunctionStore` over the API server; `manager` is the field manager that it writes as.

    Reads are answered from the caches, which see the writes of this process at once and those of
    others as soon as the watch tells of them.
    """

    def __init__(self, api: Api, functions: Cache, revisions: Cache, *, manager: str) -> None:
        self._api = api
        self._functions = functions
        self._revisions = revisions
        self._manager = manager
        self._changes: Notifier[FunctionRef] = Notifier()
        self._told: dict[FunctionRef, tuple[Any, ...]] = {}
        self._parsed: dict[FunctionRef, tuple[int, Function]] = {}
        self._turns: WeakValueDictionary[FunctionRef, asyncio.Lock] = WeakValueDictionary()
        functions.add_listener(self._changed)

    async def put(self, function: Function) -> Function:
        """See `FunctionStore.put`; raises InvalidInput where the cluster has a rule against it."""
        # writers of this process take turns, or of many at once most would lose every race
        async with self._turns.setdefault(function.ref, asyncio.Lock()):
            return await self._put(function)

    async def _put(self, function: Function) -> Function:
        for _ in range(ATTEMPTS):
            live = await self._live(function.ref)
            old = None if live is None else Record(self._function(live))
            now = datetime.fromtimestamp(0).astimezone()  # the API server's own time counts
            new = records.put(old, function, now=now, uid="")
            if old is not None and new is old:
                return old.function
            try:
                return self._function(await self._store(function, live))
            except Conflict:
                if function.metadata.resource_version is not None:
                    raise
        raise Conflict(f"{function.ref} keeps being changed by others", fix="try again")

    async def get(self, ref: FunctionRef) -> Record:
        """See `FunctionStore.get`; raises Unavailable for an object that cannot be read."""
        found = self._functions.get(ref.namespace, ref.name)
        if found is None:
            raise FunctionNotFound(f"there is no function {ref}", fix=Fix("list-functions"))
        return self._record(found)

    async def exists(self, ref: FunctionRef) -> bool:
        """Whether the API server has it now, whatever the watch told so far; raises Unavailable."""
        return await self._live(ref) is not None

    async def survivor(self, ref: FunctionRef) -> Record:
        """What goes on serving of a function whose own spec cannot be read.

        It runs as its revision was made; whom it is open to, and that it was stopped, its resource
        still decides. Raises FunctionNotFound, and Unavailable where nothing serves.
        """
        found = self._functions.get(ref.namespace, ref.name)
        if found is None:
            raise FunctionNotFound(f"there is no function {ref}", fix=Fix("list-functions"))
        serving, failed = _rollout(found)
        owned = self._owned(ref, found["metadata"]["uid"])
        made = next((o for o in owned if o["revision"] == serving), None)
        if made is None:
            raise UnreadableFunction(f"no revision of {ref} serves")
        try:
            function = surviving(found, made["data"]["spec"])
        except (ValidationError, KeyError, TypeError) as error:
            raise _unreadable(ref, error) from error
        return Record(function, (), serving, failed)

    async def list(self, namespace: str | None = None) -> Sequence[Record]:
        """See `FunctionStore.list`; an object that cannot be read is logged and left out."""
        found = []
        for document in sorted(self._functions, key=ref_of):
            if namespace in (None, namespace_of(document)):
                try:
                    found.append(self._record(document))
                except Unavailable as error:
                    log.warning("a function is left out of the list: %s", error.message)
        return found

    async def delete(self, ref: FunctionRef) -> None:
        """See `FunctionStore.delete`: it is gone when its children are."""
        live = await self._live(ref)
        if live is None:
            raise FunctionNotFound(f"there is no function {ref}", fix=Fix("list-functions"))
        if "deletionTimestamp" in live["metadata"]:
            return
        path = FUNCTIONS.path(ref.namespace, ref.name)
        after = await self._api.delete(path, propagation="Foreground")
        self._gone(live, after)

    async def purge(self, ref: FunctionRef) -> None:
        """See `FunctionStore.purge`: what it owned is left to the garbage collector."""
        live = self._functions.get(ref.namespace, ref.name)
        if live is None:
            return
        path = FUNCTIONS.path(ref.namespace, ref.name)
        await self._api.delete(path, uid=live["metadata"]["uid"])
        self._gone(live, None)

    async def put_status(
        self, ref: FunctionRef, status: FunctionStatus, *, serving: int, failed: int
    ) -> None:
        """See `FunctionStore.put_status`; raises FunctionNotFound, Conflict."""
        live = self._functions.get(ref.namespace, ref.name)
        if live is None:
            raise FunctionNotFound(f"there is no function {ref}", fix=Fix("list-functions"))
        record = Record(self._function(live), (), *_rollout(live))
        if records.observed(record, status, serving=serving, failed=failed) is record:
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
        kept = {r.number for r in records.appended(record, revision, keep=keep).revisions}
        owner = record.function.metadata.uid or ""
        document = revision_object(revision, owner=owner)
        path = REVISIONS.path(ref.namespace)
        self._revisions.put(await self._api.create(path, document, manager=self._manager))
        for gone in self._owned(ref, owner):
            if gone["revision"] not in kept:
                await self._api.delete(REVISIONS.path(ref.namespace, name_of(gone)))
                self._revisions.drop(gone)

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
        """Tell of what is more than another status."""
        ref, metadata = ref_of(document), document["metadata"]
        present = self._functions.get(ref.namespace, ref.name) is not None
        shown = (
            present,
            metadata.get("uid"),
            metadata.get("generation"),
            metadata.get("deletionTimestamp"),
            metadata.get("labels"),
        )
        if self._told.get(ref) == shown:
            return
        if present:
            self._told[ref] = shown
        else:
            self._told.pop(ref, None)
            self._parsed.pop(ref, None)
        self._changes.notify(ref)

    async def _live(self, ref: FunctionRef) -> Document | None:
        try:
            live = await self._api.read(FUNCTIONS.path(ref.namespace, ref.name))
        except ObjectNotFound:
            if known := self._functions.get(ref.namespace, ref.name):
                self._functions.drop(known)
            return None
        self._functions.put(live)
        return live

    async def _store(self, function: Function, live: Document | None) -> Document:
        ref = function.ref
        metadata = function.metadata.document()
        given = {key: metadata.get(key, {}) for key in ("labels", "annotations")}
        if live is not None:
            given["annotations"] |= _annotations(live, foreign=True)
        body: Document = {
            "apiVersion": FUNCTIONS.version,
            "kind": FUNCTIONS.name,
            "metadata": {"name": ref.name, "namespace": ref.namespace, **given},
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
        except RequestRejected as error:
            raise InvalidInput(error.message) from error
        self._functions.put(stored)
        return stored

    def _gone(self, live: Document, after: Document | None) -> None:
        if after is not None and after.get("kind") == FUNCTIONS.name:
            self._functions.put(after)
        else:
            self._functions.drop({**live, "metadata": {**live["metadata"]}})

    def _record(self, document: Document) -> Record:
        ref = ref_of(document)
        owned = self._owned(ref, document["metadata"]["uid"])
        try:
            revisions = sorted((_revision(ref, o) for o in owned), key=lambda r: r.number)
        except (ValidationError, KeyError, ValueError) as error:
            raise _unreadable(ref, error) from error
        return Record(self._function(document), tuple(revisions), *_rollout(document))

    def _owned(self, ref: FunctionRef, uid: str) -> Sequence[Document]:
        """Those whose owner was taken from them belong to whoever has the name."""
        return [d for d in self._revisions.of_function(ref) if owner_of(d) in (uid, "")]

    def _function(self, document: Document) -> Function:
        ref, version = ref_of(document), version_of(document)
        known = self._parsed.get(ref)
        if known is not None and known[0] == version:
            return known[1]
        function = _parse(document)
        self._parsed.pop(ref, None)
        self._parsed[ref] = (version, function)
        if len(self._parsed) > PARSED:
            del self._parsed[next(iter(self._parsed))]
        return function


def _parse(document: Document) -> Function:
    try:
        return Function(
            metadata=_metadata(document),
            spec=FunctionSpec.model_validate(document["spec"]),
            status=_status(document),
        )
    except ValidationError as error:
        raise _unreadable(ref_of(document), error, at="spec") from error


def surviving(document: Document, made: Document) -> Function:
    """The function of `document` with the spec `made` of its revision. Pure.

    A field of it that this release refuses counts as not given: replicas that run are better called
    with a default than not at all. The conditions are about the spec that cannot be read.
    """
    wanted, status = document["spec"], _status(document)
    closed = {wanted.get("access", "token"), made.get("access", "token")} != {"public"}
    spec = {
        **made,
        "access": "token" if closed else "public",
        "suspend": wanted.get("suspend") is True,
    }
    return Function(
        metadata=_metadata(document),
        spec=_understood(spec),
        status=status and status.model_copy(update={"conditions": ()}),
    )


def _understood(spec: Document) -> FunctionSpec:
    try:
        return FunctionSpec.model_validate(spec)
    except ValidationError as error:
        guilty = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
        return FunctionSpec.model_validate({k: v for k, v in spec.items() if k not in guilty})


def _metadata(document: Document) -> Metadata:
    metadata = {k: v for k, v in document["metadata"].items() if k in _KNOWN}
    metadata["annotations"] = _annotations(document, foreign=False)
    return Metadata.model_validate(metadata)


def _status(document: Document) -> FunctionStatus | None:
    status = {k: v for k, v in document.get("status", {}).items() if k != "rollout"}
    try:
        return FunctionStatus.model_validate(status) if status else None
    except ValidationError:
        # of another release: it is observed anew, and nothing in it was anybody's wish
        return None


def _annotations(document: Document, *, foreign: bool) -> dict[str, str]:
    given = document["metadata"].get("annotations", {})
    return {k: v for k, v in given.items() if k.startswith(_FOREIGN) is foreign}


def _rollout(document: Document) -> tuple[int, int]:
    """The serving revision and the newest that was given up."""
    rollout = document.get("status", {}).get("rollout", {})
    return int(rollout.get("serving", 0)), int(rollout.get("failed", 0))


def _revision(ref: FunctionRef, document: Document) -> Revision:
    data = document["data"]
    return Revision(
        ref,
        int(document["revision"]),
        data["image"],
        FunctionSpec.model_validate(data["spec"]),
        datetime.fromisoformat(data["created"]),
        data.get("secrets", {}),
        data.get("source", ""),
        data.get("commit", ""),
    )


def _unreadable(ref: FunctionRef, error: Exception, *, at: str = "") -> UnreadableFunction:
    said = invalid(error, at=at).message if isinstance(error, ValidationError) else str(error)
    return UnreadableFunction(
        f"what is stored of function {ref} is not understood by this release: {said}",
        fix=Fix("edit-resource", {"name": ref.name, "namespace": ref.namespace}),
    )
