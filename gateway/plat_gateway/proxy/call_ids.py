"""Ids of calls and of their traces."""

from __future__ import annotations

import os
import re
import time
from itertools import count
from typing import Final

_CALL_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TRACE_ID = re.compile(rb"[0-9a-f]{32}")
_TRACE_DIGITS: Final = 32
_TRACEPARENT: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?"
)


class CallIds:
    """Generates ids of 32 hexadecimal digits: milliseconds of the wall clock, process, counter.

    They sort by time, need no random bytes per call, and are valid trace ids.
    """

    def __init__(self) -> None:
        self._process = os.urandom(5).hex().encode()
        self._next = count(int.from_bytes(os.urandom(3), "big") + 1).__next__

    def new(self) -> bytes:
        """Return a unique id."""
        return b"%012x%b%010x" % (time.time_ns() // 1_000_000, self._process, self._next())

    def accept(self, given: bytes | None) -> bytes:
        """Return the client's id if it is valid, or a new one."""
        return given if given is not None and _CALL_ID.fullmatch(given) else self.new()


def traceparent(given: bytes | None, call_id: bytes, ids: CallIds) -> bytes:
    """Return the client's trace context if it is valid, or that of a new trace.

    A new trace has the call's id and is marked as sampled, like the root span of a tracer. Source:
    W3C Trace Context, level 1.
    """
    if given is not None and _TRACEPARENT.fullmatch(given):
        return given
    is_trace = len(call_id) == _TRACE_DIGITS and _TRACE_ID.fullmatch(call_id)
    trace = call_id if is_trace else ids.new()
    return b"00-%b-%b-01" % (trace, trace[16:])
