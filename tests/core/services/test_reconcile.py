"""The plan for each situation: counts, route, status and hints."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from plat_core.model.function import Function
from plat_core.model.names import FunctionRef
from plat_core.ports import Endpoint, Failure, Record, Replica, Revision
from plat_core.services.readiness import BuildState, Observed
from plat_core.services.reasons import PASSING_REASONS
from plat_core.services.reconcile import ReconcilePlan, plan
from plat_http.fixes import describe

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REF = FunctionRef("orders")
IMAGE = "embedded/orders@sha256:" + "0" * 64


def function(**spec: Any) -> Function:
    return Function.model_validate(
        {"metadata": {"name": "orders", "generation": 3}, "spec": {"image": IMAGE, **spec}}
    )


def record(*numbers: int, serving: int = 0, failed: int = 0, of: Function | None = None) -> Record:
    of = of or function()
    revisions = tuple(Revision(REF, n, IMAGE, of.spec, NOW) for n in numbers)
    return Record(of, revisions, serving, failed)


def replica(revision: int, state: str = "ready", **more: Any) -> Replica:
    name = f"orders-{revision}-{more.pop('n', 0)}"
    endpoint = Endpoint(name, f"unix:/{name}") if state == "ready" else None
    return Replica(name, revision, state, 0.0, endpoint, **more)  # type: ignore[arg-type]


def planned(rec: Record, *replicas: Replica, wanted: int = 1, **more: Any) -> ReconcilePlan:
    return plan(rec, Observed(replicas, wanted, NOW, **more), describe)


def ready(p: ReconcilePlan) -> tuple[str, str]:
    condition = p.status.condition("Ready")
    assert condition is not None
    return condition.status, condition.reason


def settled(p: ReconcilePlan) -> bool:
    """Return whether a deploy stops waiting: Ready, or no longer progressing."""
    progressing = p.status.condition("Progressing")
    assert progressing is not None
    return progressing.status == "False"


BROKEN = Failure("HandlerImportError", "No module named 'flaskk'", "app.py:1")
CRASH = Failure("CrashLoopBackOff", "exited with status 1")


def test_a_first_revision_is_started_and_not_yet_served() -> None:
    p = planned(record(1))
    assert (p.counts, p.serving, p.route.state) == ({1: 1}, 0, "starting")
    assert ready(p) == ("Unknown", "Deploying")
    assert not settled(p)


def test_a_first_revision_serves_once_one_replica_is_ready() -> None:
    p = planned(record(1), replica(1), wanted=3)
    assert (p.counts, p.serving, p.route.state) == ({1: 3}, 1, "ready")
    assert ready(p) == ("True", "Serving")
    assert p.status.revision == p.status.latest_revision == "orders-1"
    assert len(p.route.endpoints) == 1


def test_a_new_revision_takes_over_once_it_has_enough_replicas() -> None:
    old = [replica(1, n=n) for n in range(2)]
    p = planned(record(1, 2, serving=1), *old, replica(2), wanted=2)
    assert (p.counts, p.serving) == ({1: 2, 2: 2}, 1)
    assert {e.replica for e in p.route.endpoints} == {"orders-1-0", "orders-1-1"}
    p = planned(record(1, 2, serving=1), *old, replica(2), replica(2, n=1), wanted=2)
    assert (p.counts, p.serving) == ({2: 2}, 2)
    assert {e.replica for e in p.route.endpoints} == {"orders-2-0", "orders-2-1"}


def test_the_old_revision_serves_if_the_new_one_cannot_start() -> None:
    broken = replica(2, "waiting", restarts=1, failure=BROKEN)
    p = planned(record(1, 2, serving=1), replica(1), broken)
    assert (p.counts, p.serving, p.failed, p.route.state) == ({1: 1}, 1, 2, "ready")
    assert ready(p) == ("False", "HandlerImportError")
    assert settled(p)
    condition = p.status.condition("Ready")
    assert condition is not None
    assert condition.message == (
        "orders-2: No module named 'flaskk'; orders-1 keeps serving\napp.py:1"
    )
    assert p.status.hints[0].fix.startswith("add the missing package")


def test_the_reason_survives_the_failed_replica() -> None:
    broken = replica(2, "waiting", restarts=1, failure=BROKEN)
    before = planned(record(1, 2, serving=1), replica(1), broken)
    of = function().model_copy(update={"status": before.status})
    after = planned(record(1, 2, serving=1, failed=2, of=of), replica(1))
    assert after.status == before.status.model_copy(update={"replicas": 1, "ready_replicas": 1})
    assert after.counts == {1: 1}


def test_a_revision_fails_after_several_crashes() -> None:
    for restarts, failed in ((1, 0), (2, 0), (3, 2)):
        crashing = replica(2, "waiting", restarts=restarts, failure=CRASH)
        p = planned(record(1, 2, serving=1), replica(1), crashing)
        assert p.failed == failed


@pytest.mark.parametrize("reason", sorted(PASSING_REASONS))
def test_a_failure_of_the_platform_is_retried_and_has_a_hint(reason: str) -> None:
    silent = replica(2, "unready", restarts=1, failure=Failure(reason, "it does not answer"))
    p = planned(record(1, 2, serving=1), replica(1), silent)
    assert (p.counts, p.serving, p.failed) == ({1: 1, 2: 1}, 1, 0)
    assert ready(p) == ("Unknown", reason)
    assert not settled(p)
    assert [hint.reason for hint in p.status.hints] == [reason]


def test_a_failed_first_revision_is_reported_and_retried() -> None:
    broken = replica(1, "waiting", restarts=1, failure=BROKEN)
    p = planned(record(1), broken)
    assert (p.counts, p.failed, p.route.state) == ({1: 1}, 1, "failed")
    assert "flaskk" in p.route.message
    assert settled(p)
    recovered = planned(record(1, failed=1), replica(1))
    assert (recovered.serving, recovered.failed) == (1, 0)


def test_a_first_revision_starts_without_load() -> None:
    p = planned(record(1), wanted=0)
    assert p.counts == {1: 1}


def test_a_fixed_scale_of_zero_starts_nothing_before_the_first_call() -> None:
    fixed = function(scale={"replicas": 0})
    p = planned(record(1, of=fixed), wanted=0)
    assert (p.counts, p.serving, p.route.state, ready(p)) == (
        {1: 0},
        1,
        "asleep",
        ("True", "Idle"),
    )
    p = planned(record(1, 2, serving=1, of=fixed), wanted=0)
    assert (p.counts, p.serving) == ({2: 0}, 2)
    called = planned(record(1, 2, serving=1, of=fixed), replica(1), wanted=1)
    assert (called.counts, called.serving) == ({1: 1, 2: 1}, 1)
    held = planned(record(1, 2, serving=1, failed=2, of=fixed), wanted=0)
    assert (held.counts, held.serving, held.failed) == ({1: 0}, 1, 2)


def test_a_sleeping_function_is_ready() -> None:
    p = planned(record(1, serving=1), wanted=0)
    assert (p.counts, p.route.state) == ({1: 0}, "asleep")
    assert ready(p) == ("True", "Idle")


def test_pauses_one_replica_of_the_serving_revision_at_zero() -> None:
    pausing = function(scale={"whenIdle": "pause"})
    rec = record(1, serving=1, of=pausing)
    assert planned(rec, replica(1)).paused == {}
    p = planned(rec, replica(1, "paused"), wanted=0)
    assert (p.counts, p.paused, ready(p)) == ({1: 0}, {1: 1}, ("True", "Idle"))
    assert (p.route.state, p.route.pauses, p.route.endpoints) == ("asleep", True, ())
    assert (p.status.replicas, p.status.ready_replicas) == (0, 0)
    assert planned(record(1, serving=1), wanted=0).paused == {}


def test_does_not_pause_a_stopped_or_deleted_function() -> None:
    stopped = function(scale={"whenIdle": "pause"}, suspend=True)
    p = planned(record(1, serving=1, of=stopped), replica(1, "paused"), wanted=0)
    assert (p.counts, p.paused) == ({}, {})


def test_a_new_revision_replaces_a_paused_one() -> None:
    rec = record(1, 2, serving=1, of=function(scale={"whenIdle": "pause"}))
    asleep = replica(1, "paused")
    assert planned(rec, asleep, replica(2, "starting"), wanted=0).paused == {1: 1}
    p = planned(rec, asleep, replica(2), wanted=0)
    assert (p.serving, p.paused) == (2, {2: 1})


def test_a_waking_function_is_ready() -> None:
    p = planned(record(1, serving=1), replica(1, "starting"), wanted=1)
    assert p.route.state == "starting"
    assert ready(p) == ("True", "Starting")


def test_a_serving_revision_that_crashes_is_not_ready() -> None:
    p = planned(record(1, serving=1), replica(1, "waiting", restarts=3, failure=CRASH))
    assert p.route.state == "failed"
    assert ready(p) == ("False", "CrashLoopBackOff")
    assert p.status.hints[0].fix == "plat logs orders"


def test_reports_a_failed_replica_while_others_serve() -> None:
    quota = Failure("QuotaExceeded", "exceeded quota: pods=2")
    p = planned(record(1, serving=1), replica(1), replica(1, "waiting", n=1, failure=quota))
    assert (p.route.state, ready(p), settled(p)) == ("ready", ("True", "Serving"), True)
    condition = p.status.condition("Ready")
    assert condition is not None
    assert condition.message == (
        "orders-1 serves with 1 ready, and another is not: exceeded quota: pods=2"
    )
    [hint] = p.status.hints
    assert (hint.reason, "kubectl describe quota" in hint.fix) == ("QuotaExceeded", True)


def test_calls_wait_after_one_crash_but_not_in_a_crash_loop() -> None:
    for restarts, route in ((1, "starting"), (2, "starting"), (3, "failed")):
        p = planned(record(1, serving=1), replica(1, "waiting", restarts=restarts, failure=CRASH))
        assert (p.route.state, ready(p)[0]) == (route, "False")
    final = Failure("SecretNotFound", "there is no secret db")
    p = planned(record(1, serving=1), replica(1, "waiting", restarts=1, failure=final))
    assert p.route.state == "failed"


def test_a_suspended_function_runs_nothing_and_has_a_hint() -> None:
    p = planned(record(1, serving=1, of=function(suspend=True)), replica(1))
    assert (p.counts, p.route.state, p.route.endpoints) == ({}, "suspended", ())
    assert ready(p) == ("False", "Suspended")
    assert p.status.hints[0].fix == "plat start orders"


def test_reports_running_and_failed_builds() -> None:
    p = planned(record(), build=BuildState("building"))
    assert (p.counts, ready(p), settled(p)) == ({}, ("Unknown", "Building"), False)
    p = planned(record(), build=BuildState("failed", "requirements.txt:1: flaskk"))
    assert (ready(p), settled(p), p.route.state) == (("False", "BuildFailed"), True, "failed")
    p = planned(record(1, serving=1), replica(1), build=BuildState("failed", "x"))
    assert (p.counts, p.route.state) == ({1: 1}, "ready")


def test_a_deleted_function_runs_nothing_and_is_purged_last() -> None:
    deleted = function()
    deleted = deleted.model_copy(
        update={"metadata": deleted.metadata.model_copy(update={"deletion_timestamp": NOW})}
    )
    p = planned(record(1, serving=1, of=deleted), replica(1, "stopping"))
    assert (p.counts, p.purge) == ({}, False)
    assert planned(record(1, serving=1, of=deleted)).purge


def test_a_condition_keeps_its_time_until_its_status_changes() -> None:
    first = planned(record(1), replica(1))
    later = datetime(2026, 1, 2, 4, tzinfo=UTC)
    of = function().model_copy(update={"status": first.status})
    rec = record(1, serving=1, of=of)
    same = plan(rec, Observed((), 0, later), describe)
    condition = same.status.condition("Ready")
    assert condition is not None
    assert condition.last_transition_time == NOW
    crashed = plan(
        rec, Observed((replica(1, "waiting", restarts=1, failure=CRASH),), 1, later), describe
    )
    condition = crashed.status.condition("Ready")
    assert condition is not None
    assert condition.last_transition_time == later


@pytest.mark.parametrize(
    ("spec", "bounds"),
    [
        ({"scale": {"min": 1, "max": 4}}, (1, 4)),
        ({"scale": {"replicas": 3}}, (3, 3)),
        ({"scale": {"replicas": 0, "min": 2, "max": 4}}, (0, 4)),
        ({"suspend": True}, (0, 0)),
    ],
)
def test_bounds_depend_on_scale_and_suspend(spec: dict[str, Any], bounds: tuple[int, int]) -> None:
    p = planned(record(1, serving=1, of=function(**spec)))
    assert (p.route.min, p.route.max) == bounds
