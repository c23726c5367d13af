"""The bounds of the server, in bytes, counts and seconds."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What one caller may send, and how long anybody may be silent.

    `body_bytes` bounds a request to the application, `function_body_bytes` one to a function (None:
    unlimited). `header_time` runs from a head's first byte to its last, `keep_alive` between
    requests, `body_idle` between two pieces of a request's body, `stream_idle` between two pieces
    of an event stream or a WebSocket.
    """

    target_bytes: int = 16 * KIB
    head_bytes: int = 64 * KIB
    headers: int = 200
    body_bytes: int = 256 * MIB
    function_body_bytes: int | None = None
    connections: int = 10_000
    header_time: float = 10.0
    keep_alive: float = 75.0
    body_idle: float = 30.0
    stream_idle: float = 300.0
    linger: float = 2.0
    """After a refusal: how long the rest of the request is read and thrown away, so that the
    caller gets to see the answer instead of a reset connection."""
