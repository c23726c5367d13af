"""The autoscaler as a pure function: load samples in, a number of replicas out.

Source: Knative's pod autoscaler (KPA): `want = ceil(mean concurrency / target)` over a stable and
a panic window. Two differences: going to zero waits for `idle` seconds without a call, and a
missing observation is never taken for an idle one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

STABLE_WINDOW = 60.0
PANIC_WINDOW = 6.0
PANIC_THRESHOLD = 2.0
MAX_SCALE_UP = 1000.0
MAX_SCALE_DOWN = 2.0
MAX_CONCURRENCY = 1e6
"""A load beyond it is no load that one function can have: it is ignored like NaN."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Mean calls in flight or waiting during the tick that ended at `time` (seconds)."""

    time: float
    concurrency: float


@dataclass(frozen=True, slots=True)
class Policy:
    """The bounds and the aim of one function."""

    min: int
    max: int
    target: float
    idle: float


@dataclass(frozen=True, slots=True)
class State:
    """What one decision hands to the next."""

    samples: tuple[Sample, ...] = ()
    panicking_since: float | None = None
    """The last time at which the load was above the panic threshold."""
    panic_peak: int = 0
    last_active: float = field(default=-math.inf)


@dataclass(frozen=True, slots=True)
class Decision:
    """How many replicas are wanted, `None` where nothing is known."""

    replicas: int | None
    state: State


def observe(state: State, sample: Sample, *, active_at: float | None = None) -> State:
    """Add a sample; what is no number, negative or beyond all reason is ignored."""
    if not 0 <= sample.concurrency <= MAX_CONCURRENCY:
        return state
    kept = tuple(s for s in state.samples if s.time > sample.time - STABLE_WINDOW)
    active = sample.time if sample.concurrency > 0 else state.last_active
    return replace(
        state,
        samples=(*kept, sample),
        last_active=max(active, state.last_active, active_at or -math.inf),
    )


def decide(state: State, policy: Policy, *, ready: int, now: float) -> Decision:
    """How many replicas `policy` wants at `now`, while `ready` of them are ready."""
    stable_mean = _mean(s for s in state.samples if s.time > now - STABLE_WINDOW)
    panic_mean = _mean(s for s in state.samples if s.time > now - PANIC_WINDOW)
    if stable_mean is None or panic_mean is None:
        return Decision(None, state)
    stable = _clamp_rate(math.ceil(stable_mean / policy.target), ready)
    panic = _clamp_rate(math.ceil(panic_mean / policy.target), ready)
    state = _panic(state, panic, ready, now)
    want = stable
    if state.panicking_since is not None:
        peak = max(state.panic_peak, panic, stable, ready)
        state = replace(state, panic_peak=peak)
        want = peak
    if policy.min == 0 and now - state.last_active >= policy.idle:
        # what the windows still remember of earlier calls keeps nothing awake
        want = _clamp_rate(0, ready)
    return Decision(_within(want, policy, state, now), state)


def _panic(state: State, panic: int, ready: int, now: float) -> State:
    if panic / max(ready, 1) >= PANIC_THRESHOLD:
        return replace(state, panicking_since=now)
    if state.panicking_since is not None and now - state.panicking_since > STABLE_WINDOW:
        return replace(state, panicking_since=None, panic_peak=0)
    return state


def _clamp_rate(want: int, ready: int) -> int:
    """Not below half of what is ready and not above a thousand times of it."""
    base = max(ready, 1)
    return max(min(want, math.ceil(base * MAX_SCALE_UP)), math.floor(base / MAX_SCALE_DOWN))


def _within(want: int, policy: Policy, state: State, now: float) -> int:
    least = policy.min
    if least == 0 and now - state.last_active < policy.idle:
        least = 1
    return max(min(want, policy.max), min(least, policy.max))


def _mean(samples: Iterable[Sample]) -> float | None:
    values = [sample.concurrency for sample in samples]
    return sum(values) / len(values) if values else None
