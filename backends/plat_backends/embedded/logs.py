"""Output of replica processes: split into lines, limited, stored on disk and sent to followers.

A function that writes too fast loses lines, and a line of the platform reports their number. A slow
disk never blocks a function or the platform.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from plat_core.model.names import FunctionRef
from plat_core.ports import LogQuery, LogRecord

from plat_backends.embedded.line_splitter import LineSplitter
from plat_backends.embedded.log_files import LogFile
from plat_backends.replica.log_lines import matches_query, split_call_tag
from plat_backends.token_bucket import TokenBucket

LOG = logging.getLogger(__name__)
FUNCTION_BYTES = 10 * 1024 * 1024
RATE = 1024 * 1024
"""Sustained output of a function in bytes per second; a burst may have twice as many bytes."""
FLUSH_SECONDS = 0.1
FOLLOWER_LINES = 1000
PENDING_LINES = 50_000
LAST_LINES = 20
LAST_CHARACTERS = 4000

Stream = Literal["stdout", "stderr", "platform"]


class EmbeddedLogs:
    """`LogSource` with files in `directory`, at most `limit` bytes per function."""

    def __init__(
        self,
        directory: Path,
        *,
        limit: int = FUNCTION_BYTES,
        rate: int = RATE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.now = now
        self._directory = directory
        self._limit = limit
        self._rate = rate
        self._budgets: dict[FunctionRef, TokenBucket] = {}
        self._pending: dict[FunctionRef, list[LogRecord]] = {}
        self._followers: dict[FunctionRef, set[_LogFollower]] = {}
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="plat-logs")
        self._timer: asyncio.TimerHandle | None = None

    def open_output(self, ref: FunctionRef, replica: str, revision: str) -> ReplicaOutput:
        """Return the receiver of one replica's output."""
        budget = self._budgets.setdefault(ref, TokenBucket(self._rate, 2 * self._rate))
        return ReplicaOutput(self, ref, replica, revision, budget)

    def add(self, ref: FunctionRef, record: LogRecord) -> None:
        """Append a record, which is written to disk after `FLUSH_SECONDS`."""
        waiting = self._pending.setdefault(ref, [])
        if len(waiting) < PENDING_LINES:
            waiting.append(record)
        for follower in self._followers.get(ref, ()):
            follower.add(record)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._flush)

    async def read(self, ref: FunctionRef, query: LogQuery) -> AsyncGenerator[LogRecord, None]:
        """See `LogSource.read`."""
        # no await between the two: each line is either flushed here or sent to the follower
        self._flush()
        follower = self._follow(ref) if query.follow else None
        try:
            file, loop = self._file(ref), asyncio.get_running_loop()
            for record in await loop.run_in_executor(self._writer, file.last, query):
                yield record
            while follower is not None:
                record = await follower.take()
                if matches_query(record, query):
                    yield record
        finally:
            if follower is not None:
                self._unfollow(ref, follower)

    async def forget(self, ref: FunctionRef) -> None:
        """Delete all lines of a function; a second call is a no-op."""
        self._pending.pop(ref, None)
        self._budgets.pop(ref, None)
        await asyncio.get_running_loop().run_in_executor(self._writer, self._file(ref).remove)

    async def close(self) -> None:
        """Write all pending lines; a second call is a no-op."""
        if self._pending:
            self._flush()
        await asyncio.to_thread(self._writer.shutdown)

    def _flush(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch, self._pending = self._pending, {}
        if batch:
            self._writer.submit(self._write, batch)

    def _write(self, batch: dict[FunctionRef, list[LogRecord]]) -> None:
        for ref, records in batch.items():
            try:
                self._file(ref).append(records)
            except OSError as error:
                LOG.warning("%d log lines of %s could not be stored: %s", len(records), ref, error)

    def _file(self, ref: FunctionRef) -> LogFile:
        return LogFile(self._directory / ref.namespace / f"{ref.name}.jsonl", self._limit)

    def _follow(self, ref: FunctionRef) -> _LogFollower:
        follower = _LogFollower()
        self._followers.setdefault(ref, set()).add(follower)
        return follower

    def _unfollow(self, ref: FunctionRef, follower: _LogFollower) -> None:
        followers = self._followers[ref]
        followers.discard(follower)
        if not followers:
            del self._followers[ref]


class ReplicaOutput:
    """Receives the output of one replica and keeps its last lines for failure reports."""

    def __init__(
        self, logs: EmbeddedLogs, ref: FunctionRef, replica: str, revision: str, budget: TokenBucket
    ) -> None:
        self._logs = logs
        self._ref = ref
        self._replica = replica
        self._revision = revision
        self._budget = budget
        self._splitters = {"stdout": LineSplitter(), "stderr": LineSplitter()}
        self._dropped = 0
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def receive(self, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        """Receive bytes of one of its streams."""
        if not self._budget.try_take(len(data)):
            self._dropped += data.count(b"\n")
            self._splitters[stream].skip(data)
            return
        self._report_dropped()
        for line in self._splitters[stream].feed(data):
            self._add(stream, line)

    def platform(self, text: str) -> None:
        """Add a line of the platform to the replica's lines."""
        self._record("platform", text, None)

    def end(self) -> None:
        """Add the last, unterminated lines of a process that exited."""
        for stream, splitter in self._splitters.items():
            for line in splitter.end():
                self._add(stream, line)
        self._splitters = {"stdout": LineSplitter(), "stderr": LineSplitter()}
        self._report_dropped()

    def last(self) -> str:
        """Return the last lines of the process."""
        return "\n".join(self._last)[-LAST_CHARACTERS:]

    def forget_last(self) -> None:
        """Forget the last lines, because a new process starts."""
        self._last.clear()

    def _report_dropped(self) -> None:
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self.platform(f"{dropped} lines dropped: the function writes too fast")

    def _add(self, stream: str, line: str) -> None:
        call_id, text = split_call_tag(line)
        self._last.append(text)
        self._record("stderr" if stream == "stderr" else "stdout", text, call_id)

    def _record(self, stream: Stream, text: str, call_id: str | None) -> None:
        record = LogRecord(self._logs.now(), self._replica, self._revision, stream, text, call_id)
        self._logs.add(self._ref, record)


class _LogFollower:
    """The records that one reader has not taken yet; a slow reader loses the oldest."""

    def __init__(self) -> None:
        self._lines: deque[LogRecord] = deque(maxlen=FOLLOWER_LINES)
        self._missed = 0
        self._filled = asyncio.Event()

    def add(self, record: LogRecord) -> None:
        self._missed += len(self._lines) == FOLLOWER_LINES
        self._lines.append(record)
        self._filled.set()

    async def take(self) -> LogRecord:
        await self._filled.wait()
        if self._missed:
            text = f"{self._missed} lines are not shown here: they came too fast for this reader"
            self._missed = 0
            return replace(self._lines[0], stream="platform", text=text, call_id=None)
        record = self._lines.popleft()
        if not self._lines:
            self._filled.clear()
        return record
