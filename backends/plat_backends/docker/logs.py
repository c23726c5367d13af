"""What containers wrote: Docker keeps the lines of those that exist, the archive the others'."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from plat_core.errors import Unavailable
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier, Subscription
from plat_core.ports import LogQuery, LogRecord

from plat_backends.docker.engine import Engine
from plat_backends.docker.spec import (
    FUNCTION,
    NAMESPACE,
    ContainerPolicy,
    ReplicaName,
    named,
    owner_labels,
)

KEPT_LINES = 1000
TAIL_LINES = 40
SCANNED_LINES = 10_000
LINE_CHARACTERS = 16 * 1024
FOLLOW_BACKLOG = 256
RELOOK_SECONDS = 2.0
_CALL = re.compile(r"\[call ([^\]\s]{1,128})\] ")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with the full time that Docker gave it: nanoseconds, as text."""

    stamp: str
    record: LogRecord


class LogArchive:
    """The last lines of containers that are gone, bounded per function."""

    def __init__(self, engine: Engine, *, kept: int = KEPT_LINES) -> None:
        self._engine = engine
        self._kept = kept
        self._lines: dict[FunctionRef, deque[LogRecord]] = {}

    async def tail(self, name: ReplicaName, container: str) -> Sequence[str]:
        """The last lines of a container, oldest first."""
        lines = await read_lines(self._engine, name, container, tail=TAIL_LINES)
        return [line.record.text for line in lines]

    async def keep(self, name: ReplicaName, container: str) -> None:
        """Save the last lines of a container that is about to be removed."""
        lines = await read_lines(self._engine, name, container, tail=self._kept)
        for line in lines:
            self.add(name.ref, line.record)

    def add(self, ref: FunctionRef, record: LogRecord) -> None:
        """Keep a line that no container wrote."""
        self._lines.setdefault(ref, deque(maxlen=self._kept)).append(record)

    def lines(self, ref: FunctionRef) -> Sequence[LogRecord]:
        """The lines of replicas of `ref` that are gone."""
        return tuple(self._lines.get(ref, ()))

    def forget(self, ref: FunctionRef) -> None:
        """The function is gone."""
        self._lines.pop(ref, None)


class DockerLogs:
    """`LogSource` over Docker's own logs; `changes` tells when a function has other containers."""

    def __init__(
        self,
        engine: Engine,
        archive: LogArchive,
        changes: Notifier[FunctionRef],
        policy: ContainerPolicy,
    ) -> None:
        self._engine = engine
        self._archive = archive
        self._changes = changes
        self._labels = owner_labels(policy)

    def add(self, ref: FunctionRef, record: LogRecord) -> None:
        """Add a line of the platform's own."""
        self._archive.add(ref, record)

    async def read(self, ref: FunctionRef, query: LogQuery) -> AsyncGenerator[LogRecord, None]:
        """See `LogSource.read`."""
        subscription = self._changes.subscribe()
        lines, last = await self._present(ref)
        records = [*self._archive.lines(ref), *(line.record for line in lines)]
        found = sorted(_matching(records, query), key=lambda record: record.time)
        for record in found[-query.tail :] if query.tail > 0 else ():
            yield record
        if query.follow:
            async with contextlib.aclosing(self._follow(ref, subscription, last)) as coming:
                async for record in coming:
                    for match in _matching([record], query):
                        yield match

    async def _present(self, ref: FunctionRef) -> tuple[list[_Line], dict[str, str]]:
        """The lines of the containers that exist, and the stamp of the last line of each."""
        lines: list[_Line] = []
        last: dict[str, str] = {}
        for name, container in await self._containers(ref):
            found = await read_lines(self._engine, name, container, tail=SCANNED_LINES)
            last[container] = found[-1].stamp if found else ""
            lines += found
        return lines, last

    async def _containers(self, ref: FunctionRef) -> list[tuple[ReplicaName, str]]:
        labels = self._labels | {FUNCTION: ref.name, NAMESPACE: ref.namespace}
        listed = await self._engine.list(labels)
        return [(name, c.id) for c in listed if (name := named(c.name, c.labels))]

    async def _follow(
        self, ref: FunctionRef, subscription: Subscription[FunctionRef], last: dict[str, str]
    ) -> AsyncGenerator[LogRecord, None]:
        queue: asyncio.Queue[LogRecord] = asyncio.Queue(FOLLOW_BACKLOG)
        followed: dict[str, asyncio.Task[None]] = {}
        looking = asyncio.create_task(self._look(ref, subscription, last, queue, followed))
        try:
            while True:
                yield await queue.get()
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            for task in followed.values():
                task.cancel()
            await asyncio.gather(*followed.values(), return_exceptions=True)

    async def _look(
        self,
        ref: FunctionRef,
        subscription: Subscription[FunctionRef],
        last: dict[str, str],
        queue: asyncio.Queue[LogRecord],
        followed: dict[str, asyncio.Task[None]],
    ) -> None:
        """Follow every container of the function, those too that come later or start again."""
        while True:
            with contextlib.suppress(Unavailable):
                for name, container in await self._containers(ref):
                    if container not in followed or followed[container].done():
                        pump = self._pump(name, container, last, queue)
                        followed[container] = asyncio.create_task(pump)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RELOOK_SECONDS):
                    while await subscription.take() != ref:
                        continue

    async def _pump(
        self,
        name: ReplicaName,
        container: str,
        last: dict[str, str],
        queue: asyncio.Queue[LogRecord],
    ) -> None:
        before = last.get(container, "")
        frames = self._engine.log_frames(container, tail=None, follow=True, since=_seconds(before))
        with contextlib.suppress(Unavailable):
            async with contextlib.aclosing(frames):
                async for kind, raw in frames:
                    line = parse(name, kind, raw)
                    if line is not None and line.stamp > last.get(container, ""):
                        last[container] = line.stamp
                        await queue.put(line.record)


async def read_lines(
    engine: Engine, name: ReplicaName, container: str, *, tail: int
) -> list[_Line]:
    """The last lines of one container, in order of time."""
    frames = engine.log_frames(container, tail=tail, follow=False)
    async with contextlib.aclosing(frames):
        lines = [line async for kind, raw in frames if (line := parse(name, kind, raw))]
    return sorted(lines, key=lambda line: line.stamp)


def parse(name: ReplicaName, kind: int, raw: bytes) -> _Line | None:
    """Read `2026-01-31T12:00:00.123456789Z text`; None for what is no such line.

    The runtime puts `[call <id>] ` before what a call wrote (runtimes/CONTRACT.md).
    """
    stamp, _, text = raw.decode(errors="replace").rstrip("\r\n").partition(" ")
    try:
        time = datetime.fromisoformat(f"{stamp[:26].rstrip('Z')}+00:00").astimezone(UTC)
    except ValueError:
        return None
    tag = _CALL.match(text)
    record = LogRecord(
        time=time,
        replica=name.id,
        revision=f"{name.ref.name}-{name.revision}",
        stream="stderr" if kind == 2 else "stdout",
        text=(text[tag.end() :] if tag else text)[:LINE_CHARACTERS],
        call_id=tag[1] if tag else None,
    )
    return _Line(stamp, record)


def _seconds(stamp: str) -> str:
    """Docker's `since`: seconds with nanoseconds, from the stamp of the last line."""
    if not stamp:
        return ""
    whole = datetime.fromisoformat(f"{stamp[:19]}+00:00")
    return f"{whole.timestamp():.0f}.{stamp[20:].rstrip('Z'):0<9}"


def _matching(records: Iterable[LogRecord], query: LogQuery) -> list[LogRecord]:
    return [
        record
        for record in records
        if query.call_id in (None, record.call_id) and query.replica in (None, record.replica)
    ]
