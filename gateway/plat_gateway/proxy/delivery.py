"""Sends a stored call on the data path: the request of a caller who is in this very process.

The bytes of the request go through the same connection and the same exchange as those of any
caller, so that waking, slots, timeouts, retries and counts are the same; only nobody is asked for
a token, who was asked when the call was taken in.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any, Final

from plat_core.errors import BadFunctionAnswer
from plat_core.model.calls import CallFailure, CallResponse, ClaimedCall
from plat_core.services.dispatcher import AttemptResult

from plat_gateway.proxy.chunks import ChunkDecoder
from plat_gateway.proxy.connection import Connection
from plat_gateway.proxy.exchange import FunctionExchange
from plat_gateway.proxy.forwarding import Peer
from plat_gateway.proxy.heads import RequestHead, ResponseHead, parse_response
from plat_gateway.proxy.intake import header_pairs
from plat_gateway.proxy.limits import KIB
from plat_gateway.proxy.proxy import Proxy
from plat_gateway.proxy.targets import PREFIX, function_target

_OURS: Final = frozenset(
    {"connection", "content-length", "keep-alive", "transfer-encoding", "x-call-id"}
)
"""Lines of an answer that are about its way here."""
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose empty body is told as one (RFC 9110 §8.6)."""
_ADDED: Final = 16 * KIB
"""How much longer a head may be here than it was when it came: who sent it is told in it."""


class Delivery:
    """Sends calls through `proxy`; `answer_bytes` is how much is kept of an answer's body."""

    def __init__(self, proxy: Proxy, *, answer_bytes: int) -> None:
        self.draining = True
        """Every connection carries one call, and its answer closes it."""
        limits = proxy.limits
        self.limits = replace(
            limits,
            head_bytes=limits.head_bytes + _ADDED,
            headers=limits.headers + 16,
            keep_alive=float("inf"),
        )
        self._proxy = proxy
        self._answer_bytes = answer_bytes

    async def send(self, claim: ClaimedCall) -> AttemptResult:
        """Send a call once, from waking the function to the last byte of its answer.

        Cancelling it is a caller that leaves.
        """
        loop = asyncio.get_running_loop()
        wire = Wire(loop, AnswerReader(claim.request.method, self._answer_bytes, self.limits))
        connection = Connection(self, loop)
        wire.open(connection)
        connection.data_received(_request(claim))
        try:
            await wire.closed
        finally:
            wire.abort()
        return wire.reader.attempt()

    # what a connection asks

    def joined(self, connection: Connection) -> None:
        """It is known here alone."""

    def left(self, connection: Connection) -> None:
        """See `joined`."""

    def peer(self, transport: asyncio.Transport) -> Peer:
        """Who is at the other end: whoever it was when the call was taken in."""
        return FormerPeer()

    def new_call_id(self) -> bytes:
        """An id for an answer to what is no request."""
        return self._proxy.ids.new()

    def body_limit(self, head: RequestHead) -> int | None:
        """It was kept when the call was taken in."""
        return None

    def exchange(self, connection: Connection, head: RequestHead) -> FunctionExchange | None:
        """The exchange of the data path."""
        call_id = self._proxy.ids.of(head.fields.get(b"x-call-id"))
        segment, path = function_target(head.target)
        entry = self._proxy.router.lookup(segment)
        if entry is None:
            connection.answer(self._proxy.router.unknown(segment), head, call_id)
            return None
        return FunctionExchange(self._proxy, connection, head, entry, path, call_id, b"")


class FormerPeer(Peer):
    """A caller that is gone: its lines stand in the stored request, and pass as they are."""

    __slots__ = ()
    _LINES: Final = {
        b"x-forwarded-for": b"X-Forwarded-For",
        b"x-forwarded-proto": b"X-Forwarded-Proto",
        b"x-forwarded-host": b"X-Forwarded-Host",
        b"forwarded": b"Forwarded",
    }

    def __init__(self) -> None:
        super().__init__(None, ())

    def lines(self, head: RequestHead) -> bytes:
        """See `Peer.lines`."""
        said = head.fields
        known = ((line, said[name]) for name, line in self._LINES.items() if name in said)
        return b"".join(b"\r\n%b: %b" % pair for pair in known)

    def client(self, head: RequestHead) -> str:
        """See `Peer.client`."""
        return (
            head.fields.get(b"x-forwarded-for", b"").rpartition(b",")[2].strip().decode("latin-1")
        )


class Wire(asyncio.Transport):
    """The transport of a connection whose other end is an `AnswerReader`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, reader: AnswerReader) -> None:
        super().__init__()
        self.reader = reader
        self.closed: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._closing = False
        self._connection: Connection | None = None

    def open(self, connection: Connection) -> None:
        """Begin."""
        self._connection = connection
        connection.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Bytes of the answer."""
        if not self._closing and not self.reader.feed(bytes(data)):
            # not at once: who writes is in the middle of it
            self._loop.call_soon(self.abort)

    def close(self) -> None:
        """The answer is complete."""
        self.reader.ended = True
        self.abort()

    def abort(self) -> None:
        """The answer is over, complete or not."""
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._lost)

    def _lost(self) -> None:
        if self._connection is not None:
            self._connection.connection_lost(None)
        if not self.closed.done():
            self.closed.set_result(None)

    def is_closing(self) -> bool:
        """Whether it is over."""
        return self._closing

    def can_write_eof(self) -> bool:
        """There is no half of it."""
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """There is no socket."""
        return default

    def pause_reading(self) -> None:
        """All that there is to read was read in one piece."""

    def resume_reading(self) -> None:
        """See `pause_reading`."""


class AnswerReader:
    """Takes an answer apart as it comes, and keeps no more of its body than is allowed."""

    def __init__(self, method: str, limit: int, limits: Any) -> None:
        self.ended = False
        self._method = method
        self._limit = limit
        self._limits = limits
        self._partial = b""
        self._head: ResponseHead | None = None
        self._decoder: ChunkDecoder | None = None
        self._body = bytearray()

    def feed(self, data: bytes) -> bool:
        """Take the next bytes; False where no more are wanted."""
        while self._head is None and data:
            self._partial += data
            head = parse_response(self._partial, self._limits, None)
            if head is None:
                return True
            data, self._partial = self._partial[head.end :], b""
            if head.status >= 200:
                self._head = head
                self._decoder = ChunkDecoder() if head.chunked else None
        self._body += self._decoder.feed(data) if self._decoder is not None else data
        return len(self._body) <= self._limit

    def attempt(self) -> AttemptResult:
        """What it was, now that it is over."""
        head, truncated = self._head, len(self._body) > self._limit
        if head is None or not (self.ended or truncated):
            told = "The function's answer broke off."
            trouble = CallFailure(BadFunctionAnswer.code, told)
            return AttemptResult(BadFunctionAnswer.status, failure=trouble)
        headers = header_pairs(head.block)
        named = {name.lower(): value for name, value in headers}
        seconds = named.get("retry-after", "")
        pause = float(seconds) if seconds.isdecimal() and len(seconds) < 10 else 0.0
        if (code := named.get("x-plat-answer")) is not None:
            told = str(json.loads(self._body)["detail"]) if self._body else code
            return AttemptResult(head.status, failure=CallFailure(code, told), retry_after=pause)
        kept = tuple(pair for pair in headers if pair[0].lower() not in _OURS)
        body = bytes(self._body[: self._limit])
        answer = CallResponse(head.status, kept, body, truncated=truncated)
        return AttemptResult(head.status, answer, retry_after=pause)


def _request(claim: ClaimedCall) -> bytes:
    call, request = claim.call, claim.request
    target = f"{PREFIX.decode()}{call.ref.segment}{request.path}"
    lines = [f"{request.method} {target} HTTP/1.1", *map(": ".join, request.headers)]
    lines.append(f"X-Call-Id: {call.id}")
    if request.body or request.method in _WITH_BODY:
        lines.append(f"Content-Length: {len(request.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + request.body
