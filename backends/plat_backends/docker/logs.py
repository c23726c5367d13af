"""Logs of containers: Docker stores those of existing ones, the archive those of removed ones."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier, Subscription
from plat_core.ports import LogQuery, LogRecord

from plat_backends.docker.engine import Engine
from plat_backends.docker.spec import (
    FUNCTION,
    NAMESPACE,
    ContainerPolicy,
    ReplicaName,
    owner_labels,
    read_replica_name,
)
from plat_backends.replica.log_follow import OpenLogStream, follow_replicas
from plat_backends.replica.log_lines import log_record, matches_query, parse_timestamped_line

ARCHIVED_LINES = 1000
TAIL_LINES = 40
SCANNED_LINES = 10_000
RELIST_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class StampedRecord:
    """A record with the original time stamp of Docker, which has nanoseconds."""

    stamp: str
    record: LogRecord


class LogArchive:
    """The last lines of removed containers, bounded per function."""

    def __init__(self, engine: Engine, *, max_lines: int = ARCHIVED_LINES) -> None:
        self._engine = engine
        self._max_lines = max_lines
        self._records: dict[FunctionRef, deque[LogRecord]] = {}

    async def tail(self, name: ReplicaName, container: str) -> Sequence[str]:
        """Return the last lines of a container, oldest first."""
        lines = await read_lines(self._engine, name, container, tail=TAIL_LINES)
        return [line.record.text for line in lines]

    async def save(self, name: ReplicaName, container: str) -> None:
        """Save the last lines of a container before its removal."""
        for line in await read_lines(self._engine, name, container, tail=self._max_lines):
            self.add(name.ref, line.record)

    def add(self, ref: FunctionRef, record: LogRecord) -> None:
        """Add a record that no container wrote."""
        self._records.setdefault(ref, deque(maxlen=self._max_lines)).append(record)

    def records(self, ref: FunctionRef) -> Sequence[LogRecord]:
        """Return the records of the removed replicas of a function."""
        return tuple(self._records.get(ref, ()))

    def forget(self, ref: FunctionRef) -> None:
        """Drop the records of a removed function."""
        self._records.pop(ref, None)


class DockerLogs:
    """`LogSource` over Docker's logs; `changes` notifies when a function's containers change."""

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
        """Add a record of the platform."""
        self._archive.add(ref, record)

    async def read(self, ref: FunctionRef, query: LogQuery) -> AsyncGenerator[LogRecord, None]:
        """See `LogSource.read`."""
        # subscribe first, so that no container can appear unnoticed between reading and following
        changes = self._changes.subscribe()
        lines, last_stamps = await self._read_present(ref)
        records = [*self._archive.records(ref), *(line.record for line in lines)]
        found = sorted(_matching(records, query), key=lambda record: record.time)
        for record in found[-query.tail :] if query.tail > 0 else ():
            yield record
        if query.follow:
            following = self._follow(ref, changes, last_stamps)
            async with contextlib.aclosing(following) as new_records:
                async for record in new_records:
                    if matches_query(record, query):
                        yield record

    async def _read_present(self, ref: FunctionRef) -> tuple[list[StampedRecord], dict[str, str]]:
        """Return the lines of the existing containers, and the last time stamp of each."""
        lines: list[StampedRecord] = []
        last_stamps: dict[str, str] = {}
        for name, container in await self._containers(ref):
            found = await read_lines(self._engine, name, container, tail=SCANNED_LINES)
            last_stamps[container] = found[-1].stamp if found else ""
            lines += found
        return lines, last_stamps

    async def _containers(self, ref: FunctionRef) -> list[tuple[ReplicaName, str]]:
        labels = self._labels | {FUNCTION: ref.name, NAMESPACE: ref.namespace}
        listed = await self._engine.list(labels)
        return [(name, c.id) for c in listed if (name := read_replica_name(c.name, c.labels))]

    def _follow(
        self, ref: FunctionRef, changes: Subscription[FunctionRef], last_stamps: dict[str, str]
    ) -> AsyncGenerator[LogRecord, None]:
        async def list_streams() -> Mapping[str, OpenLogStream]:
            return {
                container: partial(self._stream, name, container, last_stamps)
                for name, container in await self._containers(ref)
            }

        async def wait_for_change() -> None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RELIST_SECONDS):
                    while await changes.take() != ref:
                        continue

        return follow_replicas(list_streams, wait_for_change)

    async def _stream(
        self, name: ReplicaName, container: str, last_stamps: dict[str, str]
    ) -> AsyncGenerator[LogRecord, None]:
        """Yield the records of one container after the last one that was read."""
        since = _docker_since(last_stamps.get(container, ""))
        frames = self._engine.log_frames(container, tail=None, follow=True, since=since)
        async with contextlib.aclosing(frames):
            async for kind, raw in frames:
                line = parse_log_frame(name, kind, raw)
                if line is not None and line.stamp > last_stamps.get(container, ""):
                    last_stamps[container] = line.stamp
                    yield line.record


async def read_lines(
    engine: Engine, name: ReplicaName, container: str, *, tail: int
) -> list[StampedRecord]:
    """Return the last lines of one container in order of time."""
    frames = engine.log_frames(container, tail=tail, follow=False)
    async with contextlib.aclosing(frames):
        lines = [line async for kind, raw in frames if (line := parse_log_frame(name, kind, raw))]
    return sorted(lines, key=lambda line: line.stamp)


def parse_log_frame(name: ReplicaName, kind: int, raw: bytes) -> StampedRecord | None:
    """Return the record of one frame of Docker's log stream, or None without a time stamp."""
    line = parse_timestamped_line(raw)
    if line is None:
        return None
    revision = f"{name.ref.name}-{name.revision}"
    stream: Literal["stdout", "stderr"] = "stderr" if kind == 2 else "stdout"
    record = log_record(line, replica=name.id, revision=revision, stream=stream)
    return StampedRecord(line.stamp, record)


def _docker_since(stamp: str) -> str:
    """Return Docker's `since` parameter for a time stamp: seconds with nanoseconds."""
    if not stamp:
        return ""
    whole = datetime.fromisoformat(f"{stamp[:19]}+00:00")
    return f"{whole.timestamp():.0f}.{stamp[20:].rstrip('Z'):0<9}"


def _matching(records: Iterable[LogRecord], query: LogQuery) -> list[LogRecord]:
    return [record for record in records if matches_query(record, query)]
