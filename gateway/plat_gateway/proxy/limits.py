"""Limits of the HTTP server, in bytes, counts and seconds."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """Limits for each client.

    `body_bytes` limits the body of a request to the application, `function_body_bytes` one to a
    function (None: unlimited). `header_time` limits the time from a head's first byte to its last,
    `keep_alive` the time between requests, `body_idle` the time between two pieces of a request's
    body, and `stream_idle` that between two pieces of an event stream or a WebSocket.
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
    """Time to read and discard the rest of a rejected request. Closing at once would reset the
    connection before the client reads the response."""
