"""Images in a registry that requires credentials."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from plat_builder.images.documents import Blob
from plat_builder.images.registry import Registry
from plat_builder.images.registry_auth import RegistryAuth
from plat_core.errors import Unavailable

from .cluster import Cluster, run
from .functions import Functions
from .process import OperatorProcess, fetch, until

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

USER, PASSWORD = "plat", "of-the-test"
HTPASSWD = f"{USER}:$2b$04$l82fZH9DWG6OJdGcDsNYTuks3l.EDG.mHGMZMGoDvEpJI5NmHH2N2\n"


@dataclass(frozen=True)
class Private:
    """A private registry: its name for nodes, and its address for the tests."""

    host: str
    url: str

    def client(self, password: str = PASSWORD) -> Registry:
        """Return a client such as that of the builder."""
        return Registry(self.url, login=RegistryAuth(USER, password))


@pytest.fixture(scope="module")
def private(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Private]:
    name = f"{cluster.name}-private"
    users = tmp_path_factory.mktemp("private") / "users"
    users.write_text(HTPASSWD, encoding="utf-8")
    settings = {"": "htpasswd", "_HTPASSWD_REALM": "private", "_HTPASSWD_PATH": "/users"}
    run("docker", "rm", "--force", "--volumes", name, check=False)
    run(
        *("docker", "create", "--name", name, "--network", "kind"),
        *("--publish", "127.0.0.1::5000"),
        *(f"--env=REGISTRY_AUTH{key}={value}" for key, value in settings.items()),
        "registry:2",
    )
    try:
        yield _started(cluster, name, users)
    finally:
        run("docker", "rm", "--force", "--volumes", name)


def _started(cluster: Cluster, name: str, users: Path) -> Private:
    run("docker", "cp", users, f"{name}:/users")
    run("docker", "start", name)
    folder = f"/etc/containerd/certs.d/{name}:5000"
    hosts = f'[host."http://{name}:5000"]\n'
    for node in run("kind", "get", "nodes", "--name", cluster.name).split():
        run("docker", "exec", node, "mkdir", "-p", folder)
        run("docker", "exec", "-i", node, "cp", "/dev/stdin", f"{folder}/hosts.toml", text=hosts)
    url = f"http://{run('docker', 'port', name, '5000/tcp').split()[0]}"
    until(lambda: fetch(f"{url}/v2/")[0] == 401, what="the registry requires credentials")
    return Private(f"{name}:5000", url)


async def _push(cluster: Cluster, image: str, private: Private) -> str:
    """Copy an image like the builder, and return its new name, which no node has pulled yet."""
    source, _, digest = image.partition("/")[2].partition("@")
    repository = f"{source}-{uuid.uuid4().hex[:8]}"
    here, there = private.client(), Registry(f"http://localhost:{cluster.registry_port}")
    try:
        found = await there.manifest(source, digest)
        assert found is not None
        manifest = json.loads(found[0])
        for entry in (*manifest["layers"], manifest["config"]):
            blob = Blob(entry["digest"], entry["size"])
            await here.copy(repository, blob, source, of=there)
        assert await here.put_manifest(repository, "latest", *found)
    finally:
        await here.close()
        await there.close()
    return f"{private.host}/{repository}@{digest}"


async def _pushed_with(private: Private, password: str) -> str:
    client = private.client(password)
    try:
        await client.put_manifest("hello", "latest", b"{}", "application/json")
    except Unavailable as error:
        return error.message
    finally:
        await client.close()
    return ""


def test_reports_wrong_credentials_of_a_push(private: Private) -> None:
    assert "does not let the builder in" in asyncio.run(_pushed_with(private, "another"))


def test_pulls_a_private_image_with_the_credentials_of_the_namespace(
    functions: Functions, operator: OperatorProcess, private: Private
) -> None:
    image = asyncio.run(_push(functions.cluster, functions.image, private))
    functions.apply("hello", image=image)
    assert "401" in functions.until_reason("hello", "ImagePullDenied")
    hints = [hint["fix"] for hint in functions.status("hello")["hints"]]
    assert any("create secret docker-registry" in hint for hint in hints)
    login = (f"--docker-server={private.host}", f"--docker-username={USER}")
    password = f"--docker-password={PASSWORD}"
    functions.kubectl("create", "secret", "docker-registry", "login", *login, password)
    patch = json.dumps({"imagePullSecrets": [{"name": "login"}]})
    functions.kubectl("patch", "serviceaccount", "default", "-p", patch)
    until(
        lambda: _pull_secrets(functions) == [{"name": "login"}],
        what="the account has the pull secret",
    )
    functions.apply("hello", image=image, redeployedAt="2026-01-02T03:04:05Z")
    functions.wait("hello")
    functions.until_answer("hello", "/", "hello-2 /")
    functions.kubectl("patch", "serviceaccount", "default", "-p", '{"imagePullSecrets": null}')
    until(
        lambda: _pull_secrets(functions) == [], what="the pull secret is removed from the account"
    )


def _pull_secrets(functions: Functions) -> list[dict[str, str]]:
    found: list[dict[str, str]] = functions.get("serviceaccount", "plat-function").get(
        "imagePullSecrets", []
    )
    return found
