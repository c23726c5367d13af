"""Whether other gateways can call a function, so that a deploy at one is visible at all.

A gateway asks its peers. A peer replies once its own watch has reported the function.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Final

from plat_core.services.peer_messages import encode
from plat_core.services.router import Router
from plat_core.wire import PeerMessage

REPLY_TIMEOUT: Final = 5.0
"""Time (s) after which a reply is no longer useful."""
MAX_QUESTIONS: Final = 1000
"""Maximum number of open questions from peers; more are not answered."""


class FunctionVisibility:
    """Asks peers whether they can call a function, and replies to their questions."""

    def __init__(self, router: Router, send: Callable[[str, bytes], None]) -> None:
        self._table = router.table
        self._send = send
        self._asked: dict[tuple[str, str], asyncio.Event] = {}
        self._replies: set[asyncio.Task[None]] = set()

    async def wait_for(self, segment: str, peers: Collection[str]) -> None:
        """Wait until this gateway and `peers` can call the function."""
        await self._table.wait_for(segment)
        await asyncio.gather(*(self._ask(name, segment) for name in peers))

    def receive(self, name: str, message: PeerMessage) -> None:
        """Process the questions and replies of a peer."""
        for segment in message.knows:
            if event := self._asked.get((name, segment)):
                event.set()
        for segment in message.asks:
            if len(self._replies) < MAX_QUESTIONS:
                task = asyncio.ensure_future(self._reply(name, segment))
                self._replies.add(task)
                task.add_done_callback(self._replies.discard)

    async def _ask(self, name: str, segment: str) -> None:
        event = self._asked.setdefault((name, segment), asyncio.Event())
        try:
            self._send(name, encode(PeerMessage(asks=(segment,))))
            await event.wait()
        finally:
            self._asked.pop((name, segment), None)

    async def _reply(self, name: str, segment: str) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(REPLY_TIMEOUT):
                await self._table.wait_for(segment)
                self._send(name, encode(PeerMessage(knows=(segment,))))
