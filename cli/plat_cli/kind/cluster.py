"""The cluster itself: made by kind, woken by Docker, asked through its own node."""

from __future__ import annotations

import re
from pathlib import Path

from plat_core.errors import InvalidInput, Unavailable

from plat_cli.kind import checkout, machine
from plat_cli.kind.place import PORT, Place
from plat_cli.kind.programs import ProgramFailed, Say, answer, follow

NODE_PORT = 30080
"""The gateway's fixed port of each node; kind-config.yaml maps it to one of this machine."""
NODE_IMAGE = "KIND_NODE_IMAGE"
ADMIN = "/etc/kubernetes/admin.conf"
INOTIFY = "/proc/sys/fs/inotify/max_user_instances"
MANY = 512
"""With fewer than these watchers, the kubelets of several nodes soon have none left."""
READY = 120
"""Seconds that a node gets to be ready."""


def names() -> list[str]:
    """Every kind cluster of this machine, running or not."""
    return answer("kind", "get", "clusters").split()


def nodes(place: Place) -> list[str]:
    """The containers that are the cluster's nodes."""
    return answer("kind", "get", "nodes", "--name", place.name).split()


def create(place: Place, root: Path, image: str, say: Say) -> None:
    """Make the cluster; raises Unavailable, with nothing left of it, where that fails."""
    machine.claim(place.port, place, option="--port", other=_other_port(place))
    if image:
        machine.have_image(image, say, otherwise=f"name another one in {NODE_IMAGE}")
    config = _config(root, place)
    chosen = ("--image", image) if image else ()
    line = ("kind", "create", "cluster", "--name", place.name, "--config", "-", *chosen)
    try:
        follow(*line, "--wait", f"{READY}s", say=_plain(say), text=config)
    except ProgramFailed as error:
        raise _failed(place, error) from error


def wake(place: Place, say: Say) -> bool:
    """Have the nodes of an existing cluster run and ready; returns whether any had to be started.

    Raises Unavailable where one does not come back, or the gateway is published elsewhere.
    """
    slept = [node for node in nodes(place) if machine.revive(node) != "running"]
    for node in slept:
        say(f"starts {node}")
    _check_port(place)
    try:
        _until_ready(place)
    except ProgramFailed as error:
        raise Unavailable(
            f"the cluster {place.name} is there but does not get ready: {error.end}",
            fix=f"{place.command('down')} && {place.command()}   (its functions go with it)",
        ) from error
    return bool(slept)


def delete(place: Place, say: Say) -> None:
    """Delete the cluster, and its context from the user's kubeconfig."""
    follow("kind", "delete", "cluster", "--name", place.name, say=say)


def kubectl(place: Place, *arguments: str, text: str | None = None, timeout: float = 60) -> str:
    """What the node's own kubectl answers; raises ProgramFailed."""
    line = ("docker", "exec", "-i", place.node, "kubectl", "--kubeconfig", ADMIN)
    return answer(*line, *arguments, text=text, timeout=timeout)


def typed(place: Place, arguments: str) -> str:
    """A line for the user's shell that asks the cluster, with nothing but Docker installed."""
    return f"docker exec {place.node} kubectl --kubeconfig {ADMIN} {arguments}"


def tell_registry(place: Place) -> None:
    """Tell each node where images named `localhost:5001/…` are: at the registry's container."""
    address = f"http://{place.registry}:5000"
    # without `server` the node would ask itself at localhost as well, and tell of that instead
    hosts = f'server = "{address}"\n[host."{address}"]\n'
    folder = f"/etc/containerd/certs.d/{place.images}"
    write = f"mkdir -p {folder} && cat >{folder}/hosts.toml"
    for node in nodes(place):
        answer("docker", "exec", "-i", node, "sh", "-c", write, text=hosts)


def _config(root: Path, place: Place) -> str:
    text = (root / checkout.CONFIG).read_text(encoding="utf-8")
    return re.sub(rf"hostPort: {PORT}\b", f"hostPort: {place.port}", text)


def _check_port(place: Place) -> None:
    port = machine.published(place.node, NODE_PORT)
    if port == place.port:
        return
    where = f"publishes its gateway at port {port}" if port else "was not made by plat up --kind"
    fix = Place(place.name, port, place.registry_port).command() if port else ""
    another = Place(f"{place.name}-2", place.port, place.registry_port).command()
    raise InvalidInput(
        f"there is a cluster {place.name} already, and it {where}",
        fix=f"{fix}\n{place.command('down')}   (deletes it)\n{another}   (a second one)".strip(),
        field="--port" if port else "--name",
    )


def _until_ready(place: Place) -> None:
    """A node that was just started answers after some seconds; kubectl asks once a second."""
    wait = f"until kubectl --kubeconfig {ADMIN} get --raw /readyz; do sleep 1; done"
    quietly = f"timeout {READY} sh -c '{wait}' >/dev/null 2>&1 || kubectl --kubeconfig {ADMIN}"
    asked = f"{quietly} get --raw /readyz"
    answer("docker", "exec", place.node, "sh", "-c", asked, timeout=READY + 30)
    ready = ("--for=condition=Ready", "node", "--all", f"--timeout={READY}s")
    kubectl(place, "wait", *ready, timeout=READY + 30)


def _failed(place: Place, error: ProgramFailed) -> Unavailable:
    if found := re.search(r'failed to pull image "?([^"\s]+)', error.said):
        return Unavailable(
            f"the image of the node, {found[1]}, cannot be pulled",
            fix=f"docker pull {found[1]}   (to see why)\nname another one in {NODE_IMAGE}",
        )
    told = re.search(r"^ERROR: (.+)$", error.said, re.MULTILINE)
    watchers = int(Path(INOTIFY).read_text()) if Path(INOTIFY).is_file() else MANY
    few = f"sudo sysctl fs.inotify.max_user_instances={MANY}   (it is {watchers})\n"
    return Unavailable(
        f"kind could not make the cluster {place.name}: {told[1] if told else error.end}",
        fix=(few if watchers < MANY else "") + f"{place.command()} --verbose",
    )


def _other_port(place: Place) -> Place:
    return Place(place.name, place.port + 10, place.registry_port)


def _plain(say: Say) -> Say:
    """kind's progress without its bullets and check marks."""
    return lambda line: say(re.sub(r"^[^\w]+|[^\w.)]+$", "", line))
