"""The readiness of a function: its state, with a reason and a message for the user.

Pure functions, used by the plan.
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
    """The state of the build of a function's source."""

    phase: Literal["building", "failed"]
    message: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """The observed state: the replicas, the number that the load requires, and the build."""

    replicas: Sequence[Replica]
    wanted: int
    now: datetime
    build: BuildState | None = None
    missing_secrets: Sequence[str] = ()
    """Required secrets that do not exist."""


@dataclass(frozen=True, slots=True)
class FunctionState:
    """A record together with its observed state."""

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
        """The desired state."""
        return self.record.function

    def failure(self, number: int) -> Failure | None:
        """Return the failure of the replica of that revision with the most restarts, if any."""
        failing = [r for r in self.observed.replicas if r.revision == number and r.failure]
        failing.sort(key=lambda r: -r.restarts)
        return failing[0].failure if failing else None


@dataclass(frozen=True, slots=True)
class Readiness:
    """The readiness of a function; conditions and route are made from it."""

    ready: ConditionStatus
    reason: str
    message: str
    route: RouteState
    progressing: bool = False
    available: bool = True
    built: bool = True
    cause: str = ""
    """Why the newest revision was given up, stored in the condition Progressing."""
    partial_reason: str = ""
    """Why a replica is not ready while others serve."""


def gave_up(number: int, replicas: Sequence[Replica]) -> bool:
    """Return whether a revision has failed for good."""
    return any(
        replica.restarts >= START_ATTEMPTS
        or (replica.failure is not None and _is_final(replica.failure))
        for replica in replicas
        if replica.revision == number
    )


def _is_final(failure: Failure) -> bool:
    return failure.final or failure.reason in FINAL_REASONS


def assess(state: FunctionState) -> Readiness:
    """Return the readiness of a function."""
    function, latest = state.function, state.latest
    if function.metadata.deletion_timestamp:
        return Readiness("False", "Deleting", "is being deleted", "suspended", available=False)
    if function.spec.suspend:
        message = "stopped by its owner"
        return Readiness("False", "Suspended", message, "suspended", available=False)
    if state.observed.build is not None:
        return _building(state, state.observed.build)
    if latest is None:
        return Readiness(
            "Unknown", "Deploying", "waits for its first revision", "starting", True, False, False
        )
    if state.serving == latest.number:
        return _serving(state, latest)
    return _rollout(state, latest)


def _building(state: FunctionState, build: BuildState) -> Readiness:
    serves = state.serving > 0
    route: RouteState = _old_route(state) if serves else "starting"
    if build.phase == "building":
        return Readiness(
            "Unknown", "Building", "the source is being built", route, True, serves, False
        )
    route = route if serves else "failed"
    return Readiness("False", "BuildFailed", build.message, route, False, serves, False)


def _serving(state: FunctionState, latest: Revision) -> Readiness:
    ready, failure = state.ready.get(latest.number, 0), state.failure(latest.number)
    if ready:
        serves = f"{latest.name} serves with {ready} ready"
        if failure is None:
            return Readiness("True", "Serving", serves, "ready")
        message = _with_log(f"{serves}, and another is not: {failure.message}", failure)
        return Readiness("True", "Serving", message, "ready", partial_reason=failure.reason)
    if state.observed.wanted == 0:
        paused = any(replica.state == "paused" for replica in state.observed.replicas)
        how = "is paused" if paused else "is asleep at zero"
        message = f"{latest.name} {how}; the next call wakes it"
        return Readiness("True", "Idle", message, "asleep")
    if failure is None:
        return Readiness("True", "Starting", f"{latest.name} is starting", "starting", True, False)
    message = _explain(latest, failure)
    # a crashed replica restarts soon, so calls wait for it
    failed = gave_up(latest.number, state.observed.replicas)
    route: RouteState = "failed" if failed else "starting"
    return Readiness("False", failure.reason, message, route, available=False)


def _rollout(state: FunctionState, latest: Revision) -> Readiness:
    """Assess a newest revision that does not serve: it is starting, or was given up."""
    old = state.record.revision(state.serving)
    keeps = f"; {old.name} keeps serving" if old else ""
    if state.failed != latest.number:
        route = _old_route(state) if old else "starting"
        failure = state.failure(latest.number)
        if failure is not None:
            message = f"{_explain(latest, failure)}{keeps}"
            return Readiness("Unknown", failure.reason, message, route, True, old is not None)
        message = f"{latest.name} is starting{keeps}"
        return Readiness("Unknown", "Deploying", message, route, True, old is not None)
    reason, cause = _cause(state, latest)
    route = _old_route(state) if old else "failed"
    first, newline, rest = cause.partition("\n")
    message = first + keeps + newline + rest
    return Readiness("False", reason, message, route, available=old is not None, cause=cause)


def _old_route(state: FunctionState) -> RouteState:
    if state.ready.get(state.serving):
        return "ready"
    return "starting" if state.observed.wanted else "asleep"


def _cause(state: FunctionState, latest: Revision) -> tuple[str, str]:
    """Return reason and message of the failure of a revision that was given up.

    Its replicas are stopped by then, so the condition Progressing stores both.
    """
    failure = state.failure(latest.number)
    if failure is not None:
        return failure.reason, _explain(latest, failure)
    before = state.function.status.condition("Progressing") if state.function.status else None
    if before is not None and before.message.startswith(latest.name):
        return before.reason, before.message
    return "CrashLoopBackOff", f"{latest.name} did not become ready"


def _explain(revision: Revision, failure: Failure) -> str:
    return _with_log(f"{revision.name}: {failure.message}", failure)


def _with_log(text: str, failure: Failure) -> str:
    return f"{text}\n{failure.log}" if failure.log else text
