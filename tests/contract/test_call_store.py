"""The contract of `CallStore`."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from plat_core.errors import CallNotFound, Conflict, Overloaded
from plat_core.model.calls import (
    Backlog,
    Call,
    CallFailure,
    CallQuery,
    CallRequest,
    CallResponse,
    ClaimedCall,
    QueueBound,
)
from plat_core.model.names import FunctionRef
from plat_core.ports import CallStore

from .samples import OTHER, REF

START = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
REQUEST = CallRequest(
    "POST", "/a%2Fb?c=d", (("Content-Type", "image/png"), ("X-Odd", "\xe9")), bytes(range(256))
)
ANSWER = CallResponse(
    201, (("Content-Type", "text/plain"), ("Set-Cookie", "a=\xff")), b"\0done\xff"
)
TROUBLE = CallFailure("overloaded", "every replica is busy\0")


WIDE = QueueBound(100, 1 << 20)


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


async def queue(calls: CallStore, name: str, ref: FunctionRef = REF, at: float = 0) -> Call:
    call = Call(name, ref, REQUEST.method, REQUEST.path, moment(at), moment(at))
    await calls.add(call, REQUEST, WIDE)
    return call


async def take(
    calls: CallStore, holder: str = "a", *, at: float = 0, room: int = 10
) -> list[ClaimedCall]:
    claimed = await calls.claim({REF: room}, holder=holder, now=moment(at), until=moment(at + 30))
    return list(claimed)


def ids(claims: list[ClaimedCall]) -> list[str]:
    return [claim.call.id for claim in claims]


async def test_a_claimed_call_has_the_request_that_was_added(calls: CallStore) -> None:
    call = await queue(calls, "one")
    assert await calls.get("one") == call
    assert await calls.response("one") is None
    [claim] = await take(calls, at=1)
    assert claim.request == REQUEST
    assert claim.call == replace(
        call, state="running", attempts=1, started=moment(1), due=claim.call.due
    )


async def test_an_unknown_call_raises_call_not_found(calls: CallStore) -> None:
    for request in (calls.get("no"), calls.response("no"), calls.cancel("no", START)):
        with pytest.raises(CallNotFound, match="no asynchronous call no"):
            await request
    assert not await calls.finish("no", "succeeded", now=START, response=ANSWER)


async def test_rejects_a_duplicate_id(calls: CallStore) -> None:
    await queue(calls, "one")
    with pytest.raises(Conflict):
        await queue(calls, "one", OTHER)
    assert (await calls.get("one")).ref == REF


@pytest.mark.parametrize(
    "bound",
    [QueueBound(2, WIDE.size), QueueBound(WIDE.calls, 3 * REQUEST.size - 1)],
    ids=["calls", "bytes"],
)
async def test_a_full_queue_rejects_calls_until_one_ends(
    calls: CallStore, bound: QueueBound
) -> None:
    for name in ("one", "two"):
        await queue(calls, name)
    await take(calls, room=1)
    third = Call("three", REF, "GET", "/", START, START)
    with pytest.raises(Overloaded) as caught:
        await calls.add(third, REQUEST, bound)
    assert caught.value.retry_after
    await calls.add(replace(third, id="other", ref=OTHER), REQUEST, bound)
    await calls.finish("one", "succeeded", now=START, response=ANSWER)
    await calls.add(third, REQUEST, bound)


async def test_accepts_an_oversized_request_if_the_queue_is_empty(
    calls: CallStore,
) -> None:
    """Another limit applies to its size; here the call would wait forever."""
    call = Call("one", REF, "GET", "/", START, START)
    await calls.add(call, REQUEST, QueueBound(2, 1))
    with pytest.raises(Overloaded):
        await calls.add(replace(call, id="two"), REQUEST, QueueBound(2, 1))


async def test_claims_the_longest_due_first_up_to_the_room(
    calls: CallStore,
) -> None:
    for name, at in (("late", 2), ("early", 1), ("future", 99)):
        await queue(calls, name, at=at)
    await queue(calls, "foreign", OTHER)
    assert ids(await take(calls, at=3, room=1)) == ["early"]
    assert ids(await take(calls, at=3)) == ["late"]
    assert ids(await take(calls, at=3)) == []
    assert await calls.claim({}, holder="a", now=moment(3), until=moment(9)) in ((), [])


async def test_concurrent_claims_never_share_a_call(calls: CallStore) -> None:
    for number in range(20):
        await queue(calls, f"{number:02}")
    taken = await asyncio.gather(*(take(calls, f"holder-{n}", room=7) for n in range(5)))
    assert sorted(name for claims in taken for name in ids(claims)) == [
        f"{n:02}" for n in range(20)
    ]


async def test_the_backlog_counts_due_calls_and_has_the_next_due_time(calls: CallStore) -> None:
    assert await calls.backlog(START) == Backlog()
    for name, at in (("one", 0), ("two", 1), ("future", 50)):
        await queue(calls, name, at=at)
    await queue(calls, "foreign", OTHER)
    assert await calls.backlog(moment(1)) == Backlog({REF: 2, OTHER: 1}, moment(50))
    await take(calls, at=1)
    assert await calls.backlog(moment(1)) == Backlog({OTHER: 1}, moment(31))
    assert await calls.backlog(moment(31)) == Backlog({REF: 2, OTHER: 1}, moment(50))


async def test_counts_unfinished_calls_by_function_and_state(calls: CallStore) -> None:
    assert await calls.unfinished() == {}
    for name, at in (("one", 0), ("two", 1), ("future", 50)):
        await queue(calls, name, at=at)
    await queue(calls, "foreign", OTHER)
    assert ids(await take(calls, at=1, room=1)) == ["one"]
    counts = {(REF, "queued"): 2, (REF, "running"): 1, (OTHER, "queued"): 1}
    assert await calls.unfinished() == counts
    await calls.finish("one", "failed", now=moment(2))
    await calls.cancel("foreign", moment(2))
    assert await calls.unfinished() == {(REF, "queued"): 2}


async def test_an_expired_claim_is_claimed_by_another_holder(calls: CallStore) -> None:
    await queue(calls, "one")
    await take(calls, "dead")
    assert await take(calls, "heir", at=29) == []
    [claim] = await take(calls, "heir", at=30)
    assert (claim.call.attempts, claim.request) == (2, REQUEST)
    await calls.renew(["one"], holder="dead", until=moment(500))
    assert not await calls.retry("one", "dead", due=moment(40), failure=TROUBLE)
    await calls.give_back("dead", moment(40))
    assert (await calls.get("one")).state == "running"
    assert ids(await take(calls, "third", at=60)) == ["one"]


async def test_a_renewed_claim_does_not_expire(calls: CallStore) -> None:
    for name in ("one", "let go"):
        await queue(calls, name)
    await take(calls)
    await calls.renew(["one"], holder="a", until=moment(100))
    assert ids(await take(calls, "b", at=99)) == ["let go"]
    assert ids(await take(calls, "b", at=100)) == ["one"]


async def test_a_retried_call_has_a_due_time_and_a_failure(calls: CallStore) -> None:
    await queue(calls, "one")
    await take(calls)
    assert await calls.retry("one", "a", due=moment(10), failure=TROUBLE)
    waiting = await calls.get("one")
    assert (waiting.state, waiting.due, waiting.attempts) == ("queued", moment(10), 1)
    assert waiting.failure is not None
    assert waiting.failure.code == "overloaded"
    assert waiting.failure.message.startswith("every replica is busy")
    assert await take(calls, at=9) == []
    assert [claim.call.attempts for claim in await take(calls, at=10)] == [2]


async def test_the_first_result_counts_and_its_response_is_stored(calls: CallStore) -> None:
    await queue(calls, "one")
    await take(calls, "dead")
    await take(calls, "heir", at=30)
    assert await calls.finish("one", "succeeded", now=moment(31), response=ANSWER)
    assert not await calls.finish(
        "one", "failed", now=moment(32), response=CallResponse(500), failure=TROUBLE
    )
    over = await calls.get("one")
    assert (over.state, over.status, over.finished) == ("succeeded", 201, moment(31))
    assert over.failure is None
    assert await calls.response("one") == ANSWER
    assert await take(calls, at=999) == []


async def test_a_truncated_response_is_marked(calls: CallStore) -> None:
    await queue(calls, "one")
    await calls.finish("one", "failed", now=START, response=replace(ANSWER, truncated=True))
    assert (await calls.get("one")).truncated
    answer = await calls.response("one")
    assert answer is not None
    assert answer.truncated


async def test_a_call_may_end_without_a_response(calls: CallStore) -> None:
    await queue(calls, "one")
    await take(calls)
    assert await calls.finish("one", "failed", now=moment(1), failure=CallFailure("x", "why"))
    over = await calls.get("one")
    assert (over.state, over.status, over.failure) == ("failed", None, CallFailure("x", "why"))
    assert await calls.response("one") is None


async def test_a_released_claim_is_due_now_and_is_not_counted(
    calls: CallStore,
) -> None:
    for name in ("one", "two"):
        await queue(calls, name)
    await take(calls, "leaver", room=1)
    await take(calls, "stayer")
    await calls.give_back("leaver", moment(1))
    assert [(c.call.id, c.call.attempts) for c in await take(calls, at=1)] == [("one", 1)]
    assert (await calls.get("two")).attempts == 1


async def test_orphan_makes_all_claims_due_now(calls: CallStore) -> None:
    await queue(calls, "one")
    await take(calls, "former life")
    await calls.orphan(moment(1))
    assert ids(await take(calls, at=1)) == ["one"]


async def test_only_a_queued_call_can_be_cancelled(calls: CallStore) -> None:
    for name in ("one", "two"):
        await queue(calls, name)
    cancelled = await calls.cancel("one", moment(1))
    assert (cancelled.state, cancelled.finished) == ("cancelled", moment(1))
    assert ids(await take(calls, at=2)) == ["two"]
    with pytest.raises(Conflict, match="a running call"):
        await calls.cancel("two", moment(3))
    with pytest.raises(Conflict, match="was cancelled"):
        await calls.cancel("one", moment(3))


async def test_lists_matching_calls_newest_first(calls: CallStore) -> None:
    for number, name in enumerate(("one", "two", "three")):
        await queue(calls, name, at=number)
    await queue(calls, "foreign", OTHER, at=9)
    await calls.cancel("two", START)

    async def listed(query: CallQuery) -> list[str]:
        return [call.id for call in await calls.list(query)]

    assert await listed(CallQuery()) == ["foreign", "three", "two", "one"]
    assert await listed(CallQuery(limit=2)) == ["foreign", "three"]
    assert await listed(CallQuery(REF.name)) == ["foreign", "three", "two", "one"]
    assert await listed(CallQuery(REF.name, REF.namespace, "queued")) == ["three", "one"]
    assert await listed(CallQuery(namespace=OTHER.namespace)) == ["foreign"]
    assert await listed(CallQuery(state="cancelled")) == ["two"]


async def test_sweep_deletes_calls_that_ended_before(calls: CallStore) -> None:
    for name in ("old", "new", "open"):
        await queue(calls, name)
    await calls.finish("old", "succeeded", now=moment(1), response=ANSWER)
    await calls.finish("new", "succeeded", now=moment(10), response=ANSWER)
    assert await calls.sweep(moment(10)) == 1
    with pytest.raises(CallNotFound):
        await calls.response("old")
    assert await calls.response("new") == ANSWER
    assert (await calls.get("open")).state == "queued"
