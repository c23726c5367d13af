"""The plan: from what is wanted and what is seen to what is done and said next.

Pure: no I/O, no clock, no backend. Every backend is reconciled by this one function.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from plat_core.fix import DescribeFix, Fix
from plat_core.model.function import Condition, ConditionStatus, FunctionStatus, Hint
from plat_core.ports import Record, Revision, Route, build_route
from plat_core.services.reasons import FIXES, PASSING_REASONS
from plat_core.services.verdict import Observed, Verdict, View, gave_up, judge


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


def outdated(revision: Revision, secrets: Mapping[str, str]) -> bool:
    """Whether a secret changed since the revision was made; `secrets` are the versions of now.

    One that is needed and gone is no change: what runs goes on with the values that it has.
    """
    followed = secrets.keys() | (revision.spec.secret_names - revision.spec.required_secrets)
    return any(revision.secrets.get(name) != secrets.get(name) for name in followed)


def plan(record: Record, observed: Observed, describe_fix: DescribeFix) -> Plan:
    """Return the next steps for one function; `describe_fix` words the hints of its status."""
    view = _view(record, observed)
    counts = _counts(view)
    verdict = judge(view)
    deleting = record.function.metadata.deletion_timestamp is not None
    return Plan(
        counts=counts,
        serving=view.serving,
        failed=view.failed,
        status=_status(view, verdict, describe_fix),
        route=_route(view, verdict),
        paused=_paused(view, counts),
        purge=deleting and not observed.replicas,
    )


def _view(record: Record, observed: Observed) -> View:
    ready: dict[int, int] = {}
    for replica in observed.replicas:
        if replica.state == "ready":
            ready[replica.revision] = ready.get(replica.revision, 0) + 1
    view = View(record, observed, record.serving, record.failed, ready)
    latest = record.latest
    if latest is None or latest.number == record.serving:
        return view
    if ready.get(latest.number, 0) >= _needed(record, observed) or _untried(record, observed):
        return View(record, observed, latest.number, 0, ready)
    if record.failed != latest.number and gave_up(latest.number, observed.replicas):
        return View(record, observed, record.serving, latest.number, ready)
    return view


def _needed(record: Record, observed: Observed) -> int:
    """Ready replicas that a new revision must have before it takes over from an old one."""
    return max(1, observed.wanted) if record.serving else 1


def _untried(record: Record, observed: Observed) -> bool:
    """Whether its owner wants nothing of it to run: then the first call is what tries it."""
    latest, fixed = record.latest, record.function.spec.scale.replicas
    failed = latest is not None and latest.number == record.failed
    return fixed == 0 and observed.wanted == 0 and not failed


def _counts(view: View) -> dict[int, int]:
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


def _paused(view: View, counts: Mapping[int, int]) -> dict[int, int]:
    """One replica of what serves, where it sleeps and may keep its memory."""
    sleeps = counts.get(view.serving) == 0
    return {view.serving: 1} if sleeps and view.function.spec.scale.when_idle == "pause" else {}


def _status(view: View, verdict: Verdict, describe_fix: DescribeFix) -> FunctionStatus:
    function, latest = view.function, view.latest
    serving = view.record.revision(view.serving)
    shown = serving or latest
    done = "Complete" if verdict.ready == "True" else verdict.reason
    facts: tuple[tuple[str, ConditionStatus, str, str], ...] = (
        ("Ready", verdict.ready, verdict.reason, verdict.message),
        ("Built", *_built(view, verdict)),
        ("Available", "True" if verdict.available else "False", verdict.reason, ""),
        (
            "Progressing",
            "True" if verdict.progressing else "False",
            verdict.reason if verdict.progressing else done,
            verdict.cause,
        ),
        *_secrets(view),
    )
    return FunctionStatus(
        observed_generation=function.generation,
        conditions=tuple(_condition(view, *fact) for fact in facts),
        hints=_hints(view, verdict, describe_fix),
        revision=serving.name if serving else None,
        latest_revision=latest.name if latest else None,
        image=shown.image if shown else None,
        commit=(shown.commit or None) if shown else None,
        replicas=sum(1 for r in view.observed.replicas if r.state not in ("stopping", "paused")),
        ready_replicas=sum(view.ready.values()),
    )


def _built(view: View, verdict: Verdict) -> tuple[ConditionStatus, str, str]:
    if verdict.built and view.latest is not None:
        return "True", "Built", view.latest.image
    if verdict.reason == "BuildFailed":
        return "False", "BuildFailed", verdict.message
    return "Unknown", verdict.reason, ""


def _secrets(view: View) -> Sequence[tuple[str, ConditionStatus, str, str]]:
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
    view: View, type_: str, status: ConditionStatus, reason: str, message: str
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


def _hints(view: View, verdict: Verdict, describe_fix: DescribeFix) -> tuple[Hint, ...]:
    if verdict.reason == "Deleting":
        return ()
    hints = [
        Hint(reason="SecretNotFound", fix=describe_fix(Fix("set-secret", {"name": name})))
        for name in view.observed.missing_secrets
    ]
    reason = verdict.trouble or verdict.reason
    stuck = verdict.ready == "False" or verdict.trouble or verdict.reason in PASSING_REASONS
    if stuck and not (hints and reason == "SecretNotFound"):
        build, metadata = view.observed.build, view.function.metadata
        # of the secret that is missing, no name is known here
        parameters = {"namespace": metadata.namespace}
        if reason != "SecretNotFound":
            parameters["name"] = metadata.name
        usual = Fix(FIXES.get(reason, "read-logs"), parameters)
        fix = (build.fix if build else "") or describe_fix(usual)
        hints.append(Hint(reason=reason, fix=fix))
    return tuple(hints)


def _route(view: View, verdict: Verdict) -> Route:
    revision = view.record.revision(view.serving) or view.latest
    endpoints = tuple(
        replica.endpoint
        for replica in view.observed.replicas
        if replica.state == "ready" and replica.endpoint and replica.revision == view.serving
    )
    return build_route(
        view.function,
        revision=revision.name if revision else "",
        state=verdict.route,
        endpoints=endpoints,
        reason=verdict.reason,
        message=verdict.message,
        can_pause=True,
    )
