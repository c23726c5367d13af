"""The plan: from what is wanted and what is seen to what is done and said next.

Pure: no I/O, no clock, no backend. Every backend is reconciled by this one function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from plat_core.model.function import (
    Condition,
    ConditionStatus,
    Function,
    FunctionStatus,
    Hint,
)
from plat_core.ports import Failure, Record, Replica, Revision, Route, RouteState
from plat_core.services.reasons import CRASH_HINT, FINAL_REASONS, HINTS, PASSING_REASONS

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
class Plan:
    """What to do: how many replicas of which revision, who serves, and what to say about it."""

    counts: dict[int, int]
    serving: int
    failed: int
    status: FunctionStatus
    route: Route
    paused: dict[int, int] = field(default_factory=dict)
    """How many replicas of which revision may sleep with their memory."""
    purge: bool = False
    """Nothing of a deleted function is left: forget it."""


@dataclass(frozen=True, slots=True)
class _Phase:
    """The verdict that conditions and route are made from."""

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


@dataclass(frozen=True, slots=True)
class _View:
    """The record and the observation, with the questions that are asked of them."""

    record: Record
    observed: Observed
    serving: int
    failed: int
    ready: dict[int, int] = field(default_factory=dict)

    @property
    def latest(self) -> Revision | None:
        return self.record.latest

    @property
    def function(self) -> Function:
        return self.record.function

    def failure(self, number: int) -> Failure | None:
        """Why a replica of that revision is not ready, the worst first."""
        failing = [r for r in self.observed.replicas if r.revision == number and r.failure]
        failing.sort(key=lambda r: -r.restarts)
        return failing[0].failure if failing else None


def outdated(revision: Revision, secrets: Mapping[str, str]) -> bool:
    """Whether a secret changed since the revision was made; `secrets` are the versions of now.

    One that is needed and gone is no change: what runs goes on with the values that it has.
    """
    followed = secrets.keys() | (revision.spec.secret_names - revision.spec.required_secrets)
    return any(revision.secrets.get(name) != secrets.get(name) for name in followed)


def plan(record: Record, observed: Observed) -> Plan:
    """What to do next for one function. The same input gives the same plan."""
    view = _view(record, observed)
    counts = _counts(view)
    phase = _phase(view)
    deleting = record.function.metadata.deletion_timestamp is not None
    return Plan(
        counts=counts,
        serving=view.serving,
        failed=view.failed,
        status=_status(view, phase),
        route=_route(view, phase),
        paused=_paused(view, counts),
        purge=deleting and not observed.replicas,
    )


def _view(record: Record, observed: Observed) -> _View:
    ready: dict[int, int] = {}
    for replica in observed.replicas:
        if replica.state == "ready":
            ready[replica.revision] = ready.get(replica.revision, 0) + 1
    view = _View(record, observed, record.serving, record.failed, ready)
    latest = record.latest
    if latest is None or latest.number == record.serving:
        return view
    if ready.get(latest.number, 0) >= _needed(record, observed) or _untried(record, observed):
        return _View(record, observed, latest.number, 0, ready)
    if record.failed != latest.number and _gave_up(latest.number, observed.replicas):
        return _View(record, observed, record.serving, latest.number, ready)
    return view


def _needed(record: Record, observed: Observed) -> int:
    """Ready replicas that a new revision must have before it takes over from an old one."""
    return max(1, observed.wanted) if record.serving else 1


def _untried(record: Record, observed: Observed) -> bool:
    """Whether its owner wants nothing of it to run: then the first call is what tries it."""
    latest, fixed = record.latest, record.function.spec.scale.replicas
    failed = latest is not None and latest.number == record.failed
    return fixed == 0 and observed.wanted == 0 and not failed


def _gave_up(number: int, replicas: Sequence[Replica]) -> bool:
    return any(
        replica.restarts >= START_ATTEMPTS
        or (replica.failure is not None and _is_final(replica.failure))
        for replica in replicas
        if replica.revision == number
    )


def _is_final(failure: Failure) -> bool:
    return failure.final or failure.reason in FINAL_REASONS


def _counts(view: _View) -> dict[int, int]:
    function, latest = view.function, view.latest
    if function.metadata.deletion_timestamp or function.spec.suspend or latest is None:
        return {}
    wanted = view.observed.wanted
    if view.serving == latest.number or (not view.serving and view.failed == latest.number):
        return {latest.number: wanted}
    if not view.serving:
        # a first revision runs once, whatever the load asks for, so that its deploy has an outcome
        return {latest.number: max(1, wanted)}
    if view.failed == latest.number:
        return {view.serving: wanted}
    return {view.serving: wanted, latest.number: max(1, wanted)}


def _paused(view: _View, counts: Mapping[int, int]) -> dict[int, int]:
    """One replica of what serves, where it sleeps and may keep its memory."""
    sleeps = counts.get(view.serving) == 0
    return {view.serving: 1} if sleeps and view.function.spec.scale.when_idle == "pause" else {}


def _phase(view: _View) -> _Phase:
    function, latest = view.function, view.latest
    if function.metadata.deletion_timestamp:
        return _Phase("False", "Deleting", "is being deleted", "suspended", available=False)
    if function.spec.suspend:
        message = "stopped by its owner; plat start brings it back"
        return _Phase("False", "Suspended", message, "suspended", available=False)
    if view.observed.build is not None:
        return _building(view, view.observed.build)
    if latest is None:
        return _Phase(
            "Unknown", "Deploying", "waits for its first revision", "starting", True, False, False
        )
    if view.serving == latest.number:
        return _serving(view, latest)
    return _rollout(view, latest)


def _building(view: _View, build: BuildState) -> _Phase:
    serves = view.serving > 0
    route: RouteState = _old_route(view) if serves else "starting"
    if build.phase == "building":
        return _Phase(
            "Unknown", "Building", "the source is being built", route, True, serves, False
        )
    route = route if serves else "failed"
    return _Phase("False", "BuildFailed", build.message, route, False, serves, False)


def _serving(view: _View, latest: Revision) -> _Phase:
    ready, failure = view.ready.get(latest.number, 0), view.failure(latest.number)
    if ready:
        serves = f"{latest.name} serves with {ready} ready"
        if failure is None:
            return _Phase("True", "Serving", serves, "ready")
        message = _with_log(f"{serves}, and another is not: {failure.message}", failure)
        return _Phase("True", "Serving", message, "ready", trouble=failure.reason)
    if view.observed.wanted == 0:
        paused = any(replica.state == "paused" for replica in view.observed.replicas)
        how = "is paused" if paused else "is asleep at zero"
        message = f"{latest.name} {how}; the next call wakes it"
        return _Phase("True", "Idle", message, "asleep")
    if failure is None:
        return _Phase("True", "Starting", f"{latest.name} is starting", "starting", True, False)
    message = _explain(latest, failure)
    # one that merely crashed will be back in a moment: its callers wait for it
    lost = _gave_up(latest.number, view.observed.replicas)
    route: RouteState = "failed" if lost else "starting"
    return _Phase("False", failure.reason, message, route, available=False)


def _rollout(view: _View, latest: Revision) -> _Phase:
    """The newest revision does not serve: it is on its way, or it was given up."""
    old = view.record.revision(view.serving)
    keeps = f"; {old.name} keeps serving" if old else ""
    if view.failed != latest.number:
        route = _old_route(view) if old else "starting"
        failure = view.failure(latest.number)
        if failure is not None:
            message = f"{_explain(latest, failure)}{keeps}"
            return _Phase("Unknown", failure.reason, message, route, True, old is not None)
        message = f"{latest.name} is starting{keeps}"
        return _Phase("Unknown", "Deploying", message, route, True, old is not None)
    reason, cause = _cause(view, latest)
    route = _old_route(view) if old else "failed"
    first, newline, rest = cause.partition("\n")
    message = first + keeps + newline + rest
    return _Phase("False", reason, message, route, available=old is not None, cause=cause)


def _old_route(view: _View) -> RouteState:
    if view.ready.get(view.serving):
        return "ready"
    return "starting" if view.observed.wanted else "asleep"


def _cause(view: _View, latest: Revision) -> tuple[str, str]:
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


def _status(view: _View, phase: _Phase) -> FunctionStatus:
    function, latest = view.function, view.latest
    serving = view.record.revision(view.serving)
    shown = serving or latest
    done = "Complete" if phase.ready == "True" else phase.reason
    facts: tuple[tuple[str, ConditionStatus, str, str], ...] = (
        ("Ready", phase.ready, phase.reason, phase.message),
        ("Built", *_built(view, phase)),
        ("Available", "True" if phase.available else "False", phase.reason, ""),
        (
            "Progressing",
            "True" if phase.progressing else "False",
            phase.reason if phase.progressing else done,
            phase.cause,
        ),
        *_secrets(view),
    )
    return FunctionStatus(
        observed_generation=function.generation,
        conditions=tuple(_condition(view, *fact) for fact in facts),
        hints=_hints(view, phase),
        revision=serving.name if serving else None,
        latest_revision=latest.name if latest else None,
        image=shown.image if shown else None,
        commit=(shown.commit or None) if shown else None,
        replicas=sum(1 for r in view.observed.replicas if r.state not in ("stopping", "paused")),
        ready_replicas=sum(view.ready.values()),
    )


def _built(view: _View, phase: _Phase) -> tuple[ConditionStatus, str, str]:
    if phase.built and view.latest is not None:
        return "True", "Built", view.latest.image
    if phase.reason == "BuildFailed":
        return "False", "BuildFailed", phase.message
    return "Unknown", phase.reason, ""


def _secrets(view: _View) -> Sequence[tuple[str, ConditionStatus, str, str]]:
    """The condition on its secrets, where it needs any."""
    missing = view.observed.missing_secrets
    if missing:
        message = (
            f"there is no secret {', '.join(missing)}; replicas that run keep the values "
            "they started with, and no other replica can start"
        )
        return [("SecretsFound", "False", "SecretNotFound", message)]
    needed = view.function.spec.required_secrets
    return [("SecretsFound", "True", "Found", "")] if needed else []


def _condition(
    view: _View, type_: str, status: ConditionStatus, reason: str, message: str
) -> Condition:
    before = view.function.status.condition(type_) if view.function.status else None
    same = before is not None and before.status == status
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=before.last_transition_time if same and before else view.observed.now,
        observed_generation=view.function.generation,
    )


def _hints(view: _View, phase: _Phase) -> tuple[Hint, ...]:
    if phase.reason == "Deleting":
        return ()
    hints = [
        Hint(reason="SecretNotFound", fix=f"plat secret set {name} KEY=VALUE")
        for name in view.observed.missing_secrets
    ]
    reason = phase.trouble or phase.reason
    stuck = phase.ready == "False" or phase.trouble or phase.reason in PASSING_REASONS
    if stuck and not (hints and reason == "SecretNotFound"):
        build, metadata = view.observed.build, view.function.metadata
        usual = HINTS.get(reason, CRASH_HINT)
        fix = (build.fix if build else "") or usual.format(
            name=metadata.name, namespace=metadata.namespace
        )
        hints.append(Hint(reason=reason, fix=fix))
    return tuple(hints)


def _route(view: _View, phase: _Phase) -> Route:
    function, spec = view.function, view.function.spec
    revision = view.record.revision(view.serving) or view.latest
    endpoints = tuple(
        replica.endpoint
        for replica in view.observed.replicas
        if replica.state == "ready" and replica.endpoint and replica.revision == view.serving
    )
    low, high = spec.bounds
    return Route(
        ref=function.ref,
        revision=revision.name if revision else "",
        state=phase.route,
        endpoints=endpoints if phase.route == "ready" else (),
        timeout=spec.timeout_seconds,
        concurrency=spec.concurrency,
        access=spec.access,
        min=low,
        max=high,
        target=spec.target_concurrency,
        idle=spec.idle_seconds,
        forward_authorization=spec.forward_authorization,
        reason=phase.reason if phase.route in ("failed", "suspended") else "",
        message=phase.message if phase.route in ("failed", "suspended") else "",
        pauses=spec.scale.when_idle == "pause",
    )
