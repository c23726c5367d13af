"""On an API server alone: killed before or after any write, refused, cut or ignored, it converges.

Nothing runs there: a function of a fixed size of zero has all that it will ever have as soon as the
operator has written it.
"""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bench import _control_plane as control_plane
from bench._control_plane import ControlPlane

from .process import OperatorProcess, fetch, until
from .wire import KUBECONFIG, Wire, wire

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

IMAGE = "localhost:5001/nothing@sha256:" + "0" * 64
KINDS = (
    "functions.plat.dev,deployments,services,controllerrevisions,serviceaccounts,networkpolicies"
)
POINTS = range(1, 11)
"""Two changes write less often: the last of them kills nobody, and shows that it is enough."""
CHANGES, KILLED = 50, 0.3
"""Changes, and how likely the operator is killed after one of them."""
SOME = (1, 4, 7)
"""After one write is before the next, but for what the operator knows of it."""


@dataclass(frozen=True)
class Known:
    """What an operator process needs to know of a cluster."""

    kubeconfig: Path


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    if program := control_plane.missing():
        pytest.skip(f"an API server alone needs {program}")
    with control_plane.running(tmp_path_factory.mktemp("plane")) as running:
        yield running


@pytest.fixture(scope="module")
def spoiled(plane: ControlPlane) -> Iterator[Wire]:
    """The wire, through `kubectl proxy`, which knows the credentials."""
    command = ("kubectl", "--kubeconfig", str(plane.kubeconfig), "proxy", "--port=0")
    everything = ("--reject-paths=^$", "--reject-methods=^$", "--accept-hosts=.*")
    with subprocess.Popen([*command, *everything], stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        port = re.findall(r":(\d+)", proxy.stdout.readline())[0]
        with wire(f"http://127.0.0.1:{port}") as made:
            yield made
        proxy.terminate()


class Bench:
    """One namespace, and an operator that reaches the API server through the wire."""

    def __init__(self, plane: ControlPlane, namespace: str, operator: OperatorProcess) -> None:
        self.plane, self.namespace, self.operator = plane, namespace, operator

    def kubectl(self, *arguments: str, text: str | None = None) -> str:
        return self.plane.kubectl("-n", self.namespace, *arguments, text=text)

    def apply(self, name: str = "orders", **spec: Any) -> None:
        document = {
            "apiVersion": "plat.dev/v1alpha1",
            "kind": "Function",
            "metadata": {"name": name},
            "spec": {"image": IMAGE, "scale": {"replicas": 0}, **spec},
        }
        self.kubectl("apply", "-f", "-", text=json.dumps(document))

    def empty(self) -> None:
        """Delete all, as the garbage collector would that is not here: children after their owner
        is known to be gone.
        """
        self.kubectl("delete", "fn", "--all")
        none = 'plat_operator_objects{kind="functions"} 0.0'
        until(lambda: none in fetch(f"{self.operator.url}/metrics")[1], what="it is seen")
        self.kubectl("delete", "deployments,services,controllerrevisions", "--all")

    def names(self) -> list[str]:
        """The Deployments."""
        found = self.kubectl("get", "deployments", "-o", "name").split()
        return [name.rpartition("/")[2] for name in found]

    def observed(self, name: str = "orders") -> bool:
        function = json.loads(self.kubectl("get", f"fn/{name}", "-o", "json"))
        seen = function.get("status", {}).get("observedGeneration")
        return bool(seen == function["metadata"]["generation"])

    def settled(self, name: str = "orders", *, seconds: int = 60) -> None:
        function = json.loads(self.kubectl("get", f"fn/{name}", "-o", "json"))
        generation = function["metadata"]["generation"]
        observed = f"--for=jsonpath={{.status.observedGeneration}}={generation}"
        self.kubectl("wait", observed, f"fn/{name}", f"--timeout={seconds}s")
        self.kubectl("wait", "--for=condition=Ready", f"fn/{name}", f"--timeout={seconds}s")

    def state(self) -> dict[str, Any]:
        """All that is there, without what differs from one life of a function to the next."""
        items = json.loads(self.kubectl("get", KINDS, "-o", "json"))["items"]
        return {f"{i['kind']}/{i['metadata']['name']}": _lasting(i) for i in items}


def _lasting(value: Any) -> Any:
    passing = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "clusterIP")
    passing += ("clusterIPs", "lastTransitionTime", "deployedAt", "created", "generation", "url")
    if isinstance(value, dict):
        return {k: _lasting(v) for k, v in value.items() if k not in passing}
    return [_lasting(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def bench(
    plane: ControlPlane, spoiled: Wire, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Bench]:
    namespace = "t" + re.sub("[^a-z0-9]+", "-", request.node.name.casefold())[-50:].strip("-")
    plane.kubectl("create", "namespace", namespace)
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(KUBECONFIG.format(port=spoiled.port), encoding="utf-8")
    known: Any = Known(kubeconfig)
    operator = OperatorProcess(known, tmp_path / "log", PLAT_SWEEP_SECONDS="5")
    made = Bench(plane, namespace, operator)
    yield made
    _mend(spoiled)
    operator.end(signal.SIGKILL)
    made.kubectl("delete", "fn,deployments,services,controllerrevisions", "--all")


def _mend(spoiled: Wire) -> None:
    spoiled.before = spoiled.after = lambda method, path: None
    spoiled.refuse = lambda request: 0
    spoiled.silent = spoiled.told = False


def _changed_twice(bench: Bench) -> None:
    """One revision, and another that takes its place: every kind of write is among them."""
    bench.apply()
    bench.settled()
    bench.apply(env=[{"name": "A", "value": "2"}])
    bench.settled()


@pytest.mark.parametrize(("when", "points"), [("before", POINTS), ("after", SOME)])
def test_killed_at_any_write_it_ends_as_if_undisturbed(
    bench: Bench, spoiled: Wire, when: str, points: Iterable[int]
) -> None:
    bench.operator.start()
    _changed_twice(bench)
    until(lambda: bench.names() == ["orders-2"], what="the old revision is gone")
    wanted = bench.state()
    for point in points:
        bench.empty()
        writes = _kill_at(spoiled, bench.operator, point, when)
        bench.apply()
        _survive(bench)
        bench.apply(env=[{"name": "A", "value": "2"}])
        _survive(bench)
        until(lambda: bench.names() == ["orders-2"], seconds=20, what=f"{when} {writes[-1:]}")
        assert bench.state() == wanted, f"killed {when} write {point}: {writes}"
        _mend(spoiled)


def _kill_at(spoiled: Wire, operator: OperatorProcess, point: int, when: str) -> list[str]:
    """Kill the operator at its so-and-so-manieth write from now on; returns what it writes."""
    seen: list[str] = []

    def count(method: str, path: str) -> None:
        seen.append(f"{method} {path}")
        if len(seen) == point:
            operator.kill()

    setattr(spoiled, when, count)
    return seen


def _survive(bench: Bench) -> None:
    """Wait until the change is there, and begin another operator where this one is killed."""
    until(lambda: not bench.operator.running or bench.observed(), what="killed, or done")
    if not bench.operator.running:
        bench.operator.end()
        bench.operator.start()
    bench.settled()


@pytest.mark.slow
def test_killed_at_random_in_a_loop_of_fifty_changes_it_ends_as_if_undisturbed(
    bench: Bench,
) -> None:
    chance = random.Random(11)
    bench.operator.start()
    for change in range(CHANGES):
        bench.apply(f"f{change % 5}", env=[{"name": "N", "value": str(change)}])
        if chance.random() < KILLED:
            time.sleep(chance.uniform(0, 0.3))
            bench.operator.end(signal.SIGKILL)
            bench.operator.start()
    names = [f"f{index}" for index in range(5)]
    for name in names:
        bench.settled(name)
    until(lambda: len(bench.names()) == 5, seconds=30, what="no old revision is left")
    found = json.loads(bench.kubectl("get", KINDS, "-o", "json"))["items"]
    kinds = Counter(item["kind"] for item in found)
    assert (kinds["Function"], kinds["Deployment"], kinds["Service"]) == (5, 5, 5)
    for item in found:
        if item["kind"] == "Deployment":
            assert _number(item) in {str(n) for n in range(CHANGES - 5, CHANGES)}
    for name in names:
        numbers = sorted(i["revision"] for i in found if _revision_of(i, name))
        assert numbers == list(range(numbers[0], numbers[-1] + 1))


def _number(deployment: dict[str, Any]) -> str:
    """What the change was that its pods would have."""
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return next(str(v["value"]) for v in container["env"] if v["name"] == "N")


def _revision_of(item: dict[str, Any], name: str) -> bool:
    labels = item["metadata"].get("labels", {})
    return item["kind"] == "ControllerRevision" and labels["plat.dev/function"] == name


@pytest.mark.parametrize("code", [429, 500])
def test_an_api_server_that_refuses_everything_for_a_while_is_waited_for(
    bench: Bench, spoiled: Wire, code: int
) -> None:
    bench.apply("before")
    bench.operator.start()
    bench.settled("before")
    spoiled.refuse = lambda request: code
    spoiled.cut()
    bench.apply()
    with pytest.raises(control_plane.Refusal):
        bench.settled(seconds=3)
    _mend(spoiled)
    bench.settled()
    assert bench.operator.running


def test_watches_that_are_reset_again_and_again_lose_nothing(bench: Bench, spoiled: Wire) -> None:
    bench.operator.start()
    for change in range(5):
        bench.apply(env=[{"name": "A", "value": str(change)}])
        spoiled.cut()
    bench.settled()
    until(lambda: len(bench.names()) == 1, what="no old revision is left")


def test_a_version_that_is_too_old_is_listed_anew(bench: Bench, spoiled: Wire) -> None:
    def gone(request: web.Request) -> int:
        return 410 if "resourceVersion" in request.query and "watch" in request.query else 0

    bench.operator.start()
    spoiled.refuse, spoiled.told = gone, True
    spoiled.cut()
    bench.apply()
    bench.settled()
    assert bench.operator.running
    _mend(spoiled)


def test_a_child_that_goes_while_its_watch_is_silent_is_made_again(
    bench: Bench, spoiled: Wire
) -> None:
    bench.apply()
    bench.operator.start()
    bench.settled()
    spoiled.silent = True
    bench.kubectl("delete", "deployments", "--all")
    bench.apply("late")
    # of Functions themselves the next sweep tells, whatever the watches do
    bench.settled("late", seconds=60)
    spoiled.silent = False
    spoiled.cut()
    until(lambda: "orders-1" in bench.names(), seconds=60)


def test_children_that_lost_their_owner_are_taken_back(bench: Bench) -> None:
    bench.apply(env=[{"name": "A", "value": "ü <&> 1"}], scale={"replicas": 0, "target": 1.0})
    bench.operator.start()
    bench.settled()
    orphan = json.dumps([{"op": "remove", "path": "/metadata/ownerReferences"}])
    for child in ("deployment/orders-1", "service/orders", "controllerrevision/orders-1"):
        bench.kubectl("patch", child, "--type=json", "-p", orphan)
    bench.apply(env=[{"name": "A", "value": "2"}])
    bench.settled()
    until(lambda: bench.names() == ["orders-2"], what="the old revision is gone")
    service = json.loads(bench.kubectl("get", "service/orders", "-o", "json"))
    assert [r["name"] for r in service["metadata"]["ownerReferences"]] == ["orders"]


def test_a_stored_function_that_the_schema_of_now_refuses_does_not_stop_the_others(
    bench: Bench, plane: ControlPlane
) -> None:
    schema = "/spec/versions/0/schema/openAPIV3Schema/properties/spec"
    loose = [
        {"op": "add", "path": f"{schema}/x-kubernetes-preserve-unknown-fields", "value": True},
        {"op": "remove", "path": f"{schema}/properties/concurrency/maximum"},
    ]
    plane.kubectl("patch", "crd/functions.plat.dev", "--type=json", "-p", json.dumps(loose))
    try:
        until(lambda: _stored(bench, concurrency=100_000), seconds=30)
    finally:
        plane.kubectl("apply", "-f", "-", text=control_plane.manifest())
    bench.operator.start()
    bench.apply("good")
    bench.settled("good")
    until(lambda: "SpecInvalid" in bench.kubectl("get", "fn/old", "-o", "json"), seconds=30)
    said = json.loads(bench.kubectl("get", "fn/old", "-o", "json"))["status"]["conditions"][0]
    assert (said["type"], said["status"]) == ("Ready", "False")
    assert "concurrency" in said["message"]


def _stored(bench: Bench, **spec: Any) -> bool:
    try:
        bench.apply("old", **spec)
    except control_plane.Refusal:
        return False
    return True
