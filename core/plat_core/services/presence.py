"""Whether other gateways can call a function already, so that a deploy at one is known to all.

A gateway asks, and is answered as soon as the other one's own watch has told of the function.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

from plat_core.services.invoke import Router
from plat_core.wire import PeerMessage

PATIENCE: Final = 5.0
"""Seconds for which an answer is worth something."""
QUESTIONS: Final = 1000
"""Questions that are open at once; more get no answer."""


class Presence:
    """Questions to other gateways, and answers to theirs."""

    def __init__(self, router: Router, send: Callable[[str, bytes], None]) -> None:
        self._table = router.table
        self._send = send
        self._asked: dict[tuple[str, str], asyncio.Event] = {}
        self._answers: set[asyncio.Task[None]] = set()

    async def appears(self, segment: str, others: Collection[str]) -> None:
        """Wait until the function is known here and at `others`."""
        await self._table.appears(segment)
        await asyncio.gather(*(self._ask(name, segment) for name in others))

    def receive(self, name: str, message: PeerMessage) -> None:
        """Take in questions and answers of another gateway."""
        for segment in message.knows:
            if event := self._asked.get((name, segment)):
                event.set()
        for segment in message.asks:
            if len(self._answers) < QUESTIONS:
                task = asyncio.ensure_future(self._answer(name, segment))
                self._answers.add(task)
                task.add_done_callback(self._answers.discard)

    async def _ask(self, name: str, segment: str) -> None:
        event = self._asked.setdefault((name, segment), asyncio.Event())
        try:
            self._send(name, line_of(PeerMessage(asks=(segment,))))
            await event.wait()
        finally:
            self._asked.pop((name, segment), None)

    async def _answer(self, name: str, segment: str) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._table.appears(segment)
                self._send(name, line_of(PeerMessage(knows=(segment,))))


def line_of(message: PeerMessage) -> bytes:
    """A message as it travels."""
    return message.model_dump_json(exclude_defaults=True).encode() + b"\n"
