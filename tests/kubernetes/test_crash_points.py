"""The operator converges after a kill at any write, and after errors of the API server.

The control plane runs without nodes and controllers. Functions have the fixed size zero, so they
are complete once the operator has written their objects.
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

from .faulty_proxy import KUBECONFIG, FaultyProxy, faulty_proxy
from .process import OperatorProcess, fetch, until

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

IMAGE = "localhost:5001/nothing@sha256:" + "0" * 64
KINDS = (
    "functions.plat.dev,deployments,services,controllerrevisions,serviceaccounts,networkpolicies"
)
POINTS = range(1, 11)
"""More points than two changes have writes: at the last one the operator is not killed."""
CHANGES, KILLED = 50, 0.3
"""Number of changes, and probability of a kill after each."""
AFTER_POINTS = (1, 4, 7)
"""A kill after a write differs from one before the next only by the operator's caches."""


@dataclass(frozen=True)
class KubeconfigOnly:
    """The attribute of a cluster that an operator process needs."""

    kubeconfig: Path


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    if program := control_plane.missing():
        pytest.skip(f"an API server alone needs {program}")
    with control_plane.running(tmp_path_factory.mktemp("plane")) as running:
        yield running


@pytest.fixture(scope="module")
def faulty(plane: ControlPlane) -> Iterator[FaultyProxy]:
    """A faulty proxy in front of `kubectl proxy`, which has the credentials."""
    command = ("kubectl", "--kubeconfig", str(plane.kubeconfig), "proxy", "--port=0")
    everything = ("--reject-paths=^$", "--reject-methods=^$", "--accept-hosts=.*")
    with subprocess.Popen([*command, *everything], stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        port = re.findall(r":(\d+)", proxy.stdout.readline())[0]
        with faulty_proxy(f"http://127.0.0.1:{port}") as proxied:
            yield proxied
        proxy.terminate()


class Bench:
    """A namespace, and an operator that connects through the faulty proxy."""

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
        """Delete all objects in the order of the garbage collector, which does not run here."""
        self.kubectl("delete", "fn", "--all")
        none = 'plat_operator_objects{kind="functions"} 0.0'
        until(
            lambda: none in fetch(f"{self.operator.url}/metrics")[1],
            what="the operator observes the deletion",
        )
        self.kubectl("delete", "deployments,services,controllerrevisions", "--all")

    def names(self) -> list[str]:
        """Return the names of the Deployments."""
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
        """Return all objects, without fields that differ between two runs."""
        items = json.loads(self.kubectl("get", KINDS, "-o", "json"))["items"]
        return {f"{i['kind']}/{i['metadata']['name']}": _stable_fields(i) for i in items}


def _stable_fields(value: Any) -> Any:
    passing = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "clusterIP")
    passing += ("clusterIPs", "lastTransitionTime", "deployedAt", "created", "generation", "url")
    if isinstance(value, dict):
        return {k: _stable_fields(v) for k, v in value.items() if k not in passing}
    return [_stable_fields(item) for item in value] if isinstance(value, list) else value


@pytest.fixture
def bench(
    plane: ControlPlane, faulty: FaultyProxy, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Bench]:
    namespace = "t" + re.sub("[^a-z0-9]+", "-", request.node.name.casefold())[-50:].strip("-")
    plane.kubectl("create", "namespace", namespace)
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(KUBECONFIG.format(port=faulty.port), encoding="utf-8")
    connection: Any = KubeconfigOnly(kubeconfig)
    operator = OperatorProcess(connection, tmp_path / "log", PLAT_SWEEP_SECONDS="5")
    made = Bench(plane, namespace, operator)
    yield made
    _restore(faulty)
    operator.end(signal.SIGKILL)
    made.kubectl("delete", "fn,deployments,services,controllerrevisions", "--all")


def _restore(faulty: FaultyProxy) -> None:
    faulty.before = faulty.after = lambda method, path: None
    faulty.refuse = lambda request: 0
    faulty.silent = faulty.as_event = False


def _changed_twice(bench: Bench) -> None:
    """Apply two revisions, which needs every kind of write."""
    bench.apply()
    bench.settled()
    bench.apply(env=[{"name": "A", "value": "2"}])
    bench.settled()


@pytest.mark.parametrize(("when", "points"), [("before", POINTS), ("after", AFTER_POINTS)])
def test_converges_after_a_kill_at_any_write(
    bench: Bench, faulty: FaultyProxy, when: str, points: Iterable[int]
) -> None:
    bench.operator.start()
    _changed_twice(bench)
    until(lambda: bench.names() == ["orders-2"], what="the old revision is deleted")
    expected = bench.state()
    for point in points:
        bench.empty()
        writes = _kill_at(faulty, bench.operator, point, when)
        bench.apply()
        _restart_if_killed(bench)
        bench.apply(env=[{"name": "A", "value": "2"}])
        _restart_if_killed(bench)
        until(lambda: bench.names() == ["orders-2"], seconds=20, what=f"{when} {writes[-1:]}")
        assert bench.state() == expected, f"killed {when} write {point}: {writes}"
        _restore(faulty)


def _kill_at(faulty: FaultyProxy, operator: OperatorProcess, point: int, when: str) -> list[str]:
    """Kill the operator at its write number `point`; return the list of its writes."""
    seen: list[str] = []

    def count(method: str, path: str) -> None:
        seen.append(f"{method} {path}")
        if len(seen) == point:
            operator.kill()

    setattr(faulty, when, count)
    return seen


def _restart_if_killed(bench: Bench) -> None:
    """Wait until the change is observed, and start a new operator if this one was killed."""
    until(
        lambda: not bench.operator.running or bench.observed(),
        what="the operator is killed, or the change is observed",
    )
    if not bench.operator.running:
        bench.operator.end()
        bench.operator.start()
    bench.settled()


@pytest.mark.slow
def test_converges_after_random_kills_during_fifty_changes(
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
    until(lambda: len(bench.names()) == 5, seconds=30, what="all old revisions are deleted")
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
    """Return the number of the change in the environment of its pods."""
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return next(str(v["value"]) for v in container["env"] if v["name"] == "N")


def _revision_of(item: dict[str, Any], name: str) -> bool:
    labels = item["metadata"].get("labels", {})
    return item["kind"] == "ControllerRevision" and labels["plat.dev/function"] == name


@pytest.mark.parametrize("code", [429, 500])
def test_retries_while_the_api_server_rejects_everything(
    bench: Bench, faulty: FaultyProxy, code: int
) -> None:
    bench.apply("before")
    bench.operator.start()
    bench.settled("before")
    faulty.refuse = lambda request: code
    faulty.cut()
    bench.apply()
    with pytest.raises(control_plane.KubectlError):
        bench.settled(seconds=3)
    _restore(faulty)
    bench.settled()
    assert bench.operator.running


def test_loses_no_change_when_watches_are_reset_repeatedly(
    bench: Bench, faulty: FaultyProxy
) -> None:
    bench.operator.start()
    for change in range(5):
        bench.apply(env=[{"name": "A", "value": str(change)}])
        faulty.cut()
    bench.settled()
    until(lambda: len(bench.names()) == 1, what="all old revisions are deleted")


def test_lists_again_after_an_expired_version(bench: Bench, faulty: FaultyProxy) -> None:
    def expired(request: web.Request) -> int:
        return 410 if "resourceVersion" in request.query and "watch" in request.query else 0

    bench.operator.start()
    faulty.refuse, faulty.as_event = expired, True
    faulty.cut()
    bench.apply()
    bench.settled()
    assert bench.operator.running
    _restore(faulty)


def test_restores_a_child_that_was_deleted_during_a_silent_watch(
    bench: Bench, faulty: FaultyProxy
) -> None:
    bench.apply()
    bench.operator.start()
    bench.settled()
    faulty.silent = True
    bench.kubectl("delete", "deployments", "--all")
    bench.apply("late")
    # the next sweep finds changes of Functions, even without a watch
    bench.settled("late", seconds=60)
    faulty.silent = False
    faulty.cut()
    until(lambda: "orders-1" in bench.names(), seconds=60)


def test_adopts_children_that_lost_their_owner_reference(bench: Bench) -> None:
    bench.apply(env=[{"name": "A", "value": "ü <&> 1"}], scale={"replicas": 0, "target": 1.0})
    bench.operator.start()
    bench.settled()
    orphan = json.dumps([{"op": "remove", "path": "/metadata/ownerReferences"}])
    for child in ("deployment/orders-1", "service/orders", "controllerrevision/orders-1"):
        bench.kubectl("patch", child, "--type=json", "-p", orphan)
    bench.apply(env=[{"name": "A", "value": "2"}])
    bench.settled()
    until(lambda: bench.names() == ["orders-2"], what="the old revision is deleted")
    service = json.loads(bench.kubectl("get", "service/orders", "-o", "json"))
    assert [r["name"] for r in service["metadata"]["ownerReferences"]] == ["orders"]


def test_an_invalid_stored_function_does_not_block_others(
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
    condition = json.loads(bench.kubectl("get", "fn/old", "-o", "json"))["status"]["conditions"][0]
    assert (condition["type"], condition["status"]) == ("Ready", "False")
    assert "concurrency" in condition["message"]


def _stored(bench: Bench, **spec: Any) -> bool:
    try:
        bench.apply("old", **spec)
    except control_plane.KubectlError:
        return False
    return True
