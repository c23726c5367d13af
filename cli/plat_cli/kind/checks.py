"""What `plat doctor --kind` looks at: the programs, the cluster, and the way to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from plat_core.errors import PlatError
from plat_http.fixes import describe

from plat_cli.kind import checkout, cluster, machine, registry
from plat_cli.kind.place import Place
from plat_cli.kind.programs import ProgramMissing, answer
from plat_cli.report import Check


def kind_checks(place: Place) -> Iterator[Check]:
    """Every check, in the order in which a problem should be mended; ends where the next cannot."""
    steps: list[tuple[str, Callable[[Place], Check]]] = [
        ("clone", _clone),
        ("docker", _docker),
        ("kind", _kind),
        ("cluster", _cluster),
        ("registry", _registry),
        ("context", _context),
    ]
    for name, step in steps:
        try:
            found = step(place)
        except PlatError as error:
            yield Check(name, "fail", error.message, describe(error.fix))
            return
        yield found
        if found.level == "fail":
            return


def _clone(place: Place) -> Check:
    return Check("clone", "ok", str(checkout.find()))


def _docker(place: Place) -> Check:
    return Check("docker", "ok", f"its daemon answers: {machine.daemon()}")


def _kind(place: Place) -> Check:
    return Check("kind", "ok", answer("kind", "version").strip())


def _cluster(place: Place) -> Check:
    if place.name not in cluster.names():
        return Check("cluster", "fail", f"there is no cluster {place.name}", place.command())
    asleep = [node for node in cluster.nodes(place) if machine.state(node) != "running"]
    if asleep:
        return Check("cluster", "fail", f"{', '.join(asleep)} does not run", place.command())
    version = json.loads(cluster.kubectl(place, "get", "--raw", "/version"))
    return Check("cluster", "ok", f"{place.name} answers: Kubernetes {version['gitVersion']}")


def _registry(place: Place) -> Check:
    state = machine.state(place.registry)
    if state != "running":
        text = f"{place.registry} is {state}" if state else f"there is no {place.registry}"
        return Check("registry", "fail", text, place.command())
    port = machine.published(place.registry, registry.INSIDE)
    return Check("registry", "ok", f"{place.registry} runs at localhost:{port}")


def _context(place: Place) -> Check:
    """kubectl is a comfort: without it the cluster is asked through its node."""
    try:
        known = answer("kubectl", "config", "get-contexts", "--output", "name").split()
    except ProgramMissing:
        typed = cluster.typed(place, "get fn")
        return Check("context", "warn", "kubectl is not installed; nothing needs it", typed)
    if place.context not in known:
        fix = f"kind export kubeconfig --name {place.name}"
        return Check("context", "warn", f"kubectl knows no context {place.context}", fix)
    return Check("context", "ok", place.context)
