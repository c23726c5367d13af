"""JSON documents of the API, other than the Function itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from plat_core.errors import InvalidInput
from plat_core.model.base import Model
from plat_core.model.function import (
    API_VERSION,
    KIND,
    EnvVar,
    Function,
    FunctionSpec,
    Label,
    Metadata,
    Text,
    Timestamp,
)
from plat_core.model.names import DEFAULT_NAMESPACE, FunctionRef, Name
from plat_core.ports import Failure, Record, Replica, ReplicaState, Revision
from plat_http.auth import Role
from pydantic import BeforeValidator, Field, StringConstraints

SECRET_KEY = r"^[-._a-zA-Z0-9]{1,253}$"  # noqa: S105 - the shape of a key, as in core/v1

Labels = Annotated[dict[Label, Label], Field(max_length=100)]
Annotations = Annotated[dict[Label, Text], Field(max_length=100)]


class MetadataDocument(Model):
    """Metadata of a Function. The path sets the name; fields that the platform sets are ignored."""

    name: Name | None = None
    namespace: Name | None = None
    labels: Labels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)
    resource_version: str | None = None
    """If given, it must equal the stored version; otherwise the status is 409."""
    uid: str | None = None
    generation: Annotated[int, Field(strict=True)] | None = None
    creation_timestamp: Timestamp | None = None
    deletion_timestamp: Timestamp | None = None


class FunctionDocument(Model):
    """A Function in a request: only `spec` is required, and `status` is ignored."""

    api_version: Literal["plat.dev/v1alpha1"] = API_VERSION
    kind: Literal["Function"] = KIND
    metadata: MetadataDocument = Field(default_factory=MetadataDocument)
    spec: FunctionSpec
    status: dict[str, Any] | None = None

    def function(self, ref: FunctionRef) -> Function:
        """Return the Function; raise InvalidInput if its metadata contradicts `ref`."""
        given = self.metadata
        _agree("metadata.name", given.name, ref.name, "the path")
        _agree("metadata.namespace", given.namespace, ref.namespace, "the query (or its default)")
        metadata = Metadata(
            name=ref.name,
            namespace=ref.namespace,
            labels=given.labels,
            annotations=given.annotations,
            resource_version=given.resource_version,
        )
        return Function(metadata=metadata, spec=self.spec)


def _agree(field: str, given: str | None, expected: str, where: str) -> None:
    if given not in (None, expected):
        raise InvalidInput(
            f"{field} is {given!r}, but {where} has {expected!r}",
            fix=f"omit {field}, or make both the same",
            field=field,
        )


def _variables(value: object) -> object:
    """Expand the short form `{"LOG_LEVEL": "info"}`."""
    if isinstance(value, dict):
        return [{"name": name, "value": text} for name, text in value.items()]
    return value


def _either_form(schema: dict[str, Any]) -> None:
    listed = {key: schema.pop(key) for key in ("type", "items", "maxItems") if key in schema}
    short = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 32 * 1024}}
    schema["anyOf"] = [listed, short | {"maxProperties": 200}]


class Registration(FunctionSpec):
    """A Function in flat form: its name and the fields of its spec in one object."""

    name: Name
    namespace: Name = DEFAULT_NAMESPACE
    labels: Labels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)
    env: Annotated[
        tuple[EnvVar, ...],
        BeforeValidator(_variables),
        Field(max_length=200, json_schema_extra=_either_form),
    ] = ()

    def function(self) -> Function:
        """Return the Function."""
        fields = {name: getattr(self, name) for name in FunctionSpec.model_fields}
        metadata = Metadata(
            name=self.name,
            namespace=self.namespace,
            labels=self.labels,
            annotations=self.annotations,
        )
        return Function(metadata=metadata, spec=FunctionSpec.model_validate(fields))


class FunctionList(Model):
    """Functions, ordered by name."""

    items: tuple[Function, ...]


class ReplicaFailure(Model):
    """Why a replica is not ready."""

    reason: str
    message: str
    log: str = ""
    """The end of its output."""

    @classmethod
    def of(cls, failure: Failure) -> Self:
        """Return the view of a failure; conditions of the function show whether it is final."""
        return cls(reason=failure.reason, message=failure.message, log=failure.log)


class ReplicaView(Model):
    """A running instance of a revision."""

    id: str
    revision: str
    state: ReplicaState
    since: datetime
    restarts: int
    failure: ReplicaFailure | None = None

    @classmethod
    def of(cls, ref: FunctionRef, replica: Replica) -> Self:
        """Return the view of a replica."""
        failure = replica.failure
        return cls(
            id=replica.id,
            revision=f"{ref.name}-{replica.revision}",
            state=replica.state,
            since=datetime.fromtimestamp(replica.since, UTC),
            restarts=replica.restarts,
            failure=None if failure is None else ReplicaFailure.of(failure),
        )


class ReplicaList(Model):
    """The replicas of a function."""

    items: tuple[ReplicaView, ...]


class RevisionView(Model):
    """An artifact and its spec; `serving` marks the revision that gets the calls."""

    name: str
    number: int
    image: str
    created: datetime
    serving: bool
    spec: FunctionSpec

    @classmethod
    def of(cls, record: Record, revision: Revision) -> Self:
        """Return the view of a revision."""
        return cls(
            name=revision.name,
            number=revision.number,
            image=revision.image,
            created=revision.created,
            serving=revision.number == record.serving,
            spec=revision.spec,
        )


class RevisionList(Model):
    """The revisions of a function, oldest first."""

    items: tuple[RevisionView, ...]


class LogLineView(Model):
    """A log line of a replica."""

    time: datetime
    replica: str
    revision: str
    stream: Literal["stdout", "stderr", "platform"]
    text: str
    call_id: str | None = None


class SecretValues(Model):
    """The values of a secret; they replace all stored values."""

    values: Annotated[
        dict[Annotated[str, StringConstraints(pattern=SECRET_KEY)], Text],
        Field(min_length=1, max_length=100, repr=False),
    ]


class SecretView(Model):
    """A secret without its values."""

    name: str
    namespace: str
    keys: tuple[str, ...]


class SecretList(Model):
    """The secrets of a namespace, without their values."""

    items: tuple[SecretView, ...]


class RuntimeView(Model):
    """A runtime that functions can use."""

    name: str
    language: str
    description: str
    handler: str
    template: Annotated[
        Mapping[str, str], Field(description="Files of a new function: path → text.")
    ] = {}


class RuntimeList(Model):
    """The runtimes that functions can use."""

    items: tuple[RuntimeView, ...]


class SystemInfo(Model):
    """The running platform."""

    version: str
    backend: str
    url: str
    functions: int
    started: datetime
    uptime: Annotated[float, Field(description="Seconds since the start.")]
    dev: bool
    role: Annotated[
        Role,
        Field(description="Role of the token; a `viewer` may only read."),
    ]
