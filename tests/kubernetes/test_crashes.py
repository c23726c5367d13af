"""Operators converge after kills, and with a second operator, and write nothing afterwards."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from .cluster import Cluster
from .functions import Functions
from .process import OperatorProcess, until

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(400), pytest.mark.slow]

CHANGES = 10


def versions(functions: Functions) -> dict[str, str]:
    """Return the resource versions of all objects that the operator writes."""
    kinds = "functions.plat.dev,deployments,services,controllerrevisions,networkpolicies"
    return {
        f"{item['kind']}/{item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for item in functions.get(kinds)["items"]
    }


def test_converges_after_kills_at_random_times(
    functions: Functions, operator: OperatorProcess
) -> None:
    chance = random.Random(7)
    for change in range(CHANGES):
        name = f"f{change % 3}"
        functions.apply(name, env=[{"name": "N", "value": str(change)}])
        if change % 2:
            time.sleep(chance.uniform(0, 0.4))
            operator.end(signal.SIGKILL)
            operator.start()
    for index in range(3):
        functions.wait(f"f{index}")
        last = max(n for n in range(CHANGES) if n % 3 == index)
        functions.until_answer(f"f{index}", "/env?N", f'{{"N": "{last}"}}')
    until(
        lambda: len(functions.get("deployments")["items"]) == 3,
        what="all old revisions are deleted",
    )
    for index in range(3):
        owned = functions.get("controllerrevisions", f"-l=plat.dev/function=f{index}")["items"]
        numbers = sorted(item["revision"] for item in owned)
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert functions.status(f"f{index}")["revision"] == f"f{index}-{numbers[-1]}"


def test_writes_nothing_when_settled_even_after_a_restart(
    functions: Functions, operator: OperatorProcess
) -> None:
    for index in range(5):
        spec = {"scale": {"replicas": 0}} if index else {}
        functions.apply(f"f{index}", **spec)
    for index in range(5):
        functions.wait(f"f{index}")
    settled = _quiet(operator)
    before = versions(functions)
    assert operator.end() == 0
    operator.start()
    assert _quiet(operator) == 0
    assert versions(functions) == before
    assert settled > 0


def test_two_concurrent_operators_do_not_conflict(
    functions: Functions, operator: OperatorProcess, cluster: Cluster, tmp_path: Path
) -> None:
    second = OperatorProcess(cluster, tmp_path / "log")
    second.start()
    try:
        for change in range(5):
            for index in range(3):
                functions.apply(f"f{index}", env=[{"name": "N", "value": str(change)}])
        for index in range(3):
            functions.wait(f"f{index}")
            functions.until_answer(f"f{index}", "/env?N", '{"N": "4"}')
        _quiet(operator)
        _quiet(second)
        before = versions(functions)
        quiet = (operator.writes, second.writes)
        time.sleep(3)
        assert (operator.writes, second.writes) == quiet
        assert versions(functions) == before
    finally:
        second.end()


def _quiet(operator: OperatorProcess) -> float:
    """Wait for three seconds without a write, and return the number of writes."""

    def same() -> bool:
        before = operator.writes
        time.sleep(3)
        return operator.writes == before

    until(same, what="the operator stops writing")
    return operator.writes
