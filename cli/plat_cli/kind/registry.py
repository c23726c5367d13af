"""The registry of the cluster: a container on the network of kind with a local port."""

from __future__ import annotations

import time

from plat_core.errors import InvalidInput, Unavailable

from plat_cli.client import Client
from plat_cli.errors import RequestRejected, Unreachable
from plat_cli.kind import docker_engine
from plat_cli.kind.subprocesses import OnProgress, run
from plat_cli.kind.target import KindCluster

IMAGE = "registry:2"
REGISTRY_PORT_INSIDE = 5000
NETWORK = "kind"
START = 30.0
"""Timeout (s) for the registry to respond."""


def ensure(target: KindCluster, on_progress: OnProgress) -> str:
    """Create or start the registry and return what was done: running, created or started.

    Raises Unavailable if its port is in use or its image is missing, and InvalidInput if it uses
    another port.
    """
    before = docker_engine.ensure_running(target.registry)
    if not before:
        _create(target, on_progress)
    elif (
        port := docker_engine.published(target.registry, REGISTRY_PORT_INSIDE)
    ) != target.registry_port:
        here = KindCluster(target.name, target.port, port or target.registry_port)
        raise InvalidInput(
            f"the registry {target.registry} is published at port {port}",
            fix=f"{here.command()}\ndocker rm -f {target.registry}   (deletes its images)",
            field="--registry-port",
        )
    _wait_for_registry(target)
    return {"": "created", "running": "running"}.get(before, "started")


def remove(target: KindCluster) -> bool:
    """Delete the registry with its images. Return whether it existed."""
    if not docker_engine.state(target.registry):
        return False
    run("docker", "rm", "--force", "--volumes", target.registry)
    return True


def tags(target: KindCluster, repository: str) -> set[str]:
    """Return the tags of a repository. Raises Unavailable."""
    client = Client(_url(target), timeout=10)
    try:
        return set(client.call("GET", f"/v2/{repository}/tags/list").get("tags") or ())
    except RequestRejected as error:
        if error.problem.status == 404:
            return set()
        raise
    finally:
        client.close()


def _wait_for_registry(target: KindCluster) -> None:
    client = Client(_url(target), timeout=10)
    end = time.monotonic() + START
    while True:
        try:
            client.call("GET", "/v2/")
        except Unreachable as error:
            if time.monotonic() > end:
                raise Unavailable(
                    f"the registry {target.registry} does not respond: {error.message}",
                    fix=f"docker logs --tail 20 {target.registry}",
                ) from error
            time.sleep(0.1)
        else:
            return
        finally:
            client.close()


def _url(target: KindCluster) -> str:
    return f"http://127.0.0.1:{target.registry_port}"


def check_port_free(target: KindCluster) -> None:
    """Raise Unavailable if the registry does not exist and its port is in use."""
    if not docker_engine.state(target.registry):
        other = KindCluster(target.name, target.port, target.registry_port + 1)
        docker_engine.check_port_free(
            target.registry_port, target, option="--registry-port", other=other
        )


def _create(target: KindCluster, on_progress: OnProgress) -> None:
    check_port_free(target)
    docker_engine.ensure_image(
        IMAGE, on_progress, otherwise=f"docker tag YOUR-REGISTRY-IMAGE {IMAGE}"
    )
    run(
        *("docker", "run", "--detach", "--name", target.registry, "--network", NETWORK),
        *("--restart", "unless-stopped", "--env", "REGISTRY_STORAGE_DELETE_ENABLED=true"),
        *("--publish", f"127.0.0.1:{target.registry_port}:{REGISTRY_PORT_INSIDE}", IMAGE),
    )
