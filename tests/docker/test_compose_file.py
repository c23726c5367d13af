"""Settings of a company network in the compose file, as its services receive them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from plat_builder import settings
from plat_gateway.settings import GatewaySettings

from ..company import INDEX
from .composing import BESIDE_PROXY, ROOT

pytestmark = pytest.mark.docker

PROXY = "http://proxy.company.test:3128"


@pytest.fixture
def services(tmp_path: Path) -> dict[str, Any]:
    """Return the services of the file with all variables substituted."""
    bundle = tmp_path / "ca.pem"
    bundle.touch()
    company = {
        "HTTP_PROXY": PROXY,
        "HTTPS_PROXY": PROXY,
        "NO_PROXY": BESIDE_PROXY,
        "PLAT_INDEX_URL": f"https://{INDEX}/simple/",
        "PLAT_NPM_REGISTRY": f"https://{INDEX}/npm/",
        "PLAT_CA_BUNDLE": str(bundle),
        "COMPOSE_PROFILES": "metadata",
        "PLAT_ASYNC_QUEUE": "77",
    }
    done = subprocess.run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=ROOT,
        env={**os.environ, **company},
        capture_output=True,
        text=True,
        check=True,
    )
    document = json.loads(done.stdout)
    assert document["secrets"]["ca"]["file"] == str(bundle)
    found: dict[str, Any] = document["services"]
    return found


@pytest.mark.parametrize("name", ["builder", "runtimes"])
def test_building_services_have_the_network_settings(services: dict[str, Any], name: str) -> None:
    network = settings.read(services[name]["environment"]).network
    assert network.index_url == f"https://{INDEX}/simple/"
    assert network.npm_registry == f"https://{INDEX}/npm/"
    assert network.proxies["HTTPS_PROXY"] == network.proxies["HTTP_PROXY"] == PROXY
    [secret] = services[name]["secrets"]
    assert network.ca_bundle == secret["target"] == "/run/secrets/ca"


def test_the_controller_passes_the_proxy_to_functions(services: dict[str, Any]) -> None:
    variables = settings.read(services["function-controller"]["environment"]).network.variables()
    assert variables["https_proxy"] == variables["HTTPS_PROXY"] == PROXY


def test_platform_traffic_bypasses_the_proxy(services: dict[str, Any]) -> None:
    for name in ("gateway", "function-controller", "builder", "runtimes", "metadata"):
        excepted = services[name]["environment"]["NO_PROXY"].split(",")
        assert excepted == [".edge", "localhost", "127.0.0.1", BESIDE_PROXY]
        aliases = services[name]["networks"]["edge"] or {}
        assert all(alias.endswith(".edge") for alias in aliases.get("aliases", ()))


def test_builds_the_service_images_through_the_proxy(services: dict[str, Any]) -> None:
    for name in ("gateway", "function-controller", "builder", "runtimes", "metadata"):
        build = services[name]["build"]["args"]
        assert (build["HTTPS_PROXY"], build["NO_PROXY"]) == (PROXY, BESIDE_PROXY)
        assert build["PIP_INDEX_URL"] == f"https://{INDEX}/simple/"


def test_passes_the_limits_of_asynchronous_calls(services: dict[str, Any]) -> None:
    result = GatewaySettings.from_environment(services["gateway"]["environment"])
    default = GatewaySettings.from_environment({})
    assert (result.async_queue, result.async_attempts) == (77, default.async_attempts)
    passed = {name for name in services["gateway"]["environment"] if name.startswith("PLAT_ASYNC")}
    aliases = {str(field.alias) for field in GatewaySettings.model_fields.values()}
    assert passed == {name for name in aliases if name.startswith("PLAT_ASYNC")}
