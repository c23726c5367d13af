"""What this machine's Docker has: a daemon that answers, containers, ports."""

from __future__ import annotations

from typing import NoReturn

from plat_core.errors import Unavailable

from plat_cli.advice import port_free, port_holder
from plat_cli.kind.subprocesses import CommandFailed, OnProgress, run, stream
from plat_cli.kind.target import KindCluster

NOT_ALLOWED = "permission denied"
ABSENT = ("no such object", "no such container", "no such image")


def daemon() -> str:
    """The version of the daemon; raises Unavailable with what to type where it does not answer."""
    try:
        return run("docker", "version", "--format", "{{.Server.Version}}", timeout=20).strip()
    except CommandFailed as error:
        if NOT_ALLOWED in error.output.lower():
            fix = "sudo usermod -aG docker $USER   (then log in again)"
            raise Unavailable("this user may not use Docker's socket", fix=fix) from error
        raise Unavailable(
            f"Docker's daemon does not answer: {error.output.splitlines()[-1]}",
            fix="sudo systemctl start docker   (or start Docker Desktop)",
        ) from error


def state(container: str) -> str:
    """What Docker says of a container (running, exited, paused, …); empty where there is none."""
    return _inspect("{{.State.Status}}", container)


def ensure_running(container: str) -> str:
    """Have a container of that name run, if there is one; returns the state it was in."""
    found = state(container)
    if found == "paused":
        run("docker", "unpause", container)
    elif found and found != "running":
        run("docker", "start", container)
    return found


def published(container: str, port: int) -> int | None:
    """At which port of this machine a running container answers for its own; None: at none."""
    lines = run("docker", "port", container).splitlines()
    found = [line.rpartition(":")[2] for line in lines if line.startswith(f"{port}/tcp ")]
    return int(found[0]) if found else None


def ensure_image(image: str, on_progress: OnProgress, *, otherwise: str) -> None:
    """Have an image on this machine; `otherwise` is what to type where it cannot be pulled."""
    if _inspect("{{.Id}}", image):
        return
    on_progress(f"pulls {image}")
    try:
        stream("docker", "pull", image, on_progress=on_progress)
    except CommandFailed as error:
        _pull_failed(image, error, otherwise)


def _pull_failed(image: str, error: CommandFailed, otherwise: str) -> NoReturn:
    raise Unavailable(
        f"the image {image} cannot be pulled: {error.output.splitlines()[-1]}",
        fix=f"docker pull {image}   (to see more)\n{otherwise}".strip(),
    ) from error


def check_port_free(port: int, target: KindCluster, *, option: str, other: KindCluster) -> None:
    """Raise Unavailable where somebody else listens on a port that is needed.

    `option` is how another port is chosen, `other` the target with such a one.
    """
    if port_free("127.0.0.1", port):
        return
    container = _publisher(port)
    holder = f"the container {container}" if container else port_holder(port) or "another process"
    end = f"docker stop {container}" if container else "end it, if it is not needed"
    raise Unavailable(
        f"port {port} of this machine is taken: {holder} holds it, and {target.name} needs it",
        fix=f"{end}\n{other.command()}   ({option} takes any free port)",
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
