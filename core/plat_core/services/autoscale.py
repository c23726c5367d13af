"""The autoscaler as pure functions: load samples in, a number of replicas out.

Source: Knative's pod autoscaler (KPA): `want = ceil(mean concurrency / target)` over a stable and
a panic window. It differs in two ways. Scaling to zero waits for `idle` seconds without a call, and
a missing sample never counts as an idle one.
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
"""A higher concurrency is implausible for one function and is ignored, like NaN."""


@dataclass(frozen=True, slots=True)
class LoadSample:
    """Mean calls in flight or waiting during the tick that ended at `time` (seconds)."""

    time: float
    concurrency: float


@dataclass(frozen=True, slots=True)
class ScalingPolicy:
    """The bounds and the target of one function."""

    min: int
    max: int
    target: float
    idle: float


@dataclass(frozen=True, slots=True)
class AutoscaleState:
    """What one decision hands to the next."""

    samples: tuple[LoadSample, ...] = ()
    panicking_since: float | None = None
    """The last time at which the load was above the panic threshold."""
    panic_peak: int = 0
    last_active: float = field(default=-math.inf)


@dataclass(frozen=True, slots=True)
class ScalingDecision:
    """The desired number of replicas, None without samples."""

    replicas: int | None
    state: AutoscaleState


def observe(
    state: AutoscaleState, sample: LoadSample, *, active_at: float | None = None
) -> AutoscaleState:
    """Add a sample; ignore one that is NaN, negative or implausibly high."""
    if not 0 <= sample.concurrency <= MAX_CONCURRENCY:
        return state
    recent = tuple(s for s in state.samples if s.time > sample.time - STABLE_WINDOW)
    active = sample.time if sample.concurrency > 0 else state.last_active
    return replace(
        state,
        samples=(*recent, sample),
        last_active=max(active, state.last_active, active_at or -math.inf),
    )


def decide(
    state: AutoscaleState, policy: ScalingPolicy, *, ready: int, now: float
) -> ScalingDecision:
    """Return the desired number of replicas at `now`, while `ready` of them are ready."""
    stable_mean = _mean(s for s in state.samples if s.time > now - STABLE_WINDOW)
    panic_mean = _mean(s for s in state.samples if s.time > now - PANIC_WINDOW)
    if stable_mean is None or panic_mean is None:
        return ScalingDecision(None, state)
    stable = _clamp_rate(math.ceil(stable_mean / policy.target), ready)
    panic = _clamp_rate(math.ceil(panic_mean / policy.target), ready)
    state = _update_panic(state, panic, ready, now)
    want = stable
    if state.panicking_since is not None:
        peak = max(state.panic_peak, panic, stable, ready)
        state = replace(state, panic_peak=peak)
        want = peak
    if policy.min == 0 and now - state.last_active >= policy.idle:
        # earlier calls are still within the windows, but must not keep the function awake
        want = _clamp_rate(0, ready)
    return ScalingDecision(_clamp_bounds(want, policy, state, now), state)


def _update_panic(state: AutoscaleState, panic: int, ready: int, now: float) -> AutoscaleState:
    if panic / max(ready, 1) >= PANIC_THRESHOLD:
        return replace(state, panicking_since=now)
    if state.panicking_since is not None and now - state.panicking_since > STABLE_WINDOW:
        return replace(state, panicking_since=None, panic_peak=0)
    return state


def _clamp_rate(want: int, ready: int) -> int:
    """Limit one step to between half and a thousand times the ready replicas."""
    base = max(ready, 1)
    return max(min(want, math.ceil(base * MAX_SCALE_UP)), math.floor(base / MAX_SCALE_DOWN))


def _clamp_bounds(want: int, policy: ScalingPolicy, state: AutoscaleState, now: float) -> int:
    minimum = policy.min
    if minimum == 0 and now - state.last_active < policy.idle:
        minimum = 1
    return max(min(want, policy.max), min(minimum, policy.max))


def _mean(samples: Iterable[LoadSample]) -> float | None:
    values = [sample.concurrency for sample in samples]
    return sum(values) / len(values) if values else None
