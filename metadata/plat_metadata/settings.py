"""The Metadata Service's settings."""

from __future__ import annotations

from typing import Annotated

from plat_http.settings import PRINTABLE, URL, Networks, Port, ServiceSettings
from pydantic import Field


class MetadataSettings(ServiceSettings):
    """Settings of the Metadata Service; see `docs/reference/settings.md`."""

    port: Annotated[Port, Field(alias="PLAT_PORT")] = 8083
    viewer_token: Annotated[
        str | None, Field(alias="AUTH_TOKEN_VIEWER", pattern=PRINTABLE, repr=False)
    ] = None
    dev: Annotated[bool | None, Field(alias="PLAT_DEV")] = None
    trusted_proxies: Annotated[Networks, Field(alias="PLAT_TRUSTED_PROXIES")] = ()
    controller_url: Annotated[str, Field(alias="CONTROLLER_URL", pattern=URL)] = (
        "http://localhost:8081"
    )
    gateway_url: Annotated[str, Field(alias="API_URL")] = "http://localhost:8080"

    @property
    def is_dev(self) -> bool:
        """Whether this is a development setup: `PLAT_DEV`, or else a loopback address."""
        return self.is_loopback if self.dev is None else self.dev
