"""What the operator may be told, and what it says to nonsense."""

from __future__ import annotations

import pytest
from plat_core.errors import InvalidInput
from plat_operator.settings import OperatorSettings


def test_without_a_word_the_defaults_hold() -> None:
    settings = OperatorSettings.from_environment({})
    assert (settings.namespace, settings.probe_port) == ("plat-system", 8086)
    assert settings.network == {}


def test_a_companys_network_is_taken_and_nothing_else_of_the_environment() -> None:
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
def test_nonsense_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        OperatorSettings.from_environment({name: value})
    assert caught.value.field == name
