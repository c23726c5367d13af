"""Background tasks: one that ends ends the service, with its error and a log line."""

from __future__ import annotations

import asyncio
import logging

import pytest
from plat_core.errors import Unavailable
from plat_core.services.background import background


async def for_ever() -> None:
    await asyncio.Event().wait()


async def buggy() -> None:
    raise KeyError("a bug")


async def brief() -> None:
    return


async def unreachable() -> None:
    raise Unavailable("the database is away")


async def within_a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(for_ever())
        group.create_task(buggy())


async def test_a_failing_task_ends_the_block(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(KeyError, match="a bug") as raised:
        async with background(for_ever(), buggy()):
            await asyncio.Event().wait()
    assert raised.traceback[-1].name == "buggy"
    [line] = [r for r in caplog.records if r.levelno == logging.CRITICAL]
    assert line.getMessage() == "buggy failed, and the service ends with it: 'a bug'"


async def test_unwraps_the_error_of_nested_groups() -> None:
    with pytest.raises(KeyError, match="a bug"):
        async with background(within_a_group()):
            await asyncio.Event().wait()


async def test_a_task_that_returns_ends_the_block() -> None:
    with pytest.raises(RuntimeError, match="brief returned"):
        async with background(for_ever(), brief()):
            await asyncio.Event().wait()


async def test_a_task_that_starts_later_ends_the_block_too() -> None:
    with pytest.raises(Unavailable, match="away"):
        async with background(for_ever()) as beside:
            beside.begin(unreachable())
            await asyncio.Event().wait()


async def test_the_end_of_the_block_cancels_its_tasks(caplog: pytest.LogCaptureFixture) -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await for_ever()
        finally:
            ended.set()

    async with background(work(), for_ever()):
        await asyncio.sleep(0)
    assert ended.is_set()
    assert not caplog.records


async def test_the_error_of_the_block_is_raised_before_any_task_starts() -> None:
    with pytest.raises(ValueError, match="of the body"):
        async with background(for_ever()):
            raise ValueError("of the body")
