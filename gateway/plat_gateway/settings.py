"""The gateway's settings: the one place of this service that reads the environment.

Every field's alias is its environment variable, its description the sentence of
`docs/reference/settings.md`; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from plat_core.errors import InvalidInput
from plat_core.services.tokens import DEV_TOKEN
from plat_http.client_addresses import Network
from platformdirs import user_state_path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

MIB = 1024 * 1024


def _listed(value: object) -> object:
    """`a, b` as it stands in an environment variable."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _networks(value: object) -> object:
    parts = _listed(value)
    return tuple(ip_network(part) for part in parts) if isinstance(parts, tuple) else value


PRINTABLE = r"^[!-~]+$"
URL = r"^https?://[^\s/?#]+[^\s?#]*$"

Origins = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_networks)]


class GatewaySettings(BaseModel):
    """What an operator may set; see `docs/reference/settings.md`."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    auth_token: Annotated[str, Field(alias="AUTH_TOKEN", repr=False)] = DEV_TOKEN
    viewer_token: Annotated[
        str | None, Field(alias="AUTH_TOKEN_VIEWER", pattern=PRINTABLE, repr=False)
    ] = None
    host: Annotated[str, Field(alias="PLAT_HOST", min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(alias="PLAT_PORT", ge=0, le=65535)] = 8080
    public_url: Annotated[str | None, Field(alias="PLAT_PUBLIC_URL", pattern=URL)] = None
    home: Annotated[Path, Field(alias="PLAT_HOME")] = Field(
        default_factory=lambda: user_state_path("plat")
    )
    backend: Annotated[Literal["embedded", "docker", "kubernetes"], Field(alias="PLAT_BACKEND")] = (
        "embedded"
    )
    controller_url: Annotated[str, Field(alias="CONTROLLER_URL", pattern=URL)] = (
        "http://localhost:8081"
    )
    builder_url: Annotated[str, Field(alias="BUILDER_URL", pattern=URL)] = "http://localhost:8082"
    database: Annotated[str | None, Field(alias="DATABASE_URL", repr=False)] = None
    async_body_limit: Annotated[int, Field(alias="PLAT_ASYNC_BODY_LIMIT", ge=0)] = MIB
    async_result_limit: Annotated[int, Field(alias="PLAT_ASYNC_RESULT_LIMIT", ge=0)] = MIB
    async_queue: Annotated[int, Field(alias="PLAT_ASYNC_QUEUE", ge=1)] = 10_000
    async_queue_bytes: Annotated[int, Field(alias="PLAT_ASYNC_QUEUE_BYTES", ge=1)] = 256 * MIB
    async_attempts: Annotated[int, Field(alias="PLAT_ASYNC_ATTEMPTS", ge=1, le=100)] = 8
    async_at_once: Annotated[int, Field(alias="PLAT_ASYNC_AT_ONCE", ge=1, le=1000)] = 32
    async_retention: Annotated[float, Field(alias="PLAT_ASYNC_RETENTION", ge=60, le=31_536_000)] = (
        86_400.0
    )
    peers: Annotated[str, Field(alias="PLAT_PEERS")] = ""
    peer_port: Annotated[int, Field(alias="PLAT_PEER_PORT", ge=0, le=65535)] = 8089
    pod_name: Annotated[str, Field(alias="PLAT_POD_NAME")] = ""
    pod_namespace: Annotated[str, Field(alias="PLAT_POD_NAMESPACE")] = ""
    dev: Annotated[bool | None, Field(alias="PLAT_DEV")] = None
    contained: Annotated[bool, Field(alias="PLAT_CONTAINED")] = False
    cors_origins: Annotated[Origins, Field(alias="PLAT_CORS_ORIGINS")] = (
        "http://localhost:5173",
        "http://localhost:3000",
    )
    trusted_proxies: Annotated[Networks, Field(alias="PLAT_TRUSTED_PROXIES")] = ()
    access_log: Annotated[bool, Field(alias="PLAT_ACCESS_LOG")] = False
    json_limit: Annotated[int, Field(alias="PLAT_JSON_LIMIT", ge=1024)] = MIB
    build_limit: Annotated[int, Field(alias="PLAT_BUILD_LIMIT", ge=1024)] = 256 * MIB
    auth_failures: Annotated[int, Field(alias="PLAT_AUTH_FAILURES", ge=1)] = 100
    start_timeout: Annotated[float, Field(alias="PLAT_START_TIMEOUT", ge=1, le=3600)] = 60.0
    wait_limit: Annotated[float, Field(alias="PLAT_WAIT_LIMIT", gt=0, le=3600)] = 60.0
    stream_limit: Annotated[float, Field(alias="PLAT_STREAM_LIMIT", gt=0, le=86_400)] = 3600.0

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it.

        A container cannot see that its port is published on the loopback interface alone; the
        compose file, which does it, says so with `PLAT_CONTAINED`.
        """
        if self.contained:
            return True
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_dev(self) -> bool:
        """What `PLAT_DEV` says; without it, the embedded backend on loopback is a dev set-up."""
        if self.dev is not None:
            return self.dev
        return (self.backend in ("embedded", "memory") or self.contained) and self.is_loopback

    @property
    def url(self) -> str:
        """Where callers reach the gateway, without a final slash."""
        host = "localhost" if self.host in ("localhost", "127.0.0.1") else self.host
        host = f"[{host}]" if ":" in host else host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raises InvalidInput naming the guilty variable."""
        names = [field.alias for field in cls.model_fields.values() if field.alias]
        given: dict[str, Any] = {name: environment[name] for name in names if name in environment}
        # compose files pass what is unset as ""; an empty token must be seen and refused
        given = {name: value for name, value in given.items() if value or name == "AUTH_TOKEN"}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            name = str(first["loc"][0])
            raise InvalidInput(
                f"{name}: {first['msg']}", fix=f"correct {name}, or unset it", field=name
            ) from None
