"""Exponential back-off: growth, limit and reset."""

from plat_core.backoff import Backoff, backoff_delay


def test_delays_double_up_to_the_maximum() -> None:
    backoff = Backoff(initial=0.5, maximum=3.0)
    assert [backoff.next_delay() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_starts_again_after_a_reset() -> None:
    backoff = Backoff(initial=0.5, maximum=3.0)
    backoff.next_delay()
    backoff.next_delay()
    backoff.reset()
    assert backoff.failures == 0
    assert backoff.next_delay() == 0.5


def test_survives_any_number_of_failures() -> None:
    assert backoff_delay(0, initial=1.0, maximum=60.0) == 1.0
    assert backoff_delay(1_000_000, initial=1.0, maximum=60.0) == 60.0
