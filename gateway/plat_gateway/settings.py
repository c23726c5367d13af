"""The gateway's settings: the only module of the gateway that names environment variables.

Every field's alias is its environment variable; `docs/reference/settings.md` describes each.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from plat_http.settings import MIB, PRINTABLE, URL, Networks, Port, ServiceSettings, Texts
from platformdirs import user_state_path
from pydantic import Field


class ApiSettings(ServiceSettings):
    """Settings of a service that serves the management API."""

    public_url: Annotated[str | None, Field(alias="PLAT_PUBLIC_URL", pattern=URL)] = None
    dev: Annotated[bool | None, Field(alias="PLAT_DEV")] = None
    builder_url: Annotated[str, Field(alias="BUILDER_URL", pattern=URL)] = "http://localhost:8082"
    cors_origins: Annotated[Texts, Field(alias="PLAT_CORS_ORIGINS")] = (
        "http://localhost:5173",
        "http://localhost:3000",
    )
    trusted_proxies: Annotated[Networks, Field(alias="PLAT_TRUSTED_PROXIES")] = ()
    json_limit: Annotated[int, Field(alias="PLAT_JSON_LIMIT", ge=1024)] = MIB
    build_limit: Annotated[int, Field(alias="PLAT_BUILD_LIMIT", ge=1024)] = 256 * MIB
    wait_limit: Annotated[float, Field(alias="PLAT_WAIT_LIMIT", gt=0, le=3600)] = 60.0
    stream_limit: Annotated[float, Field(alias="PLAT_STREAM_LIMIT", gt=0, le=86_400)] = 3600.0

    @property
    def is_dev(self) -> bool:
        """Whether this is a development setup: `PLAT_DEV`, or else a loopback address."""
        return self.is_loopback if self.dev is None else self.dev

    @property
    def url(self) -> str:
        """URL of the service for clients, without a final slash."""
        host = "localhost" if self.host in ("localhost", "127.0.0.1") else self.host
        host = f"[{host}]" if ":" in host else host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")


class GatewaySettings(ApiSettings):
    """Settings of the gateway."""

    viewer_token: Annotated[
        str | None, Field(alias="AUTH_TOKEN_VIEWER", pattern=PRINTABLE, repr=False)
    ] = None
    home: Annotated[Path, Field(alias="PLAT_HOME")] = Field(
        default_factory=lambda: user_state_path("plat")
    )
    backend: Annotated[Literal["embedded", "docker", "kubernetes"], Field(alias="PLAT_BACKEND")] = (
        "embedded"
    )
    controller_url: Annotated[str, Field(alias="CONTROLLER_URL", pattern=URL)] = (
        "http://localhost:8081"
    )
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
    peer_port: Annotated[Port, Field(alias="PLAT_PEER_PORT")] = 8089
    pod_name: Annotated[str, Field(alias="PLAT_POD_NAME")] = ""
    pod_namespace: Annotated[str, Field(alias="PLAT_POD_NAMESPACE")] = ""
    access_log: Annotated[bool, Field(alias="PLAT_ACCESS_LOG")] = False
    start_timeout: Annotated[float, Field(alias="PLAT_START_TIMEOUT", ge=1, le=3600)] = 60.0

    @property
    def is_dev(self) -> bool:
        """Whether this is a development setup.

        `PLAT_DEV` decides. Without it, only a process on this machine is one: a gateway in a
        cluster never is.
        """
        if self.dev is not None:
            return self.dev
        return (self.backend == "embedded" or self.contained) and self.is_loopback
