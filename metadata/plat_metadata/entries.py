"""What the service tells of a function, and how that is made of the function's record.

A function may say what it takes and answers: the annotations `plat.dev/input-schema` and
`plat.dev/output-schema`, each a JSON Schema. They are documentation; nothing checks calls by them.
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
    """An artifact that the function ran as."""

    name: str
    number: int
    image: str
    created: datetime
    serving: bool


class Entry(Model):
    """What is known of a function."""

    name: str
    namespace: str
    endpoint: Annotated[str, Field(description="Where it is called.")]
    runtime: str | None = None
    handler: str | None = None
    description: str = ""
    labels: Mapping[str, str] = {}
    schemas: Annotated[
        Mapping[str, Any], Field(description="`input` and `output`, each a JSON Schema.")
    ] = {}
    access: str
    ready: bool
    reason: Annotated[str, Field(description="Of the condition Ready.")] = ""
    created: datetime | None = None
    revisions: tuple[RevisionEntry, ...] = ()

    @classmethod
    def of(cls, record: Record, endpoint: str) -> Self:
        """The entry of that record."""
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
    """Those that are JSON objects; a broken one is left out, since nothing depends on it."""
    found = {}
    for name, key in SCHEMAS.items():
        try:
            schema = json.loads(annotations.get(key, ""))
        except (ValueError, RecursionError):
            continue
        if isinstance(schema, dict):
            found[name] = schema
    return found
