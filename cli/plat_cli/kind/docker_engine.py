"""Queries the local Docker daemon for containers, images and ports."""

from __future__ import annotations

from typing import NoReturn

from plat_core.errors import Unavailable

from plat_cli.advice import port_free, port_holder
from plat_cli.kind.subprocesses import CommandFailed, OnProgress, run, stream
from plat_cli.kind.target import KindCluster

NOT_ALLOWED = "permission denied"
ABSENT = ("no such object", "no such container", "no such image")


def daemon() -> str:
    """Return the version of the daemon. Raises Unavailable if it does not respond."""
    try:
        return run("docker", "version", "--format", "{{.Server.Version}}", timeout=20).strip()
    except CommandFailed as error:
        if NOT_ALLOWED in error.output.lower():
            fix = "sudo usermod -aG docker $USER   (then log in again)"
            raise Unavailable("this user has no access to the Docker socket", fix=fix) from error
        raise Unavailable(
            f"the Docker daemon does not respond: {error.output.splitlines()[-1]}",
            fix="sudo systemctl start docker   (or start Docker Desktop)",
        ) from error


def state(container: str) -> str:
    """Return the state of a container (running, exited, paused, …), empty if it does not exist."""
    return _inspect("{{.State.Status}}", container)


def ensure_running(container: str) -> str:
    """Start a stopped or paused container and return its previous state."""
    found = state(container)
    if found == "paused":
        run("docker", "unpause", container)
    elif found and found != "running":
        run("docker", "start", container)
    return found


def published(container: str, port: int) -> int | None:
    """Return the local port on which a container publishes its port, or None."""
    lines = run("docker", "port", container).splitlines()
    found = [line.rpartition(":")[2] for line in lines if line.startswith(f"{port}/tcp ")]
    return int(found[0]) if found else None


def ensure_image(image: str, on_progress: OnProgress, *, otherwise: str) -> None:
    """Pull an image if it is missing. `otherwise` is the advice if that fails."""
    if _inspect("{{.Id}}", image):
        return
    on_progress(f"pulling {image}")
    try:
        stream("docker", "pull", image, on_progress=on_progress)
    except CommandFailed as error:
        _pull_failed(image, error, otherwise)


def _pull_failed(image: str, error: CommandFailed, otherwise: str) -> NoReturn:
    raise Unavailable(
        f"the image {image} cannot be pulled: {error.output.splitlines()[-1]}",
        fix=f"docker pull {image}   (for details)\n{otherwise}".strip(),
    ) from error


def check_port_free(port: int, target: KindCluster, *, option: str, other: KindCluster) -> None:
    """Raise Unavailable if a port is in use.

    `option` sets the port, and `other` is the same cluster with another one.
    """
    if port_free("127.0.0.1", port):
        return
    container = _publisher(port)
    holder = f"the container {container}" if container else port_holder(port) or "another process"
    end = f"docker stop {container}" if container else "stop that process"
    raise Unavailable(
        f"port {port} is used by {holder}, and {target.name} needs it",
        fix=f"{end}\n{other.command()}   ({option} sets another port)",
    )


def _publisher(port: int) -> str:
    names = run("docker", "ps", "--filter", f"publish={port}", "--format", "{{.Names}}")
    return (names.split() or [""])[0]


def _inspect(template: str, name: str) -> str:
    try:
        return run("docker", "inspect", "--format", template, name).strip()
    except CommandFailed as error:
        if any(word in error.output.lower() for word in ABSENT):
            return ""
        raise
