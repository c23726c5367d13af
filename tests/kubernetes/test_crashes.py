"""Wherever an operator is killed, and however many run: the end is the same, and then quiet."""

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
    """Every object that the operator writes, with its version."""
    kinds = "functions.plat.dev,deployments,services,controllerrevisions,networkpolicies"
    return {
        f"{item['kind']}/{item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for item in functions.get(kinds)["items"]
    }


def test_killed_at_random_points_it_ends_as_if_undisturbed(
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
    until(lambda: len(functions.get("deployments")["items"]) == 3, what="no old revision is left")
    for index in range(3):
        owned = functions.get("controllerrevisions", f"-l=plat.dev/function=f{index}")["items"]
        numbers = sorted(item["revision"] for item in owned)
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        assert functions.status(f"f{index}")["revision"] == f"f{index}-{numbers[-1]}"


def test_when_all_is_settled_nothing_is_written_not_even_at_a_restart(
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


def test_two_operators_at_once_do_not_quarrel(
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
    """The number of writes as soon as it did not change for three seconds."""

    def same() -> bool:
        before = operator.writes
        time.sleep(3)
        return operator.writes == before

    until(same, what="the operator is quiet")
    return operator.writes
