"""Settings of services: one base class, read from environment variables.

Every field's alias is its environment variable. Each service adds the fields that it uses.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Annotated, Self

from plat_core.errors import InvalidInput
from plat_core.services.tokens import DEV_TOKEN
from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from plat_http.client_addresses import Network

PRINTABLE = r"^[!-~]+$"
URL = r"^https?://[^\s/?#]+[^\s?#]*$"
MIB = 1024 * 1024

Port = Annotated[int, Field(ge=0, le=65535)]


def _split(value: object) -> object:
    """Split the text of an environment variable at its commas."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _networks(value: object) -> object:
    parts = _split(value)
    return tuple(ip_network(part) for part in parts) if isinstance(parts, tuple) else value


Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Networks = Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_networks)]


class EnvironmentSettings(BaseSettings):
    """Settings that are read from a given environment; the constructor reads none."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, case_sensitive=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Use the arguments of the constructor only."""
        return (init_settings,)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings; raise InvalidInput with the name of an invalid variable."""
        names = {field.alias for field in cls.model_fields.values() if field.alias}
        source = EnvSettingsSource(cls)
        # compose files pass unset variables as ""; an empty token must still be rejected
        source.env_vars = {
            name: value
            for name, value in environment.items()
            if name in names and (value or name == "AUTH_TOKEN")
        }
        try:
            return cls(**source())
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            name = str(first["loc"][0])
            raise InvalidInput(
                f"{name}: {first['msg']}", fix=f"correct {name}, or unset it", field=name
            ) from None


class ServiceSettings(EnvironmentSettings):
    """Settings of every service with an HTTP API."""

    auth_token: Annotated[str, Field(alias="AUTH_TOKEN", repr=False)] = DEV_TOKEN
    host: Annotated[str, Field(alias="PLAT_HOST", min_length=1)] = "127.0.0.1"
    port: Annotated[Port, Field(alias="PLAT_PORT")] = 8080
    contained: Annotated[bool, Field(alias="PLAT_CONTAINED")] = False
    auth_failures: Annotated[int, Field(alias="PLAT_AUTH_FAILURES", ge=1)] = 100

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect.

        A container cannot detect that its port is published on the loopback interface only; the
        compose file, which publishes it there, sets `PLAT_CONTAINED`.
        """
        if self.contained or self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def is_dev(self) -> bool:
        """Whether this is a development setup: only this machine can connect."""
        return self.is_loopback
