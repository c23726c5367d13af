"""`LogSource`, sentence by sentence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from plat_core.backends.embedded import EmbeddedLogs
from plat_core.backends.memory import MemoryLogs
from plat_core.ports import LogQuery, LogRecord

from .samples import OTHER, REF

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
Logs = EmbeddedLogs | MemoryLogs


@pytest.fixture(params=["memory", "embedded"])
async def logs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Logs]:
    if request.param == "memory":
        yield MemoryLogs()
        return
    opened = EmbeddedLogs(tmp_path)
    yield opened
    await opened.close()


def _line(number: int, *, replica: str = "orders-1-a", call: str | None = None) -> LogRecord:
    time = START + timedelta(seconds=number)
    return LogRecord(time, replica, "orders-1", "stdout", f"line {number} ü\t\x1b[1m", call)


async def _read(logs: Logs, query: LogQuery) -> list[LogRecord]:
    return [record async for record in logs.read(REF, query)]


async def test_nothing_is_read_where_nothing_was_written(logs: Logs) -> None:
    assert await _read(logs, LogQuery()) == []


async def test_lines_come_back_as_they_were_and_in_order(logs: Logs) -> None:
    lines = [_line(n) for n in range(5)]
    for line in lines:
        logs.add(REF, line)
    assert await _read(logs, LogQuery()) == lines


@pytest.mark.parametrize("tail", [0, 1, 3, 100])
async def test_tail_is_the_last_lines(logs: Logs, tail: int) -> None:
    lines = [_line(n) for n in range(5)]
    for line in lines:
        logs.add(REF, line)
    assert await _read(logs, LogQuery(tail=tail)) == lines[5 - min(tail, 5) :]


async def test_lines_of_one_call_or_replica(logs: Logs) -> None:
    lines = [_line(1, call="x"), _line(2, replica="orders-1-b", call="x"), _line(3, call="xy")]
    for line in lines:
        logs.add(REF, line)
    assert await _read(logs, LogQuery(call_id="x")) == lines[:2]
    assert await _read(logs, LogQuery(replica="orders-1-b")) == [lines[1]]
    assert await _read(logs, LogQuery(call_id="x", tail=1)) == [lines[1]]


async def test_functions_are_kept_apart(logs: Logs) -> None:
    logs.add(OTHER, _line(1))
    logs.add(REF, _line(2))
    assert await _read(logs, LogQuery()) == [_line(2)]


async def test_follow_goes_on_with_new_lines_and_misses_none(logs: Logs) -> None:
    logs.add(REF, _line(0))
    async with aclosing(logs.read(REF, LogQuery(tail=10, follow=True))) as lines:  # type: ignore[type-var]
        assert await asyncio.wait_for(anext(lines), 20) == _line(0)
        for number in range(1, 50):
            logs.add(REF, _line(number))
        for number in range(1, 50):
            assert await asyncio.wait_for(anext(lines), 20) == _line(number)


async def test_follow_of_one_call_leaves_others_out(logs: Logs) -> None:
    async with aclosing(logs.read(REF, LogQuery(follow=True, call_id="x"))) as lines:  # type: ignore[type-var]
        first = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        logs.add(REF, _line(1, call="y"))
        logs.add(REF, _line(2, call="x"))
        assert await asyncio.wait_for(first, 20) == _line(2, call="x")


async def test_two_followers_see_the_same(logs: Logs) -> None:
    logs.add(REF, _line(0))
    query = LogQuery(follow=True)
    async with aclosing(logs.read(REF, query)) as one, aclosing(logs.read(REF, query)) as two:  # type: ignore[type-var]
        for number in range(3):
            assert await asyncio.wait_for(anext(one), 20) == _line(number)
            assert await asyncio.wait_for(anext(two), 20) == _line(number)
            logs.add(REF, _line(number + 1))
