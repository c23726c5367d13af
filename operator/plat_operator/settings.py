"""The operator's settings: the one place of this service that names environment variables.

Every field's alias is its environment variable; `docs/reference/settings.md` explains each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from plat_core.errors import InvalidInput
from pydantic import BaseModel, ConfigDict, Field, ValidationError

NETWORK = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)
"""What of a company's network reaches replicas, where it is set for the operator."""


_NAME = "[a-z0-9][-.a-z0-9]*"


class OperatorSettings(BaseModel):
    """What a cluster's owner may set."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    namespace: Annotated[str, Field(alias="PLAT_NAMESPACE", min_length=1)] = "plat-system"
    public_url: Annotated[
        str, Field(alias="PLAT_PUBLIC_URL", pattern=r"^https?://[^\s/?#]+[^\s?#]*$")
    ] = "http://localhost:8080"
    probe_host: Annotated[str, Field(alias="PLAT_PROBE_HOST", min_length=1)] = "127.0.0.1"
    probe_port: Annotated[int, Field(alias="PLAT_PROBE_PORT", ge=0, le=65535)] = 8086
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
    def from_environment(cls, environment: Mapping[str, str]) -> OperatorSettings:
        """Read the settings; raises InvalidInput naming the guilty variable."""
        names = [field.alias for field in cls.model_fields.values() if field.alias]
        given: dict[str, Any] = {n: environment[n] for n in names if environment.get(n)}
        given["network"] = {n: environment[n] for n in NETWORK if environment.get(n)}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            name = str(first["loc"][0])
            raise InvalidInput(
                f"{name}: {first['msg']}", fix=f"correct {name}, or unset it", field=name
            ) from None
