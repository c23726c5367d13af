"""The plan: from the desired and the observed state of a function to the next steps.

Pure: no I/O, no clock, no backend. Every backend is reconciled by this one function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from plat_core.fix import DescribeFix, Fix
from plat_core.model.function import Condition, ConditionStatus, FunctionStatus, Hint
from plat_core.ports import Record, Revision, Route, build_route
from plat_core.services.readiness import FunctionState, Observed, Readiness, assess, gave_up
from plat_core.services.reasons import FIXES, PASSING_REASONS


@dataclass(frozen=True, slots=True)
class ReconcilePlan:
    """The next steps: replicas by revision, the serving revision, status and route."""

    counts: dict[int, int]
    serving: int
    failed: int
    status: FunctionStatus
    route: Route
    paused: dict[int, int] = field(default_factory=dict)
    """Maximum number of paused replicas by revision."""
    purge: bool = False
    """Whether to remove the function, because it was deleted and has no replicas."""


def outdated(revision: Revision, secrets: Mapping[str, str]) -> bool:
    """Return whether a secret changed since the revision; `secrets` are the current versions.

    A required secret that was deleted is no change: replicas keep the values they started with.
    """
    followed = secrets.keys() | (revision.spec.secret_names - revision.spec.required_secrets)
    return any(revision.secrets.get(name) != secrets.get(name) for name in followed)


def plan(record: Record, observed: Observed, describe_fix: DescribeFix) -> ReconcilePlan:
    """Return the next steps for one function; `describe_fix` words the hints of its status."""
    state = _state(record, observed)
    counts = _counts(state)
    readiness = assess(state)
    deleting = record.function.metadata.deletion_timestamp is not None
    return ReconcilePlan(
        counts=counts,
        serving=state.serving,
        failed=state.failed,
        status=_status(state, readiness, describe_fix),
        route=_route(state, readiness),
        paused=_paused(state, counts),
        purge=deleting and not observed.replicas,
    )


def _state(record: Record, observed: Observed) -> FunctionState:
    ready: dict[int, int] = {}
    for replica in observed.replicas:
        if replica.state == "ready":
            ready[replica.revision] = ready.get(replica.revision, 0) + 1
    state = FunctionState(record, observed, record.serving, record.failed, ready)
    latest = record.latest
    if latest is None or latest.number == record.serving:
        return state
    if ready.get(latest.number, 0) >= _needed(record, observed) or _untried(record, observed):
        return FunctionState(record, observed, latest.number, 0, ready)
    if record.failed != latest.number and gave_up(latest.number, observed.replicas):
        return FunctionState(record, observed, record.serving, latest.number, ready)
    return state


def _needed(record: Record, observed: Observed) -> int:
    """Return how many ready replicas a new revision needs to replace an old one."""
    return max(1, observed.wanted) if record.serving else 1


def _untried(record: Record, observed: Observed) -> bool:
    """Return whether the scale is fixed at zero, so that only a first call starts a replica."""
    latest, fixed = record.latest, record.function.spec.scale.replicas
    failed = latest is not None and latest.number == record.failed
    return fixed == 0 and observed.wanted == 0 and not failed


def _counts(state: FunctionState) -> dict[int, int]:
    function, latest = state.function, state.latest
    if function.metadata.deletion_timestamp or function.spec.suspend or latest is None:
        return {}
    wanted = state.observed.wanted
    if state.serving == latest.number or (not state.serving and state.failed == latest.number):
        return {latest.number: wanted}
    if not state.serving:
        # start a first revision without load too, so that its deploy has an outcome
        return {latest.number: max(1, wanted)}
    if state.failed == latest.number:
        return {state.serving: wanted}
    return {state.serving: wanted, latest.number: max(1, wanted)}


def _paused(state: FunctionState, counts: Mapping[int, int]) -> dict[int, int]:
    """Pause one replica of the serving revision if the function is idle and supports it."""
    sleeps = counts.get(state.serving) == 0
    return {state.serving: 1} if sleeps and state.function.spec.scale.when_idle == "pause" else {}


def _status(
    state: FunctionState, readiness: Readiness, describe_fix: DescribeFix
) -> FunctionStatus:
    function, latest = state.function, state.latest
    serving = state.record.revision(state.serving)
    shown = serving or latest
    done = "Complete" if readiness.ready == "True" else readiness.reason
    facts: tuple[tuple[str, ConditionStatus, str, str], ...] = (
        ("Ready", readiness.ready, readiness.reason, readiness.message),
        ("Built", *_built(state, readiness)),
        ("Available", "True" if readiness.available else "False", readiness.reason, ""),
        (
            "Progressing",
            "True" if readiness.progressing else "False",
            readiness.reason if readiness.progressing else done,
            readiness.cause,
        ),
        *_secrets(state),
    )
    return FunctionStatus(
        observed_generation=function.generation,
        conditions=tuple(_condition(state, *fact) for fact in facts),
        hints=_hints(state, readiness, describe_fix),
        revision=serving.name if serving else None,
        latest_revision=latest.name if latest else None,
        image=shown.image if shown else None,
        commit=(shown.commit or None) if shown else None,
        replicas=sum(1 for r in state.observed.replicas if r.state not in ("stopping", "paused")),
        ready_replicas=sum(state.ready.values()),
    )


def _built(state: FunctionState, readiness: Readiness) -> tuple[ConditionStatus, str, str]:
    if readiness.built and state.latest is not None:
        return "True", "Built", state.latest.image
    if readiness.reason == "BuildFailed":
        return "False", "BuildFailed", readiness.message
    return "Unknown", readiness.reason, ""


def _secrets(state: FunctionState) -> Sequence[tuple[str, ConditionStatus, str, str]]:
    """Return the condition on required secrets, if there are any."""
    missing = state.observed.missing_secrets
    if missing:
        message = (
            f"there is no secret {', '.join(missing)}; running replicas keep the values they "
            "started with, and no other replica can start"
        )
        return [("SecretsFound", "False", "SecretNotFound", message)]
    needed = state.function.spec.required_secrets
    return [("SecretsFound", "True", "Found", "")] if needed else []


def _condition(
    state: FunctionState, type_: str, status: ConditionStatus, reason: str, message: str
) -> Condition:
    before = state.function.status.condition(type_) if state.function.status else None
    same = before is not None and before.status == status
    return Condition(
        type=type_,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=before.last_transition_time if same and before else state.observed.now,
        observed_generation=state.function.generation,
    )


def _hints(
    state: FunctionState, readiness: Readiness, describe_fix: DescribeFix
) -> tuple[Hint, ...]:
    if readiness.reason == "Deleting":
        return ()
    hints = [
        Hint(reason="SecretNotFound", fix=describe_fix(Fix("set-secret", {"name": name})))
        for name in state.observed.missing_secrets
    ]
    reason = readiness.partial_reason or readiness.reason
    stuck = (
        readiness.ready == "False"
        or readiness.partial_reason
        or readiness.reason in PASSING_REASONS
    )
    if stuck and not (hints and reason == "SecretNotFound"):
        build, metadata = state.observed.build, state.function.metadata
        # the name of the missing secret is not known here
        parameters = {"namespace": metadata.namespace}
        if reason != "SecretNotFound":
            parameters["name"] = metadata.name
        usual = Fix(FIXES.get(reason, "read-logs"), parameters)
        fix = (build.fix if build else "") or describe_fix(usual)
        hints.append(Hint(reason=reason, fix=fix))
    return tuple(hints)


def _route(state: FunctionState, readiness: Readiness) -> Route:
    revision = state.record.revision(state.serving) or state.latest
    endpoints = tuple(
        replica.endpoint
        for replica in state.observed.replicas
        if replica.state == "ready" and replica.endpoint and replica.revision == state.serving
    )
    return build_route(
        state.function,
        revision=revision.name if revision else "",
        state=readiness.route,
        endpoints=endpoints,
        reason=readiness.reason,
        message=readiness.message,
        can_pause=True,
    )
