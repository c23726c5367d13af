"""Builds of the sources in `Function` resources: one build per function."""

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
from plat_core.services.readiness import BuildState

log = logging.getLogger(__name__)

RETRYABLE: Final = frozenset({"unavailable", "overloaded"})
"""Codes of failures that the source does not cause; the build is retried."""
INITIAL_RETRY_DELAY: Final = 2.0
MAX_RETRY_DELAY: Final = 60.0


class SourceBuilder(Protocol):
    """Builds the source in a resource."""

    def build_source(
        self, source: Source, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        """Yield the events of the build; the last one is Finished or Failed."""
        ...


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """The result of a build; `commit` is that of a git source."""

    image: str
    commit: str = ""


def source_key(spec: FunctionSpec) -> str:
    """Return a hash of everything that determines the image of a source; empty without one.

    A branch may point to another commit later, so its key includes the time of the last redeploy.
    """
    if spec.source is None:
        return ""
    asked = spec.redeployed_at.isoformat() if spec.source.moves and spec.redeployed_at else None
    parts = (spec.source.document(), spec.runtime, spec.handler, asked)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class SourceBuild:
    """The build of one function's source; starts now, and calls `done` when it ends.

    A failure that the source does not cause is reported and retried until the task is cancelled.
    `delay` is the first delay between attempts, in seconds.
    """

    def __init__(
        self,
        key: str,
        function: Function,
        builder: SourceBuilder,
        done: Callable[[FunctionRef], None],
        *,
        delay: float = INITIAL_RETRY_DELAY,
    ) -> None:
        if function.spec.source is None:
            raise ValueError("only a source can be built")
        self.key = key
        self._redeployed_at = function.spec.redeployed_at
        self.outcome: BuiltImage | BuildState = BuildState("building")
        self._builder, self._source, self._ref = builder, function.spec.source, function.ref
        self._options = BuildOptions(
            name=function.ref.name, runtime=function.spec.runtime, handler=function.spec.handler
        )
        backoff = Backoff(initial=delay, maximum=MAX_RETRY_DELAY)
        self.task = asyncio.get_running_loop().create_task(self._run(done, backoff))

    def is_current(self, key: str, spec: FunctionSpec) -> bool:
        """Return whether it builds the source with that key.

        A redeploy starts a failed build again, because its cause may lie outside the source.
        """
        failed = isinstance(self.outcome, BuildState) and self.outcome.phase == "failed"
        return self.key == key and not (failed and self._redeployed_at != spec.redeployed_at)

    async def _run(self, done: Callable[[FunctionRef], None], backoff: Backoff) -> None:
        while True:
            last = await self._attempt()
            retry = isinstance(last, Failed) and (last.passing or last.code in RETRYABLE)
            self.outcome = _outcome(last, retry=retry)
            done(self._ref)
            if not retry:
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
            # without this the status would stay at "building" forever
            log.exception("the build of %s failed", self._ref)
            return None
        return last


def _outcome(last: BuildEvent | None, *, retry: bool) -> BuiltImage | BuildState:
    if isinstance(last, Finished):
        return BuiltImage(last.image, last.commit or "")
    if isinstance(last, Failed):
        message = f"{last.message}; it is tried again" if retry else last.message
        return BuildState("failed", with_line(message, last.line), last.fix)
    return BuildState("failed", "the build ended without a result", "deploy it again")
