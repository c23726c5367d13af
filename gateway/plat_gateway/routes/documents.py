"""The documents that travel: what is sent to the API beside a Function, and what it answers."""

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
    """Who it is; the name may be left to the path. What the platform fills in is ignored."""

    name: Name | None = None
    namespace: Name | None = None
    labels: Labels = Field(default_factory=dict)
    annotations: Annotations = Field(default_factory=dict)
    resource_version: str | None = None
    """Where it is given, it must be the stored one, or the answer is 409."""
    uid: str | None = None
    generation: Annotated[int, Field(strict=True)] | None = None
    creation_timestamp: Timestamp | None = None
    deletion_timestamp: Timestamp | None = None


class FunctionDocument(Model):
    """A Function as it is sent: only `spec` must be there, `status` is ignored."""

    api_version: Literal["plat.dev/v1alpha1"] = API_VERSION
    kind: Literal["Function"] = KIND
    metadata: MetadataDocument = Field(default_factory=MetadataDocument)
    spec: FunctionSpec
    status: dict[str, Any] | None = None

    def function(self, ref: FunctionRef) -> Function:
        """The Function of that reference; raises InvalidInput where it names another one."""
        given = self.metadata
        _agree("metadata.name", given.name, ref.name, "the path")
        _agree("metadata.namespace", given.namespace, ref.namespace, "the query (or the default)")
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
            f"{field} is {given!r}, and {where} says {expected!r}",
            fix=f"leave {field} out, or make them the same",
            field=field,
        )


def _variables(value: object) -> object:
    """The short form `{"LOG_LEVEL": "info"}`."""
    if isinstance(value, dict):
        return [{"name": name, "value": text} for name, text in value.items()]
    return value


def _either_form(schema: dict[str, Any]) -> None:
    listed = {key: schema.pop(key) for key in ("type", "items", "maxItems") if key in schema}
    short = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 32 * 1024}}
    schema["anyOf"] = [listed, short | {"maxProperties": 200}]


class Registration(FunctionSpec):
    """The flat form: the fields of a spec beside the name."""

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
        """The same as a Function."""
        fields = {name: getattr(self, name) for name in FunctionSpec.model_fields}
        metadata = Metadata(
            name=self.name,
            namespace=self.namespace,
            labels=self.labels,
            annotations=self.annotations,
        )
        return Function(metadata=metadata, spec=FunctionSpec.model_validate(fields))


class FunctionList(Model):
    """Functions, by name."""

    items: tuple[Function, ...]


class ReplicaFailure(Model):
    """Why a replica is not ready."""

    reason: str
    message: str
    log: str = ""
    """The end of what it printed."""

    @classmethod
    def of(cls, failure: Failure) -> Self:
        """As the API tells it; whether it is final shows in the function's conditions."""
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
        """As the API tells it."""
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
    """An artifact and the spec it runs with; `serving` is the one that answers calls."""

    name: str
    number: int
    image: str
    created: datetime
    serving: bool
    spec: FunctionSpec

    @classmethod
    def of(cls, record: Record, revision: Revision) -> Self:
        """As the API tells it."""
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
    """A line that a replica wrote."""

    time: datetime
    replica: str
    revision: str
    stream: Literal["stdout", "stderr", "platform"]
    text: str
    call_id: str | None = None


class SecretValues(Model):
    """What a secret holds; it replaces what was there."""

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
    """What a runtime says about itself."""

    name: str
    language: str
    description: str
    handler: str
    template: Annotated[
        Mapping[str, str], Field(description="The files to begin with: path → text.")
    ] = {}


class RuntimeList(Model):
    """The runtimes that functions can be written for."""

    items: tuple[RuntimeView, ...]


class SystemInfo(Model):
    """What is running here."""

    version: str
    backend: str
    url: str
    functions: int
    started: datetime
    uptime: Annotated[float, Field(description="Seconds since the start.")]
    dev: bool
    role: Annotated[
        Role, Field(description="Whose token asked: a `viewer` may send GET alone, and no calls.")
    ]
