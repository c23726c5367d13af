"""The contract of `LogSource`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from plat_backends.embedded import EmbeddedLogs
from plat_backends.memory import MemoryLogs
from plat_core.ports import LogQuery

from ..kubernetes.cluster import Cluster
from .log_worlds import KubernetesLogWorld, Line, LogWorld, Writers, WrittenLogs, writers
from .samples import OTHER

WORLDS = [
    "memory",
    "embedded",
    pytest.param("kubernetes", marks=[pytest.mark.kubernetes, pytest.mark.timeout(200)]),
]


@pytest.fixture(scope="module")
def pods(cluster: Cluster, image: str) -> Iterator[Writers]:
    with writers(cluster, image) as made:
        yield made


@pytest.fixture(params=WORLDS)
async def logs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LogWorld]:
    if request.param == "memory":
        yield WrittenLogs(MemoryLogs())
    elif request.param == "embedded":
        opened = EmbeddedLogs(tmp_path)
        yield WrittenLogs(opened)
        await opened.close()
    else:
        world = KubernetesLogWorld(request.getfixturevalue("pods"))
        await world.open()
        yield world
        await world.close()


def _line(number: int, *, replica: str = "a", call: str | None = None) -> Line:
    return Line(f"line {number} ü\t\x1b[1m", replica, call)


async def _read(logs: LogWorld, query: LogQuery) -> list[Line]:
    return [line async for line in logs.read(query)]


async def _next(lines: AsyncIterator[Line]) -> Line:
    return await asyncio.wait_for(anext(lines), 20)


async def test_reads_nothing_without_lines(logs: LogWorld) -> None:
    assert await _read(logs, LogQuery()) == []


async def test_reads_the_last_lines_unchanged_and_in_order(
    logs: LogWorld,
) -> None:
    lines = [_line(n) for n in range(5)]
    await logs.write(*lines)
    assert await _read(logs, LogQuery()) == lines
    for tail in (0, 1, 3, 100):
        assert await _read(logs, LogQuery(tail=tail)) == lines[5 - min(tail, 5) :]


async def test_filters_lines_by_call_and_replica(logs: LogWorld) -> None:
    lines = [_line(1, call="x"), _line(2, replica="b", call="x"), _line(3, call="xy")]
    await logs.write(*lines)
    assert await _read(logs, LogQuery(call_id="x")) == lines[:2]
    assert await _read(logs, LogQuery(replica="b")) == [lines[1]]
    assert await _read(logs, LogQuery(call_id="x", tail=1)) == [lines[1]]


async def test_separates_functions(logs: LogWorld) -> None:
    await logs.write(_line(1), ref=OTHER)
    await logs.write(_line(2))
    assert await _read(logs, LogQuery()) == [_line(2)]


async def test_follow_yields_new_lines_without_gaps(logs: LogWorld) -> None:
    await logs.write(_line(0))
    async with aclosing(logs.read(LogQuery(tail=10, follow=True))) as lines:
        assert await _next(lines) == _line(0)
        await logs.write(*(_line(number) for number in range(1, 50)))
        for number in range(1, 50):
            assert await _next(lines) == _line(number)


async def test_follow_filters_by_call(logs: LogWorld) -> None:
    async with aclosing(logs.read(LogQuery(follow=True, call_id="x"))) as lines:
        first = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        await logs.write(_line(1, call="y"), _line(2, call="x"))
        assert await asyncio.wait_for(first, 20) == _line(2, call="x")


async def test_two_followers_read_the_same_lines(logs: LogWorld) -> None:
    await logs.write(_line(0))
    query = LogQuery(follow=True)
    async with aclosing(logs.read(query)) as one, aclosing(logs.read(query)) as two:
        for number in range(3):
            assert await _next(one) == _line(number)
            assert await _next(two) == _line(number)
            await logs.write(_line(number + 1))
