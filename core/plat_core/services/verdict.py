"""The verdict on a function: how it is and why, in one word and one message.

Pure, like the plan that asks for it. What it says is what users read first when something is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from plat_core.model.function import ConditionStatus, Function
from plat_core.ports import Failure, Record, Replica, Revision, RouteState
from plat_core.services.reasons import FINAL_REASONS

START_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class BuildState:
    """Where the build of a function's source stands, where it has one."""

    phase: Literal["building", "failed"]
    message: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """What there is: the replicas, how many the load asks for, and the build."""

    replicas: Sequence[Replica]
    wanted: int
    now: datetime
    build: BuildState | None = None
    missing_secrets: Sequence[str] = ()
    """Secrets that the function needs and that are not there."""


@dataclass(frozen=True, slots=True)
class View:
    """The record and the observation, with the questions that are asked of them."""

    record: Record
    observed: Observed
    serving: int
    failed: int
    ready: dict[int, int] = field(default_factory=dict)

    @property
    def latest(self) -> Revision | None:
        """The newest revision."""
        return self.record.latest

    @property
    def function(self) -> Function:
        """The function, as it is wanted."""
        return self.record.function

    def failure(self, number: int) -> Failure | None:
        """Why a replica of that revision is not ready, the worst first."""
        failing = [r for r in self.observed.replicas if r.revision == number and r.failure]
        failing.sort(key=lambda r: -r.restarts)
        return failing[0].failure if failing else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a function is: what conditions and route are made from."""

    ready: ConditionStatus
    reason: str
    message: str
    route: RouteState
    progressing: bool = False
    available: bool = True
    built: bool = True
    cause: str = ""
    """Why the newest revision was given up, kept in the condition Progressing."""
    trouble: str = ""
    """The reason why a replica is missing beside those that serve."""


def gave_up(number: int, replicas: Sequence[Replica]) -> bool:
    """Whether a revision is not worth another attempt to start."""
    return any(
        replica.restarts >= START_ATTEMPTS
        or (replica.failure is not None and _is_final(replica.failure))
        for replica in replicas
        if replica.revision == number
    )


def _is_final(failure: Failure) -> bool:
    return failure.final or failure.reason in FINAL_REASONS


def judge(view: View) -> Verdict:
    """How the function is, and why."""
    function, latest = view.function, view.latest
    if function.metadata.deletion_timestamp:
        return Verdict("False", "Deleting", "is being deleted", "suspended", available=False)
    if function.spec.suspend:
        message = "stopped by its owner"
        return Verdict("False", "Suspended", message, "suspended", available=False)
    if view.observed.build is not None:
        return _building(view, view.observed.build)
    if latest is None:
        return Verdict(
            "Unknown", "Deploying", "waits for its first revision", "starting", True, False, False
        )
    if view.serving == latest.number:
        return _serving(view, latest)
    return _rollout(view, latest)


def _building(view: View, build: BuildState) -> Verdict:
    serves = view.serving > 0
    route: RouteState = _old_route(view) if serves else "starting"
    if build.phase == "building":
        return Verdict(
            "Unknown", "Building", "the source is being built", route, True, serves, False
        )
    route = route if serves else "failed"
    return Verdict("False", "BuildFailed", build.message, route, False, serves, False)


def _serving(view: View, latest: Revision) -> Verdict:
    ready, failure = view.ready.get(latest.number, 0), view.failure(latest.number)
    if ready:
        serves = f"{latest.name} serves with {ready} ready"
        if failure is None:
            return Verdict("True", "Serving", serves, "ready")
        message = _with_log(f"{serves}, and another is not: {failure.message}", failure)
        return Verdict("True", "Serving", message, "ready", trouble=failure.reason)
    if view.observed.wanted == 0:
        paused = any(replica.state == "paused" for replica in view.observed.replicas)
        how = "is paused" if paused else "is asleep at zero"
        message = f"{latest.name} {how}; the next call wakes it"
        return Verdict("True", "Idle", message, "asleep")
    if failure is None:
        return Verdict("True", "Starting", f"{latest.name} is starting", "starting", True, False)
    message = _explain(latest, failure)
    # one that merely crashed will be back in a moment: its callers wait for it
    lost = gave_up(latest.number, view.observed.replicas)
    route: RouteState = "failed" if lost else "starting"
    return Verdict("False", failure.reason, message, route, available=False)


def _rollout(view: View, latest: Revision) -> Verdict:
    """The newest revision does not serve: it is on its way, or it was given up."""
    old = view.record.revision(view.serving)
    keeps = f"; {old.name} keeps serving" if old else ""
    if view.failed != latest.number:
        route = _old_route(view) if old else "starting"
        failure = view.failure(latest.number)
        if failure is not None:
            message = f"{_explain(latest, failure)}{keeps}"
            return Verdict("Unknown", failure.reason, message, route, True, old is not None)
        message = f"{latest.name} is starting{keeps}"
        return Verdict("Unknown", "Deploying", message, route, True, old is not None)
    reason, cause = _cause(view, latest)
    route = _old_route(view) if old else "failed"
    first, newline, rest = cause.partition("\n")
    message = first + keeps + newline + rest
    return Verdict("False", reason, message, route, available=old is not None, cause=cause)


def _old_route(view: View) -> RouteState:
    if view.ready.get(view.serving):
        return "ready"
    return "starting" if view.observed.wanted else "asleep"


def _cause(view: View, latest: Revision) -> tuple[str, str]:
    """Reason and words of the failure of a revision that was given up.

    It has no replica any more that could tell; the condition Progressing remembers.
    """
    failure = view.failure(latest.number)
    if failure is not None:
        return failure.reason, _explain(latest, failure)
    before = view.function.status.condition("Progressing") if view.function.status else None
    if before is not None and before.message.startswith(latest.name):
        return before.reason, before.message
    return "CrashLoopBackOff", f"{latest.name} did not become ready"


def _explain(revision: Revision, failure: Failure) -> str:
    return _with_log(f"{revision.name}: {failure.message}", failure)


def _with_log(text: str, failure: Failure) -> str:
    return f"{text}\n{failure.log}" if failure.log else text
