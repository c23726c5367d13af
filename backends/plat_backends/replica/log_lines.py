"""Log lines of replicas: time stamps, call ids and filters. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from plat_core.ports import LogQuery, LogRecord

LINE_CHARACTERS: Final = 16 * 1024
"""Length to which a line is cut."""

# runtimes/CONTRACT.md, rule 16; the space is missing if a call writes an empty line and the
# transport strips trailing white space
_CALL_TAG = re.compile(r"\[call ([A-Za-z0-9._:-]{1,128})\] ?")
_NANOSECONDS = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True, slots=True)
class TimestampedLine:
    """A line as Docker and the kubelet send it: `2026-01-31T12:00:00.123456789Z text`."""

    stamp: str
    """The original time stamp, with nanoseconds."""
    time: datetime
    text: str


def parse_timestamped_line(raw: bytes) -> TimestampedLine | None:
    """Split a line into its time stamp and its text, or return None if it has no time stamp."""
    stamp, _, text = raw.decode(errors="replace").rstrip("\r\n").partition(" ")
    try:
        # datetime holds microseconds only
        time = datetime.fromisoformat(_NANOSECONDS.sub(r"\1", stamp))
    except ValueError:
        return None
    return TimestampedLine(stamp, time, text) if time.tzinfo is not None else None


def split_call_tag(text: str) -> tuple[str | None, str]:
    """Return the call id of a line `[call ID] text`, if it has one, and the text without it."""
    tag = _CALL_TAG.match(text)
    return (tag[1], text[tag.end() :]) if tag else (None, text)


def log_record(
    line: TimestampedLine,
    *,
    replica: str,
    revision: str,
    stream: Literal["stdout", "stderr"] = "stdout",
) -> LogRecord:
    """Return the record of a line that a replica wrote."""
    call_id, text = split_call_tag(line.text)
    return LogRecord(line.time, replica, revision, stream, text[:LINE_CHARACTERS], call_id)


def matches_query(record: LogRecord, query: LogQuery) -> bool:
    """Return whether a record has the call and the replica that the query selects."""
    return query.call_id in (None, record.call_id) and query.replica in (None, record.replica)
