"""Entries of the catalogue, made from function records.

The annotations `plat.dev/input-schema` and `plat.dev/output-schema` hold JSON Schemas of a
function's input and output. They are documentation only: calls are not validated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from plat_core.model.base import Model
from plat_core.ports import Record
from pydantic import Field

DESCRIPTION = "plat.dev/description"
SCHEMAS = {"input": "plat.dev/input-schema", "output": "plat.dev/output-schema"}


class RevisionEntry(Model):
    """A revision of the function."""

    name: str
    number: int
    image: str
    created: datetime
    serving: bool


class Entry(Model):
    """A function in the catalogue."""

    name: str
    namespace: str
    endpoint: Annotated[str, Field(description="URL of the function.")]
    runtime: str | None = None
    handler: str | None = None
    description: str = ""
    labels: Mapping[str, str] = {}
    schemas: Annotated[
        Mapping[str, Any], Field(description="`input` and `output`, each a JSON Schema.")
    ] = {}
    access: str
    ready: bool
    reason: Annotated[str, Field(description="Reason of the condition Ready.")] = ""
    created: datetime | None = None
    revisions: tuple[RevisionEntry, ...] = ()

    @classmethod
    def of(cls, record: Record, endpoint: str) -> Self:
        """Return the entry of a record."""
        function = record.function
        metadata, spec, status = function.metadata, function.spec, function.status
        conditions = status.conditions if status else ()
        ready = next((each for each in conditions if each.type == "Ready"), None)
        return cls(
            name=metadata.name,
            namespace=metadata.namespace,
            endpoint=endpoint,
            runtime=spec.runtime,
            handler=spec.handler,
            description=metadata.annotations.get(DESCRIPTION, ""),
            labels=metadata.labels,
            schemas=_schemas(metadata.annotations),
            access=spec.access,
            ready=ready is not None and ready.status == "True",
            reason=ready.reason if ready else "",
            created=metadata.creation_timestamp,
            revisions=tuple(
                RevisionEntry(
                    name=revision.name,
                    number=revision.number,
                    image=revision.image,
                    created=revision.created,
                    serving=revision.number == record.serving,
                )
                for revision in record.revisions
            ),
        )


def _schemas(annotations: Mapping[str, str]) -> dict[str, Any]:
    """Return the schemas that are JSON objects, and skip invalid ones."""
    found = {}
    for name, key in SCHEMAS.items():
        try:
            schema = json.loads(annotations.get(key, ""))
        except (ValueError, RecursionError):
            continue
        if isinstance(schema, dict):
            found[name] = schema
    return found
