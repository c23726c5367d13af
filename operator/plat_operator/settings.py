"""The operator's settings: the only module of the operator that names environment variables.

Every field's alias is its environment variable; `docs/reference/settings.md` describes each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Self

from plat_http.settings import URL, EnvironmentSettings, Port
from pydantic import Field

NETWORK = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)
"""Variables of a company network that the operator passes on to replicas."""

_NAME = "[a-z0-9][-.a-z0-9]*"


class OperatorSettings(EnvironmentSettings):
    """Settings of the operator."""

    namespace: Annotated[str, Field(alias="PLAT_NAMESPACE", min_length=1)] = "plat-system"
    public_url: Annotated[str, Field(alias="PLAT_PUBLIC_URL", pattern=URL)] = (
        "http://localhost:8080"
    )
    probe_host: Annotated[str, Field(alias="PLAT_PROBE_HOST", min_length=1)] = "127.0.0.1"
    probe_port: Annotated[Port, Field(alias="PLAT_PROBE_PORT")] = 8086
    writes: Annotated[float, Field(alias="PLAT_KUBERNETES_WRITES", ge=1, le=10_000)] = 500.0
    sweep: Annotated[float, Field(alias="PLAT_SWEEP_SECONDS", ge=1, le=3600)] = 60.0
    start: Annotated[int, Field(alias="PLAT_START_TIMEOUT", ge=1, le=3600)] = 120
    builder_url: Annotated[str, Field(alias="BUILDER_URL", pattern=r"^https?://[^\s?#]+$")] = (
        "http://builder:8082"
    )
    pull_secrets: Annotated[
        str, Field(alias="PLAT_PULL_SECRETS", pattern=rf"^({_NAME}(,{_NAME})*)?$")
    ] = ""
    pod_ips: Annotated[str, Field(alias="PLAT_POD_IPS")] = ""
    auth_token: Annotated[str, Field(alias="AUTH_TOKEN", repr=False)] = ""
    network: Mapping[str, str] = {}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raise InvalidInput with the name of an invalid variable."""
        network = {name: environment[name] for name in NETWORK if environment.get(name)}
        return super().from_environment(environment).model_copy(update={"network": network})
