"""The compose installation in a company network whose only way out is a proxy."""

from __future__ import annotations

import json
from collections.abc import Iterator

import docker
import pytest
from plat_builder import runtimes

from ..company import INDEX, MODULE, Network, bridge_gateway, company, wheels
from ..tls import Authority
from .composing import Compose, composed, until

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]

SETTINGS = ("PLAT_INDEX_URL", "PLAT_NPM_REGISTRY", "PLAT_CA_BUNDLE")
PYTHON = "3.13"
"""That of the base images."""
SOURCE = """\
from urllib.request import urlopen
from company_tools import WORD

def handler(request):
    with urlopen("https://index.company.test/simple/company-tools/") as page:
        return f"{WORD} {page.status}"
"""


@pytest.fixture(scope="module")
def network(
    docker_client: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Network]:
    """A proxy that containers reach, and an index with the packages of the runtimes."""
    packages = tmp_path_factory.mktemp("wheels")
    for runtime in ("python", "python-flask"):
        wheels(packages, runtimes.find() / runtime / "requirements.txt", PYTHON)
    authority = Authority(tmp_path_factory.mktemp("authority"))
    nobody = ("127.0.0.1", 9)
    with company(authority, packages, nobody, bridge_gateway(docker_client)) as network:
        yield network


@pytest.fixture(scope="module")
def inside(compose: Compose, network: Network) -> Iterator[Compose]:
    """An installation whose `.env` names the proxy, the index and the CA."""
    proxy = network.settings["PLAT_PROXY"]
    with composed(
        like=compose,
        HTTP_PROXY=proxy,
        HTTPS_PROXY=proxy,
        **{name: network.settings[name] for name in SETTINGS},
    ) as inside:
        yield inside


def answer_of(name: str, files: dict[str, str], inside: Compose, network: Network) -> str:
    """Return the response of a new function whose build used only the company index."""
    built = inside.http.post("/build", params={"name": name}, json={"inline": files})
    assert built.status_code == 200, built.text
    assert network.taken() == {f"{INDEX}:443"}
    body = {"name": name, "image": built.json()["image"]}
    assert inside.http.post("/register", json=body).status_code == 201
    until(lambda: inside.reason(name) == "Serving")
    return inside.call(name).text


def test_builds_the_base_images_through_the_proxy(inside: Compose, network: Network) -> None:
    assert network.taken() == {f"{INDEX}:443"}
    output = inside.run("logs", "--no-log-prefix", "runtimes")
    for name in ("python", "python-flask", "node"):
        assert f"runtime-{name}" in output
    assert output.count("is pushed: sha256:") == 3


def test_builder_and_function_use_the_proxy(inside: Compose, network: Network) -> None:
    files = {"app.py": SOURCE, "requirements.txt": "company-tools\n"}
    assert answer_of("outward", files, inside, network) == "ours 200"
    assert network.taken() == {f"{INDEX}:443"}


def test_fetches_node_packages_from_the_company_registry(inside: Compose, network: Network) -> None:
    code = f"import word from '{MODULE}';\nexport const handler = () => `${{word}}`;\n"
    package = {"type": "module", "dependencies": {MODULE: "^1.0.0"}}
    files = {"index.mjs": code, "package.json": json.dumps(package)}
    assert answer_of("noded", files, inside, network) == "ours"
