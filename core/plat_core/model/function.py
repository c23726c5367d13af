"""The `Function` resource, the one model of the CRD, the API and the CLI.

Field names are camelCase in documents and snake_case in Python. Every field has limits. Unknown
fields are rejected, so that no typing error is ignored.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    model_validator,
)

from plat_core.model.base import Model, encodable
from plat_core.model.names import DEFAULT_NAMESPACE, FunctionRef, Name
from plat_core.model.quantities import (
    Cpu,
    Duration,
    Memory,
    cpu_cores,
    duration_seconds,
    memory_bytes,
)
from plat_core.model.source import Source

API_VERSION: Final = "plat.dev/v1alpha1"
KIND: Final = "Function"
TARGET_UTILISATION = 0.7
RESERVED_ENV = re.compile(r"PORT|K_\w+|PLAT_\w+")

ENV_NAME_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
HANDLER_PATTERN = r"^[A-Za-z0-9_][A-Za-z0-9_./-]{0,250}(:[A-Za-z_$][A-Za-z0-9_.$]{0,250})?$"
IMAGE_PATTERN = (
    r"^[a-z0-9]+([._-]+[a-z0-9]+)*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"
    r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$"
)

Text = Annotated[str, StringConstraints(max_length=32 * 1024)]
Label = Annotated[str, StringConstraints(max_length=317)]
Flag = Annotated[bool, Field(strict=True)]

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def _rfc3339(value: object) -> object:
    """Reject numbers and dates without a time, which pydantic accepts."""
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC3339.fullmatch(value)):
        return value
    raise ValueError("not a time in the format of RFC 3339, for example 2026-01-31T12:00:00Z")


Timestamp = Annotated[AwareDatetime, BeforeValidator(_rfc3339)]


def _within(low: float, high: float) -> AfterValidator:
    def check(value: str) -> str:
        if not low <= duration_seconds(value) <= high:
            raise ValueError(f"must be between {low:g}s and {high:g}s, not {value}")
        return value

    return AfterValidator(check)


class SecretKeyRef(Model):
    """Selects a key of a secret."""

    name: Name
    key: Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]
    optional: Flag = False


class EnvVarSource(Model):
    """Source of the value of an environment variable."""

    secret_key_ref: SecretKeyRef


class EnvVar(Model):
    """An environment variable, as in core/v1."""

    name: Annotated[str, StringConstraints(pattern=ENV_NAME_PATTERN, max_length=256)]
    value: Text | None = None
    value_from: EnvVarSource | None = None

    @model_validator(mode="after")
    def _check(self) -> EnvVar:
        if RESERVED_ENV.fullmatch(self.name):
            raise ValueError(
                f"{self.name} is set by the platform; PORT, K_* and PLAT_* are reserved"
            )
        if self.value is not None and self.value_from is not None:
            raise ValueError("value and valueFrom are mutually exclusive")
        if self.value and ("\0" in self.value or not encodable(self.value)):
            raise ValueError("value must be text without NUL characters")
        return self


class ResourceAmounts(Model):
    """Quantities of CPU and memory."""

    cpu: Cpu | None = None
    memory: Memory | None = None


class Resources(Model):
    """Resource requests and limits of a replica."""

    requests: ResourceAmounts = ResourceAmounts()
    limits: ResourceAmounts = ResourceAmounts()

    @model_validator(mode="after")
    def _requests_fit(self) -> Resources:
        pairs = (
            ("cpu", self.requests.cpu, self.limits.cpu, cpu_cores),
            ("memory", self.requests.memory, self.limits.memory, memory_bytes),
        )
        for name, request, limit, convert in pairs:
            if request and limit and convert(request) > convert(limit):
                raise ValueError(f"requests.{name} {request} exceeds limits.{name} {limit}")
        return self


WhenIdle = Literal["stop", "pause"]


class Scale(Model):
    """Bounds and targets of autoscaling."""

    min: Annotated[int, Field(ge=0, le=1000, strict=True)] = 0
    max: Annotated[int, Field(ge=1, le=1000, strict=True)] = 10
    replicas: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None
    """A fixed number instead of autoscaling (the scale subresource); 0 sleeps until a call."""
    target: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False, strict=True)] | None = None
    """Target of calls in flight per replica; default 70 % of `concurrency`."""
    idle: Annotated[Duration, _within(1, 86_400)] = "60s"
    """Time without calls after which the function sleeps if `min` is 0."""
    when_idle: WhenIdle = "stop"
    """`pause` freezes a replica with its memory, so that it is ready sooner."""

    @model_validator(mode="after")
    def _ordered(self) -> Scale:
        if self.min > self.max:
            raise ValueError("min exceeds max")
        return self


Access = Literal["public", "token"]


class FunctionSettings(Model):
    """Desired state without image and source; `function.json` may set it."""

    runtime: Name | None = None
    handler: Annotated[str, StringConstraints(pattern=HANDLER_PATTERN)] | None = None
    timeout: Annotated[Duration, _within(0.1, 3600)] = "30s"
    concurrency: Annotated[int, Field(ge=1, le=1000, strict=True)] = 20
    env: Annotated[tuple[EnvVar, ...], Field(max_length=200)] = ()
    secrets: Annotated[tuple[Name, ...], Field(max_length=50)] = ()
    resources: Resources = Resources()
    scale: Scale = Scale()
    access: Access = "token"
    suspend: Flag = False
    """Run no replica and reject calls with 503."""
    forward_authorization: Flag = False
    """Forward the client's `Authorization` header to the function."""

    @model_validator(mode="after")
    def _reject_duplicates(self) -> Self:
        names = [variable.name for variable in self.env]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"duplicate env names: {', '.join(twice)}")
        if len(set(self.secrets)) != len(self.secrets):
            raise ValueError("secrets has a duplicate name")
        return self

    @property
    def timeout_seconds(self) -> float:
        """Timeout of a call in seconds."""
        return duration_seconds(self.timeout)

    @property
    def idle_seconds(self) -> float:
        """Time without calls (s) after which the function sleeps."""
        return duration_seconds(self.scale.idle)

    @property
    def target_concurrency(self) -> float:
        """Target of calls in flight per replica."""
        return self.scale.target or TARGET_UTILISATION * self.concurrency

    @property
    def bounds(self) -> tuple[int, int]:
        """Minimum and maximum number of replicas."""
        if self.suspend:
            return 0, 0
        if self.scale.replicas:
            return self.scale.replicas, self.scale.replicas
        return (0 if self.scale.replicas == 0 else self.scale.min), self.scale.max

    @property
    def secret_names(self) -> frozenset[str]:
        """Names of all secrets that the function uses."""
        references = (v.value_from.secret_key_ref for v in self.env if v.value_from)
        return frozenset((*self.secrets, *(reference.name for reference in references)))

    @property
    def required_secrets(self) -> frozenset[str]:
        """Names of the secrets without which no replica starts."""
        references = (v.value_from.secret_key_ref for v in self.env if v.value_from)
        names = (reference.name for reference in references if not reference.optional)
        return frozenset((*self.secrets, *names))

    def template(self) -> dict[str, Any]:
        """Return the part of the spec that replicas depend on; a change makes a new revision."""
        return self.model_dump(
            mode="json",
            by_alias=True,
            exclude_none=True,
            exclude={"scale", "access", "suspend", "forward_authorization", "source"},
        )


class FunctionSpec(FunctionSettings):
    """Desired state."""

    image: Annotated[str, StringConstraints(pattern=IMAGE_PATTERN, max_length=512)] | None = None
    source: Source | None = None
    debug: Annotated[int, Field(ge=1024, le=65535, strict=True)] | None = None
    """Port on the replica's loopback interface for a debugger; for dev set-ups."""
    redeployed_at: Timestamp | None = None
    """Time of the last redeploy; a new value makes a new revision of the same artifact."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.image is None) == (self.source is None):
            raise ValueError("exactly one of image and source is required")
        return self


class Metadata(Model):
    """Identity of the function. Fields that the platform sets are accepted and ignored."""

    name: Name
    namespace: Name = DEFAULT_NAMESPACE
    labels: dict[Label, Label] = Field(default={}, max_length=100)
    annotations: dict[Label, Text] = Field(default={}, max_length=100)
    uid: str | None = None
    generation: Annotated[int, Field(strict=True)] | None = None
    resource_version: str | None = None
    creation_timestamp: Timestamp | None = None
    deletion_timestamp: Timestamp | None = None


ConditionStatus = Literal["True", "False", "Unknown"]


class Condition(Model):
    """An observed condition, as in the Kubernetes API conventions."""

    type: str
    status: ConditionStatus
    reason: str
    message: str = ""
    last_transition_time: datetime | None = None
    observed_generation: int | None = None


class Hint(Model):
    """How to resolve a problem, as a command or a sentence."""

    reason: str
    fix: str


class FunctionStatus(Model):
    """Observed state."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    hints: tuple[Hint, ...] = ()
    revision: str | None = None
    """Name of the revision that serves calls."""
    latest_revision: str | None = None
    """Name of the newest revision; differs from `revision` while it starts, or if it failed."""
    image: str | None = None
    commit: str | None = None
    """Git commit that the image was built from."""
    replicas: int = 0
    ready_replicas: int = 0
    url: str | None = None
    deployed_at: datetime | None = None
    """Creation time of the newest revision."""

    def condition(self, type_: str) -> Condition | None:
        """Return the condition of that type, or None."""
        return next((c for c in self.conditions if c.type == type_), None)

    @property
    def ready(self) -> bool:
        """Whether the condition Ready is True."""
        condition = self.condition("Ready")
        return condition is not None and condition.status == "True"


class Function(Model):
    """A function: metadata, spec and status."""

    api_version: Literal["plat.dev/v1alpha1"] = API_VERSION
    kind: Literal["Function"] = KIND
    metadata: Metadata
    spec: FunctionSpec
    status: FunctionStatus | None = None

    @property
    def ref(self) -> FunctionRef:
        """Name and namespace of the function."""
        return FunctionRef(self.metadata.name, self.metadata.namespace)

    @property
    def generation(self) -> int:
        """Version of the spec, counted from 1 by the store; 0 before it is stored."""
        return self.metadata.generation or 0
