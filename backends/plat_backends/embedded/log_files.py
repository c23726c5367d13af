"""Log lines of one function on disk, in two files. The older one is dropped when both are full.

All calls block; `logs` makes them on a thread.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from plat_core.ports import LogQuery, LogRecord

from plat_backends.replica.log_lines import matches_query

BLOCK = 64 * 1024


class LogFile:
    """A ring of at most `limit` bytes at `path` and `path` + `.1`."""

    def __init__(self, path: Path, limit: int) -> None:
        self._path = path
        self._older = path.with_name(path.name + ".1")
        self._limit = limit

    def append(self, records: Iterable[LogRecord]) -> None:
        """Append records; raises OSError."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        size = self._path.stat().st_size if self._path.exists() else 0
        lines: list[bytes] = []
        for line in map(_encode, records):
            if size and size + len(line) > self._limit // 2:
                self._write(lines)
                self._path.replace(self._older)
                size, lines = 0, []
            lines.append(line)
            size += len(line)
        self._write(lines)

    def last(self, query: LogQuery) -> list[LogRecord]:
        """Return the last `query.tail` matching records in order of time."""
        found: list[LogRecord] = []
        if query.tail > 0:
            for line in self._backwards():
                record = _matching(line, query)
                if record is not None:
                    found.append(record)
                    if len(found) == query.tail:
                        break
        return found[::-1]

    def remove(self) -> None:
        """Delete both files."""
        for path in (self._path, self._older):
            path.unlink(missing_ok=True)

    def _write(self, lines: list[bytes]) -> None:
        with self._path.open("ab") as file:
            file.writelines(lines)

    def _backwards(self) -> Iterator[bytes]:
        for path in (self._path, self._older):
            if path.exists():
                yield from _reversed_lines(path)


def _reversed_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file from the last one on, and read only the blocks that are needed."""
    with path.open("rb") as file:
        at = file.seek(0, 2)
        head = b""
        while at > 0:
            size = min(BLOCK, at)
            at -= size
            file.seek(at)
            head, *lines = (file.read(size) + head).split(b"\n")
            yield from reversed(lines)
        yield head


def _encode(record: LogRecord) -> bytes:
    document = {
        "time": record.time.isoformat(),
        "replica": record.replica,
        "revision": record.revision,
        "stream": record.stream,
        "text": record.text,
    }
    if record.call_id is not None:
        document["callId"] = record.call_id
    # the newline comes first: a line that a power cut truncates then does not damage the next one
    return b"\n" + json.dumps(document).encode()


def _matching(line: bytes, query: LogQuery) -> LogRecord | None:
    # searching is much cheaper than parsing, and rules out most lines
    if any(text and text.encode() not in line for text in (query.call_id, query.replica)):
        return None
    try:
        document = json.loads(line)
        record = LogRecord(
            datetime.fromisoformat(document["time"]),
            document["replica"],
            document["revision"],
            document["stream"],
            document["text"],
            document.get("callId"),
        )
    except (ValueError, KeyError, TypeError):
        return None
    return record if matches_query(record, query) else None
