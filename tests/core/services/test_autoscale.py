"""The autoscaler against vectors worked out by hand from Knative's formula."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_core.services.autoscale import (
    AutoscaleState,
    LoadSample,
    ScalingDecision,
    ScalingPolicy,
    decide,
    observe,
)

POLICY = ScalingPolicy(min=0, max=100, target=10.0, idle=60.0)


def run(
    loads: list[float], *, ready: int, policy: ScalingPolicy = POLICY, tick: float = 2.0
) -> ScalingDecision:
    """Return the decision after one load per tick, with `ready` replicas throughout."""
    state, decision = AutoscaleState(), ScalingDecision(None, AutoscaleState())
    for n, load in enumerate(loads, 1):
        state = observe(state, LoadSample(n * tick, load))
        decision = decide(state, policy, ready=ready, now=n * tick)
        state = decision.state
    return decision


@pytest.mark.parametrize(
    ("loads", "ready", "want"),
    [
        ([10.0] * 30, 1, 1),  # exactly at the target
        ([11.0] * 30, 1, 2),  # just above it; 2/1 is panic and keeps the peak
        ([50.0] * 30, 5, 5),
        ([45.0] * 30, 5, 5),  # ceil(4.5)
        ([20.0] * 30, 8, 4),  # never below half of the ready replicas
        ([1.0] * 30, 8, 4),
        ([5000.0] * 30, 1, 100),  # the policy's max
        (
            [0.0] * 27 + [100.0] * 3,
            1,
            10,
        ),  # only the panic window exceeds its threshold
    ],
)
def test_golden_vectors(loads: list[float], ready: int, want: int) -> None:
    assert run(loads, ready=ready).replicas == want


def test_without_samples_there_is_no_decision() -> None:
    assert decide(AutoscaleState(), POLICY, ready=3, now=100.0).replicas is None


def test_old_samples_give_no_decision() -> None:
    state = observe(AutoscaleState(), LoadSample(1.0, 5.0))
    assert decide(state, POLICY, ready=3, now=100.0).replicas is None


def test_a_panic_never_shrinks_and_ends_a_minute_after_its_cause() -> None:
    state = AutoscaleState()
    wants = []
    for n in range(1, 61):
        now = n * 2.0
        state = observe(state, LoadSample(now, 100.0 if n <= 3 else 1.0))
        decision = decide(state, POLICY, ready=10 if n > 3 else 1, now=now)
        state = decision.state
        wants.append(decision.replicas)
    # above the threshold until t=6; the panic ends after more than 60 s
    assert wants[2] == 10
    assert wants[3:33] == [10] * 30
    assert wants[40] == 5


def test_scales_to_zero_only_after_idle() -> None:
    state = observe(AutoscaleState(), LoadSample(2.0, 1.0))
    for n in range(2, 40):
        state = observe(state, LoadSample(n * 2.0, 0.0))
        want = decide(state, POLICY, ready=1, now=n * 2.0).replicas
        assert want == (1 if n * 2.0 - 2.0 < POLICY.idle else 0)


def test_samples_in_the_windows_do_not_prolong_idle() -> None:
    policy = ScalingPolicy(min=0, max=10, target=1.0, idle=4.0)
    wants = []
    state = AutoscaleState()
    for n in range(1, 8):
        state = observe(state, LoadSample(n * 2.0, 5.0 if n == 1 else 0.0))
        decision = decide(state, policy, ready=3, now=n * 2.0)
        state = decision.state
        wants.append(decision.replicas)
    assert wants == [5, 3, 1, 1, 1, 1, 1]  # at most half of the ready replicas per step
    assert decide(state, policy, ready=1, now=14.0).replicas == 0


def test_never_scales_below_min() -> None:
    policy = ScalingPolicy(min=2, max=5, target=10.0, idle=1.0)
    assert run([0.0] * 40, ready=2, policy=policy).replicas == 2


@pytest.mark.parametrize("load", [math.nan, math.inf, -1.0, -math.inf, 9e307])
def test_ignores_implausible_loads(load: float) -> None:
    state = observe(AutoscaleState(), LoadSample(1.0, 3.0))
    assert observe(state, LoadSample(2.0, load)) == state


@given(
    loads=st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=60),
    ready=st.integers(0, 1000),
    low=st.integers(0, 10),
    spread=st.integers(0, 100),
    target=st.floats(0.01, 1000),
)
def test_a_decision_is_always_within_the_bounds(
    loads: list[float], ready: int, low: int, spread: int, target: float
) -> None:
    policy = ScalingPolicy(low, max(1, low + spread), target, 60.0)
    decision = run(loads, ready=ready, policy=policy)
    if decision.replicas is not None:
        assert policy.min <= decision.replicas <= policy.max
    assert len(decision.state.samples) <= 31
