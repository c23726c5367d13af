"""The registry beside the cluster: a container on kind's network, published on this machine."""

from __future__ import annotations

import time

from plat_core.errors import InvalidInput, Unavailable

from plat_cli.client import Client
from plat_cli.faults import Refused, Unreachable
from plat_cli.kind import machine
from plat_cli.kind.place import Place
from plat_cli.kind.programs import Say, answer

IMAGE = "registry:2"
INSIDE = 5000
NETWORK = "kind"
START = 30.0
"""Seconds that a registry gets to answer."""


def have(place: Place, say: Say) -> str:
    """Have the registry run; returns what was done: it runs, was made, or started.

    Raises Unavailable where its port is taken or its image cannot be had, InvalidInput where it
    runs at another port.
    """
    before = machine.revive(place.registry)
    if not before:
        _create(place, say)
    elif (port := machine.published(place.registry, INSIDE)) != place.registry_port:
        here = Place(place.name, place.port, port or place.registry_port)
        raise InvalidInput(
            f"the registry {place.registry} is published at port {port}",
            fix=f"{here.command()}\ndocker rm -f {place.registry}   (its images go with it)",
            field="--registry-port",
        )
    _until_answers(place)
    return {"": "made", "running": "runs"}.get(before, "started")


def remove(place: Place) -> bool:
    """Remove it with its images; returns whether there was one."""
    if not machine.state(place.registry):
        return False
    answer("docker", "rm", "--force", "--volumes", place.registry)
    return True


def tags(place: Place, repository: str) -> set[str]:
    """The tags of a repository; raises Unavailable."""
    client = Client(_url(place), timeout=10)
    try:
        return set(client.call("GET", f"/v2/{repository}/tags/list").get("tags") or ())
    except Refused as error:
        if error.problem.status == 404:
            return set()
        raise
    finally:
        client.close()


def _until_answers(place: Place) -> None:
    client = Client(_url(place), timeout=10)
    end = time.monotonic() + START
    while True:
        try:
            client.call("GET", "/v2/")
        except Unreachable as error:
            if time.monotonic() > end:
                raise Unavailable(
                    f"the registry {place.registry} does not answer: {error.message}",
                    fix=f"docker logs --tail 20 {place.registry}",
                ) from error
            time.sleep(0.1)
        else:
            return
        finally:
            client.close()


def _url(place: Place) -> str:
    return f"http://127.0.0.1:{place.registry_port}"


def claim(place: Place) -> None:
    """Raise Unavailable where there is no registry yet and its port is taken."""
    if not machine.state(place.registry):
        other = Place(place.name, place.port, place.registry_port + 1)
        machine.claim(place.registry_port, place, option="--registry-port", other=other)


def _create(place: Place, say: Say) -> None:
    claim(place)
    machine.have_image(IMAGE, say, otherwise=f"docker tag A-REGISTRY-OF-YOURS {IMAGE}")
    answer(
        *("docker", "run", "--detach", "--name", place.registry, "--network", NETWORK),
        *("--restart", "unless-stopped", "--env", "REGISTRY_STORAGE_DELETE_ENABLED=true"),
        *("--publish", f"127.0.0.1:{place.registry_port}:{INSIDE}", IMAGE),
    )
