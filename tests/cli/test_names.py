"""Invalid names are rejected with the message of the model."""

from pathlib import Path

import pytest
from plat_core.model.names import NAME_RULE, Name
from pydantic import TypeAdapter, ValidationError

from tests.cli.conftest import Plat
from tests.cli.platform import Platform

BAD = ["", "A", "a_b", "a-", "a" * 64, "a.b", "а", "..", "a\n", "a/b", "a b", "%2e"]
COMMANDS = ["describe", "logs", "invoke", "redeploy", "start", "stop", "delete", "scale"]


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("verb", COMMANDS)
def test_rejects_an_invalid_name_before_a_request(
    plat: Plat, platform: Platform, verb: str, name: str
) -> None:
    result = plat(verb, name)
    assert result.code == 2
    assert f"metadata.name: {NAME_RULE}" in result.err
    assert platform.requests == []


@pytest.mark.parametrize("name", [*BAD, "-a"])
def test_deploy_rejects_names_like_the_model(
    plat: Plat, platform: Platform, source: Path, name: str
) -> None:
    with pytest.raises(ValidationError, match="a name has 1 to 63"):
        TypeAdapter(Name).validate_python(name)
    if name:
        result = plat("deploy", str(source), f"--name={name}", "--json")
        assert result.json["detail"] == f"metadata.name: {NAME_RULE}"
        assert result.json["field"] == "metadata.name"
        assert result.code == 2
    assert platform.functions == {}


def test_an_invalid_namespace_has_its_own_field(plat: Plat) -> None:
    result = plat("describe", "a", "--namespace", "B", "--json")
    assert result.json["field"] == "metadata.namespace"
