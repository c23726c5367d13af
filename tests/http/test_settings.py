"""Settings of services: each has its own on a shared base."""

from __future__ import annotations

import pytest
from plat_builder.serving.settings import BuilderSettings
from plat_controller.settings import ControllerSettings
from plat_core.errors import InvalidInput
from plat_gateway.settings import GatewaySettings
from plat_http.settings import EnvironmentSettings, ServiceSettings
from plat_metadata.settings import MetadataSettings
from plat_operator.settings import OperatorSettings

SERVICES: list[tuple[type[ServiceSettings], int]] = [
    (GatewaySettings, 8080),
    (ControllerSettings, 8081),
    (BuilderSettings, 8082),
    (MetadataSettings, 8083),
]


def variables(settings: type[EnvironmentSettings]) -> set[str]:
    return {str(field.alias) for field in settings.model_fields.values() if field.alias}


@pytest.mark.parametrize(("settings", "port"), SERVICES)
def test_each_service_has_its_port(settings: type[ServiceSettings], port: int) -> None:
    assert settings.from_environment({}).port == port


@pytest.mark.parametrize("settings", [kind for kind, _ in SERVICES])
def test_an_invalid_value_names_its_variable(settings: type[ServiceSettings]) -> None:
    with pytest.raises(InvalidInput) as caught:
        settings.from_environment({"PLAT_PORT": "70000"})
    assert caught.value.field == "PLAT_PORT"
    assert "PLAT_PORT" in str(caught.value.fix)


def test_a_service_has_no_settings_of_another() -> None:
    gateway_only = {"PLAT_BACKEND", "PLAT_ASYNC_QUEUE", "PLAT_PEERS"}
    for settings in (ControllerSettings, MetadataSettings, BuilderSettings, OperatorSettings):
        assert not variables(settings) & gateway_only


def test_the_constructor_does_not_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAT_PORT", "9999")
    assert BuilderSettings().port == 8082


def test_an_unset_variable_of_a_compose_file_is_the_default_but_an_empty_token_is_not() -> None:
    settings = GatewaySettings.from_environment({"PLAT_PORT": "", "AUTH_TOKEN": ""})
    assert (settings.port, settings.auth_token) == (8080, "")


def test_variables_are_case_sensitive_and_field_names_are_none() -> None:
    settings = GatewaySettings.from_environment({"home": "/tmp/x", "port": "1", "plat_port": "2"})
    assert settings.port == 8080
    assert settings.home.name == "plat"
