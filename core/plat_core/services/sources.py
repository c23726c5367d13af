"""Builds of the sources that stand in resources: one a function, under way or ended."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from plat_core.backoff import Backoff
from plat_core.errors import with_line
from plat_core.model.build import BuildEvent, BuildOptions, Failed, Finished
from plat_core.model.function import Function, FunctionSpec
from plat_core.model.names import FunctionRef
from plat_core.model.source import Source
from plat_core.services.verdict import BuildState

log = logging.getLogger(__name__)

PASSING: Final = frozenset({"unavailable", "overloaded"})
"""Codes of failures that are not the source's fault: they are tried again."""
FIRST_PAUSE: Final = 2.0
LAST_PAUSE: Final = 60.0
"""Seconds between two tries; each pause is twice the one before."""


class SourceBuilder(Protocol):
    """Builds the source that stands in a resource."""

    def build_source(
        self, source: Source, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        """The events of the build; the last one is Finished or Failed."""
        ...


@dataclass(frozen=True, slots=True)
class Built:
    """What came out of a build; `commit` is that of the repository, where the source is one."""

    image: str
    commit: str = ""


def source_key(spec: FunctionSpec) -> str:
    """What decides which image a source becomes, as a hash; empty where there is no source.

    A branch may be another commit tomorrow, so that asking for a redeploy asks for that as well.
    """
    if spec.source is None:
        return ""
    asked = spec.redeployed_at.isoformat() if spec.source.moves and spec.redeployed_at else None
    parts = (spec.source.document(), spec.runtime, spec.handler, asked)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Build:
    """The build of one function's source; begins at once, and calls `done` when it has ended.

    A failure for reasons of the platform's own is told, and then tried again until the task is
    cancelled; `pause` is the first time between two tries, in seconds.
    """

    def __init__(
        self,
        key: str,
        function: Function,
        builder: SourceBuilder,
        done: Callable[[FunctionRef], None],
        *,
        pause: float = FIRST_PAUSE,
    ) -> None:
        if function.spec.source is None:
            raise ValueError("only a source can be built")
        self.key = key
        self._asked = function.spec.redeployed_at
        self.outcome: Built | BuildState = BuildState("building")
        self._builder, self._source, self._ref = builder, function.spec.source, function.ref
        self._options = BuildOptions(
            name=function.ref.name, runtime=function.spec.runtime, handler=function.spec.handler
        )
        self.task = asyncio.get_running_loop().create_task(self._run(done, pause))

    def holds(self, key: str, spec: FunctionSpec) -> bool:
        """Whether it is about that source; a failure is its outcome until a redeploy is asked for.

        The source may be the same, and what it failed for somebody else's to mend.
        """
        failed = isinstance(self.outcome, BuildState) and self.outcome.phase == "failed"
        return self.key == key and not (failed and self._asked != spec.redeployed_at)

    async def _run(self, done: Callable[[FunctionRef], None], pause: float) -> None:
        backoff = Backoff(initial=pause, maximum=LAST_PAUSE)
        while True:
            last = await self._attempt()
            again = isinstance(last, Failed) and (last.passing or last.code in PASSING)
            self.outcome = _outcome(last, again=again)
            done(self._ref)
            if not again:
                return
            await asyncio.sleep(backoff.next_delay())

    async def _attempt(self) -> BuildEvent | None:
        last: BuildEvent | None = None
        events = self._builder.build_source(self._source, self._options)
        try:
            async with contextlib.aclosing(events):
                async for event in events:
                    last = event
        except Exception:
            # or the function would be said to be building for ever
            log.exception("the build of %s failed", self._ref)
            return None
        return last


def _outcome(last: BuildEvent | None, *, again: bool) -> Built | BuildState:
    if isinstance(last, Finished):
        return Built(last.image, last.commit or "")
    if isinstance(last, Failed):
        told = f"{last.message}; it is tried again" if again else last.message
        return BuildState("failed", with_line(told, last.line), last.fix)
    return BuildState("failed", "the build ended without a result", "deploy it again")
