"""The pure decisions of the dispatcher: what follows an attempt, and which calls to claim."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from plat_core.model.calls import CallFailure, CallResponse
from plat_core.model.names import FunctionRef
from plat_core.services.async_calls import CallPolicy
from plat_core.services.dispatcher import (
    AttemptResult,
    CallFinished,
    RetryLater,
    capacity_of,
    decide,
    divide_capacity,
)
from plat_core.services.routing import RouteEntry

from tests.route_fixtures import make_route

NOW = datetime(2026, 1, 2, tzinfo=UTC)
POLICY = CallPolicy(attempts=8, backoff=1.0, max_backoff=60.0)
BUSY = CallFailure("overloaded", "busy")
A, B, C = (FunctionRef(name) for name in "abc")


def pause(attempt: AttemptResult, attempts: int = 1, chance: float = 0.0) -> float:
    outcome = decide(attempt, attempts, POLICY, now=NOW, chance=chance)
    assert isinstance(outcome, RetryLater), outcome
    return (outcome.due - NOW).total_seconds()


@pytest.mark.parametrize("status", [200, 204, 301, 399])
def test_a_response_below_400_succeeds(status: int) -> None:
    response = CallResponse(status)
    attempt = AttemptResult(status, response)
    assert decide(attempt, 1, POLICY, now=NOW, chance=0) == CallFinished(
        "succeeded", response, None
    )


@pytest.mark.parametrize("status", [400, 404, 500, 501, 505])
def test_a_final_error_response_fails_the_call_and_is_stored(status: int) -> None:
    outcome = decide(AttemptResult(status, CallResponse(status)), 1, POLICY, now=NOW, chance=0)
    assert isinstance(outcome, CallFinished)
    assert (outcome.state, outcome.response) == ("failed", CallResponse(status))
    assert outcome.failure == CallFailure("answered", f"The function answered {status}.")


def test_a_final_error_of_the_platform_fails_the_call_without_a_response() -> None:
    missing = CallFailure("function-not-found", "There is no function a.")
    outcome = decide(AttemptResult(404, failure=missing), 1, POLICY, now=NOW, chance=0)
    assert outcome == CallFinished("failed", None, missing)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_retries_temporary_errors_of_function_and_platform(status: int) -> None:
    ours = decide(AttemptResult(status, failure=BUSY), 1, POLICY, now=NOW, chance=0)
    theirs = decide(AttemptResult(status, CallResponse(status)), 1, POLICY, now=NOW, chance=0)
    assert isinstance(ours, RetryLater)
    assert ours.failure == BUSY
    assert isinstance(theirs, RetryLater)
    assert theirs.failure.code == "answered"


def test_the_delay_doubles_up_to_a_maximum_and_has_jitter() -> None:
    refused = AttemptResult(503, failure=BUSY)
    assert [pause(refused, n) for n in range(1, 8)] == [0.5, 1, 2, 4, 8, 16, 30]
    assert pause(refused, 3, chance=0.999) == pytest.approx(4, abs=0.01)


def test_retry_after_is_respected_up_to_a_maximum() -> None:
    assert pause(AttemptResult(429, failure=BUSY, retry_after=120)) == 120
    assert pause(AttemptResult(429, failure=BUSY, retry_after=10**8)) == 3600


def test_the_last_attempt_ends_the_call_and_stores_the_response() -> None:
    outcome = decide(AttemptResult(503, failure=BUSY), 8, POLICY, now=NOW, chance=0)
    assert outcome == CallFinished("failed", None, BUSY)
    response = CallResponse(503, body=b"later")
    outcome = decide(AttemptResult(503, response), 8, POLICY, now=NOW, chance=0)
    assert isinstance(outcome, CallFinished)
    assert (outcome.state, outcome.response) == ("failed", response)


def test_a_long_queue_does_not_starve_other_functions() -> None:
    room = {A: 100, B: 100, C: 1}
    assert divide_capacity({A: 90, B: 2, C: 5}, room, 10) == {A: 7, B: 2, C: 1}
    assert divide_capacity({A: 90, B: 90}, {A: 0, B: 3}, 10) == {B: 3}
    assert divide_capacity({A: 1, B: 1, C: 1}, room, 2) == {A: 1, B: 1}
    assert (
        divide_capacity({A: 9}, room, 0)
        == divide_capacity({A: 9}, {}, 5)
        == divide_capacity({}, room, 5)
        == {}
    )


@pytest.mark.parametrize(
    ("state", "replicas", "sent", "room"),
    [
        ("asleep", 0, 0, 5),
        ("asleep", 0, 4, 1),
        ("ready", 3, 0, 15),
        ("ready", 3, 15, 0),
        ("suspended", 0, 0, 0),
    ],
)
def test_never_sends_more_than_the_capacity(
    state: str, replicas: int, sent: int, room: int
) -> None:
    addresses = [f"unix:/{n}" for n in range(replicas)]
    route = make_route("a", *addresses, state=state, concurrency=5)
    assert capacity_of(RouteEntry(route, lambda: 0.0), sent) == room


def test_a_gateway_without_slots_sends_one_call_to_claim_them() -> None:
    route = make_route("a", "unix:/0", concurrency=5)
    entry = RouteEntry(route, lambda: 0.0, shares={})
    assert capacity_of(entry, 0) == 1
    entry.set_shares({"a-1-0": 2})
    assert capacity_of(entry, 0) == 2


def test_time_between_attempts_is_never_negative() -> None:
    attempt = AttemptResult(503, failure=BUSY, retry_after=-5)
    assert pause(attempt) == timedelta(seconds=0.5).total_seconds()
