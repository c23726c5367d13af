"""Settings of the operator: defaults, and rejected values."""

from __future__ import annotations

import pytest
from plat_core.errors import InvalidInput
from plat_operator.settings import OperatorSettings


def test_uses_defaults() -> None:
    settings = OperatorSettings.from_environment({})
    assert (settings.namespace, settings.probe_port) == ("plat-system", 8086)
    assert settings.network == {}


def test_reads_proxy_variables_only() -> None:
    settings = OperatorSettings.from_environment(
        {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "", "AWS_SECRET": "x"}
    )
    assert settings.network == {"HTTPS_PROXY": "http://proxy:3128"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLAT_PROBE_PORT", "70000"),
        ("PLAT_PUBLIC_URL", "localhost"),
        ("PLAT_KUBERNETES_WRITES", "0"),
        ("PLAT_SWEEP_SECONDS", "soon"),
        ("PLAT_PULL_SECRETS", "a login"),
    ],
)
def test_names_the_variable_of_an_invalid_value(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        OperatorSettings.from_environment({name: value})
    assert caught.value.field == name
