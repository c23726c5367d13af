"""A company's proxy, authority and index: one setting reaches builds, registry and functions."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plat_builder import runtimes, settings
from plat_builder.engines.environment import EnvironmentEngine
from plat_builder.engines.layers import LayersEngine
from plat_builder.images.connection import connect
from plat_builder.settings import BuildSettings

from tests.builder.conftest import build
from tests.builder.engines.conftest import Place
from tests.builder.test_environment import artifact
from tests.builder.test_environment import run as run_artifact
from tests.company import INDEX, REGISTRY, Network, bridge_gateway, company, wheels
from tests.relay import Relay
from tests.tls import Authority

pytestmark = pytest.mark.docker

SOURCE = """\
import os
from urllib.request import urlopen
from company_tools import WORD

def handler(request):
    with urlopen("https://index.company.test/simple/company-tools/") as page:
        return f"{WORD} {page.status}"
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    requirements = runtimes.find() / "python" / "requirements.txt"
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    return wheels(tmp_path_factory.mktemp("wheels"), requirements, here, "3.13")


@pytest.fixture
async def network(place: Place, packages: Path, tmp_path: Path) -> AsyncIterator[Network]:
    """Its proxy is where containers reach it, too; its registry is ours, over TLS."""
    authority = Authority(tmp_path)
    port = place.settings.registry.url.rpartition(":")[2]
    relay = Relay(lambda: asyncio.open_connection("127.0.0.1", int(port)))
    registry = ("127.0.0.1", await relay.at_port(authority.server(REGISTRY)))
    with company(authority, packages, registry, bridge_gateway(place.client)) as network:
        yield network
    await relay.cut()


@pytest.fixture
def configured(place: Place, network: Network, tmp_path: Path) -> BuildSettings:
    """What the builder of such a company reads; its registry is reached through the proxy too."""
    name = place.settings.registry.name
    own = {"PLAT_REGISTRY": name, "PLAT_REGISTRY_URL": f"https://{REGISTRY}"}
    return settings.read({**network.settings, **own, "HOME": str(tmp_path)})


async def test_an_environment_is_built_through_the_proxy(
    configured: BuildSettings, network: Network, tmp_path: Path, folder: Callable[..., Path]
) -> None:
    engine = EnvironmentEngine(tmp_path / "home", runtimes=runtimes.find(), settings=configured)
    built = await build(engine, folder({"app.py": SOURCE, "requirements.txt": "company-tools\n"}))
    found = artifact(tmp_path / "home", built.finished.digest)
    assert run_artifact(found, "import app; print(app.WORD)") == "ours"
    assert network.taken() == {f"{INDEX}:443"}


async def test_an_image_is_built_and_pushed_through_the_proxy_and_its_function_calls_through_it(
    configured: BuildSettings,
    network: Network,
    tmp_path: Path,
    folder: Callable[..., Path],
    run: Callable[..., Any],
    name: str,
) -> None:
    registry = connect(configured)
    engine = LayersEngine(
        tmp_path / "home", runtimes=runtimes.find(), registry=registry, settings=configured
    )
    source = folder({"app.py": SOURCE, "requirements.txt": "company-tools\n"})
    built = await build(engine, source, name)
    image = built.finished.image
    await registry.close()
    assert network.taken() == {f"{INDEX}:443", f"{REGISTRY}:443"}
    # the authority is in the image; of the rest, the controller gives a function what it has itself
    company = replace(configured.network, ca_bundle="").variables()
    answer = await (await run(image, **company)).call("/")
    assert answer.text == "ours 200"
    assert network.taken() == {f"{INDEX}:443"}


async def test_what_is_the_platforms_own_is_reached_beside_the_proxy(
    place: Place, network: Network
) -> None:
    """As in the compose file, whose names end in `.edge`: the proxy would let nobody through."""
    place.container.reload()
    address = place.container.attrs["NetworkSettings"]["Networks"]["bridge"]["IPAddress"]
    own = {"PLAT_REGISTRY_URL": f"http://{address}:5000", "NO_PROXY": f".edge,{address}"}
    registry = connect(settings.read({**network.settings, **own}))
    assert await registry.tags("nobody/nothing") == []
    await registry.close()
    assert network.taken() == set()
