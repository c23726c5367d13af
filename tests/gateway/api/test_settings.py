"""Settings: read from the environment, validated and documented."""

from __future__ import annotations

from pathlib import Path

import pytest
from plat_core.errors import InvalidInput
from plat_gateway.settings import GatewaySettings

PAGE = Path(__file__).parents[3] / "docs/reference/settings.md"


def test_every_setting_has_a_heading_in_the_reference() -> None:
    headings = {
        line.removeprefix("### ").strip("`")
        for line in PAGE.read_text().splitlines()
        if line.startswith("### ")
    }
    assert headings >= {field.alias for field in GatewaySettings.model_fields.values()}


def test_defaults_fit_a_first_start() -> None:
    settings = GatewaySettings.from_environment({})
    assert (settings.host, settings.port, settings.backend) == ("127.0.0.1", 8080, "embedded")
    assert settings.url == "http://localhost:8080"
    assert settings.is_dev
    assert settings.home.name == "plat"


def test_reads_the_environment() -> None:
    settings = GatewaySettings.from_environment(
        {
            "AUTH_TOKEN": "t0ken",
            "PLAT_HOST": "0.0.0.0",
            "PLAT_PORT": "9000",
            "PLAT_DEV": "false",
            "PLAT_CORS_ORIGINS": "https://a.example, https://b.example",
            "PLAT_TRUSTED_PROXIES": "10.0.0.0/8,::1",
            "PLAT_PUBLIC_URL": "https://plat.example/",
            "PLAT_BACKEND": "",
            "HOME": "/home/somebody",
        }
    )
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert settings.url == "https://plat.example"
    assert settings.backend == "embedded"
    assert not settings.is_dev
    assert not settings.is_loopback


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLAT_PORT", "70000"),
        ("PLAT_PORT", "http"),
        ("PLAT_BACKEND", "nomad"),
        ("PLAT_DEV", "perhaps"),
        ("PLAT_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("PLAT_PUBLIC_URL", "plat.example"),
        ("PLAT_WAIT_LIMIT", "-1"),
        ("PLAT_START_TIMEOUT", "0"),
    ],
)
def test_an_invalid_value_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        GatewaySettings.from_environment({name: value})
    assert caught.value.field == name
    assert name in caught.value.fix


def test_repr_hides_the_token() -> None:
    assert "s3cret" not in repr(GatewaySettings(auth_token="s3cret"))
