"""The `Function`: what a user deploys. One model behind the CRD, the API and the CLI.

Field names are camelCase outside and snake_case inside. Every field is bounded; an unknown one is
refused, so that a typing error never passes for a setting.
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
    """Pydantic would also read numbers, and dates without a time."""
    if isinstance(value, datetime) or (isinstance(value, str) and _RFC3339.fullmatch(value)):
        return value
    raise ValueError("a time is written as in RFC 3339, for example 2026-01-31T12:00:00Z")


Timestamp = Annotated[AwareDatetime, BeforeValidator(_rfc3339)]


def _within(low: float, high: float) -> AfterValidator:
    def check(value: str) -> str:
        if not low <= duration_seconds(value) <= high:
            raise ValueError(f"between {low:g}s and {high:g}s, not {value}")
        return value

    return AfterValidator(check)


class SecretKeyRef(Model):
    """One key of a secret."""

    name: Name
    key: Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]
    optional: Flag = False


class EnvVarSource(Model):
    """Where the value of an environment variable comes from."""

    secret_key_ref: SecretKeyRef


class EnvVar(Model):
    """One environment variable, in the shape of core/v1."""

    name: Annotated[str, StringConstraints(pattern=ENV_NAME_PATTERN, max_length=256)]
    value: Text | None = None
    value_from: EnvVarSource | None = None

    @model_validator(mode="after")
    def _check(self) -> EnvVar:
        if RESERVED_ENV.fullmatch(self.name):
            raise ValueError(f"{self.name} is set by the platform; PORT, K_* and PLAT_* are taken")
        if self.value is not None and self.value_from is not None:
            raise ValueError("either value or valueFrom, not both")
        if self.value and ("\0" in self.value or not encodable(self.value)):
            raise ValueError("a value is text without NUL characters")
        return self


class ResourceAmounts(Model):
    """Amounts of CPU and memory."""

    cpu: Cpu | None = None
    memory: Memory | None = None


class Resources(Model):
    """What a replica asks for and what it may not exceed."""

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
                raise ValueError(f"requests.{name} {request} is more than limits.{name} {limit}")
        return self


WhenIdle = Literal["stop", "pause"]


class Scale(Model):
    """Between how many replicas, and at which load another one is wanted."""

    min: Annotated[int, Field(ge=0, le=1000, strict=True)] = 0
    max: Annotated[int, Field(ge=1, le=1000, strict=True)] = 10
    replicas: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None
    """A fixed number instead of autoscaling (the scale subresource); 0 sleeps until a call."""
    target: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False, strict=True)] | None = None
    """Calls in flight per replica that the autoscaler aims at; default 70 % of `concurrency`."""
    idle: Annotated[Duration, _within(1, 86_400)] = "60s"
    """How long without a call until the function sleeps, where `min` is 0."""
    when_idle: WhenIdle = "stop"
    """How it sleeps: `pause` keeps a replica with its memory, to be ready sooner."""

    @model_validator(mode="after")
    def _ordered(self) -> Scale:
        if self.min > self.max:
            raise ValueError("min is more than max")
        return self


Access = Literal["public", "token"]


class FunctionSettings(Model):
    """Desired state, but for what the function is made of; it may stand in `function.json`."""

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
    """Stopped by its owner: no replica runs and calls are answered with 503."""
    forward_authorization: Flag = False
    """Let the caller's `Authorization` header reach the function."""

    @model_validator(mode="after")
    def _nothing_twice(self) -> Self:
        names = [variable.name for variable in self.env]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"env names {', '.join(twice)} stand more than once")
        if len(set(self.secrets)) != len(self.secrets):
            raise ValueError("a secret stands more than once in secrets")
        return self

    @property
    def timeout_seconds(self) -> float:
        """The one timeout of a call."""
        return duration_seconds(self.timeout)

    @property
    def idle_seconds(self) -> float:
        """Time without a call until sleep."""
        return duration_seconds(self.scale.idle)

    @property
    def target_concurrency(self) -> float:
        """Calls in flight per replica that the autoscaler aims at (CONTRACTS: 70 %)."""
        return self.scale.target or TARGET_UTILISATION * self.concurrency

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the most replicas that the autoscaler may want."""
        if self.suspend:
            return 0, 0
        if self.scale.replicas:
            return self.scale.replicas, self.scale.replicas
        return (0 if self.scale.replicas == 0 else self.scale.min), self.scale.max

    @property
    def secret_names(self) -> frozenset[str]:
        """Every secret that it names."""
        references = (v.value_from.secret_key_ref for v in self.env if v.value_from)
        return frozenset((*self.secrets, *(reference.name for reference in references)))

    @property
    def required_secrets(self) -> frozenset[str]:
        """The secrets without which no replica starts."""
        references = (v.value_from.secret_key_ref for v in self.env if v.value_from)
        names = (reference.name for reference in references if not reference.optional)
        return frozenset((*self.secrets, *names))

    def template(self) -> dict[str, Any]:
        """The part of the spec whose change makes a new revision: what a replica is made of."""
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
    """A port of the replica's loopback where a debugger may attach; for dev set-ups."""
    redeployed_at: Timestamp | None = None
    """When a redeploy was asked for: another value makes a new revision of the same artifact."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.image is None) == (self.source is None):
            raise ValueError("a function has exactly one of image and source")
        return self


class Metadata(Model):
    """Who it is. What the platform fills in is accepted back and ignored."""

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
    """One observed fact, in the shape of the Kubernetes API conventions."""

    type: str
    status: ConditionStatus
    reason: str
    message: str = ""
    last_transition_time: datetime | None = None
    observed_generation: int | None = None


class Hint(Model):
    """What to do about a problem, in words that can be typed."""

    reason: str
    fix: str


class FunctionStatus(Model):
    """Observed state."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    hints: tuple[Hint, ...] = ()
    revision: str | None = None
    """The revision that answers calls."""
    latest_revision: str | None = None
    """The newest one; another than `revision` while it starts, or where it failed."""
    image: str | None = None
    commit: str | None = None
    """The git commit that the image was built from, where its source is one."""
    replicas: int = 0
    ready_replicas: int = 0
    url: str | None = None
    deployed_at: datetime | None = None
    """When the newest revision was made."""

    def condition(self, type_: str) -> Condition | None:
        """The condition of that type, if it was ever observed."""
        return next((c for c in self.conditions if c.type == type_), None)

    @property
    def ready(self) -> bool:
        """Whether the observed generation is fully there."""
        condition = self.condition("Ready")
        return condition is not None and condition.status == "True"


class Function(Model):
    """The resource: metadata, spec and status."""

    api_version: Literal["plat.dev/v1alpha1"] = API_VERSION
    kind: Literal["Function"] = KIND
    metadata: Metadata
    spec: FunctionSpec
    status: FunctionStatus | None = None

    @property
    def ref(self) -> FunctionRef:
        """Which function this is."""
        return FunctionRef(self.metadata.name, self.metadata.namespace)

    @property
    def generation(self) -> int:
        """The version of the spec, counted from 1 by the store; 0 before it was stored."""
        return self.metadata.generation or 0
