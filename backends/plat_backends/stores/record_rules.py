"""The rules of `FunctionStore` as pure functions: how a write changes a record. No I/O."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from plat_core.errors import Conflict
from plat_core.model.function import Function, FunctionStatus, Metadata
from plat_core.ports import Record, Revision


def put(old: Record | None, function: Function, *, now: datetime, uid: str) -> Record:
    """Return the record after a write of `function`, or `old` itself if nothing differs.

    `now` and `uid` are those of a new function. Raises Conflict.
    """
    given = function.metadata.resource_version
    if old is None:
        if given is not None:
            raise _changed(function, "it does not exist any more")
        return Record(_function(function, uid=uid, generation=1, version=1, created=now))
    stored = old.function.metadata
    if stored.deletion_timestamp is not None:
        raise Conflict(
            f"{function.ref} is being deleted",
            fix="wait until it is gone, then deploy it again",
        )
    if given is not None and given != stored.resource_version:
        raise _changed(function, f"the stored version is {stored.resource_version}, not {given}")
    same_spec = function.spec == old.function.spec
    if same_spec and _labels(function.metadata) == _labels(stored):
        return old
    changed = _function(
        function,
        uid=stored.uid or uid,
        generation=old.function.generation + (not same_spec),
        version=_version(stored) + 1,
        created=stored.creation_timestamp or now,
    )
    return replace(old, function=changed.model_copy(update={"status": old.function.status}))


def mark_deleted(record: Record, *, now: datetime) -> Record:
    """Return the record marked for deletion, or `record` itself if it is already."""
    if record.function.metadata.deletion_timestamp is not None:
        return record
    return replace(record, function=_with_metadata(record.function, deletion_timestamp=now))


def put_status(record: Record, status: FunctionStatus, *, serving: int, failed: int) -> Record:
    """Return the record with a new status, or `record` itself if nothing differs."""
    if (record.function.status, record.serving, record.failed) == (status, serving, failed):
        return record
    function = _with_metadata(record.function).model_copy(update={"status": status})
    return replace(record, function=function, serving=serving, failed=failed)


def add_revision(record: Record, revision: Revision, *, keep: int) -> Record:
    """Return the record with one more revision, and only `keep` old ones. Raises Conflict."""
    latest = record.latest.number if record.latest else 0
    if revision.number != latest + 1:
        raise Conflict(
            f"revision {revision.number} of {revision.ref} does not follow revision {latest}",
            fix="read the function again and count on from its newest revision",
        )
    revisions = (*record.revisions, revision)
    newest = revisions[-max(keep, 1) :]
    retained = tuple(r for r in revisions if r in newest or r.number == record.serving)
    return replace(record, revisions=retained)


def _function(
    function: Function, *, uid: str, generation: int, version: int, created: datetime
) -> Function:
    metadata = function.metadata.model_copy(
        update={
            "uid": uid,
            "generation": generation,
            "resource_version": str(version),
            "creation_timestamp": created,
            "deletion_timestamp": None,
        }
    )
    return function.model_copy(update={"metadata": metadata, "status": None})


def _with_metadata(function: Function, **changes: object) -> Function:
    version = str(_version(function.metadata) + 1)
    metadata = function.metadata.model_copy(update={"resource_version": version, **changes})
    return function.model_copy(update={"metadata": metadata})


def _version(metadata: Metadata) -> int:
    return int(metadata.resource_version or 0)


def _labels(metadata: Metadata) -> tuple[dict[str, str], dict[str, str]]:
    return metadata.labels, metadata.annotations


def _changed(function: Function, why: str) -> Conflict:
    return Conflict(
        f"{function.ref} was changed by another client: {why}",
        fix="read it again, or leave metadata.resourceVersion out to overwrite",
        field="metadata.resourceVersion",
    )
