"""Functions and revisions, parsed from their objects. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from plat_core.errors import Unavailable
from plat_core.fix import Fix
from plat_core.model.function import Function, FunctionSpec, FunctionStatus, Metadata
from plat_core.model.names import FunctionRef
from plat_core.model.validation import invalid
from plat_core.ports import Revision
from pydantic import ValidationError

from plat_backends.kubernetes.kinds import Document, ref_of

_METADATA_FIELDS: Final = (
    "name",
    "namespace",
    "labels",
    "uid",
    "generation",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
)
_TOOL_PREFIXES: Final = ("kubectl.kubernetes.io/", "kopf.zalando.org/")
"""Prefixes of annotations that tools write for themselves. They are stored, but not shown."""


class UnreadableFunction(Unavailable):
    """The stored function is invalid in this release."""


def parse_function(document: Document) -> Function:
    """Return the function of a resource; raises UnreadableFunction."""
    try:
        return Function(
            metadata=_parse_metadata(document),
            spec=FunctionSpec.model_validate(document["spec"]),
            status=_parse_status(document),
        )
    except ValidationError as error:
        raise unreadable(ref_of(document), error, at="spec") from error


def serving_function(document: Document, revision_spec: Document) -> Function:
    """Return the function of an invalid resource with the spec of its serving revision.

    Fields of the revision that are invalid in this release get their defaults, because running
    replicas should stay callable. The conditions are dropped: they describe the invalid spec.
    """
    spec, status = document["spec"], _parse_status(document)
    # public only if both the resource and the revision are
    closed = {spec.get("access", "token"), revision_spec.get("access", "token")} != {"public"}
    merged = {
        **revision_spec,
        "access": "token" if closed else "public",
        "suspend": spec.get("suspend") is True,
    }
    return Function(
        metadata=_parse_metadata(document),
        spec=_without_invalid_fields(merged),
        status=status and status.model_copy(update={"conditions": ()}),
    )


def parse_revision(ref: FunctionRef, document: Document) -> Revision:
    """Return the revision of a ControllerRevision; raises ValidationError, KeyError, ValueError."""
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


def rollout_of(document: Document) -> tuple[int, int]:
    """Return the number of the serving revision, and that of the newest one that failed."""
    rollout = document.get("status", {}).get("rollout", {})
    return int(rollout.get("serving", 0)), int(rollout.get("failed", 0))


def tool_annotations(document: Document) -> dict[str, str]:
    """Return the annotations that tools wrote for themselves."""
    return {k: v for k, v in _annotations(document).items() if k.startswith(_TOOL_PREFIXES)}


def unreadable(ref: FunctionRef, error: Exception, *, at: str = "") -> UnreadableFunction:
    """Return the error for an object of `ref` that cannot be parsed."""
    cause = invalid(error, at=at).message if isinstance(error, ValidationError) else str(error)
    return UnreadableFunction(
        f"the stored function {ref} is invalid in this release: {cause}",
        fix=Fix("edit-resource", {"name": ref.name, "namespace": ref.namespace}),
    )


def _parse_metadata(document: Document) -> Metadata:
    metadata = {k: v for k, v in document["metadata"].items() if k in _METADATA_FIELDS}
    annotations = _annotations(document)
    metadata["annotations"] = {
        k: v for k, v in annotations.items() if not k.startswith(_TOOL_PREFIXES)
    }
    return Metadata.model_validate(metadata)


def _parse_status(document: Document) -> FunctionStatus | None:
    status = {k: v for k, v in document.get("status", {}).items() if k != "rollout"}
    try:
        return FunctionStatus.model_validate(status) if status else None
    except ValidationError:
        # written by another release: the next reconcile writes it again
        return None


def _annotations(document: Document) -> dict[str, str]:
    annotations: dict[str, str] = document["metadata"].get("annotations", {})
    return annotations


def _without_invalid_fields(spec: Document) -> FunctionSpec:
    try:
        return FunctionSpec.model_validate(spec)
    except ValidationError as error:
        invalid_fields = {str(one["loc"][0]) for one in error.errors() if one["loc"]}
        return FunctionSpec.model_validate(
            {k: v for k, v in spec.items() if k not in invalid_fields}
        )
