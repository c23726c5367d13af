"""Send stored calls to functions, from within the gateway's process.

A stored call uses the same exchange as a request on a connection, so starting a function, slots,
timeouts, retries and metrics are the same. The token was checked when the call was accepted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from plat_core.errors import BadFunctionAnswer, PlatError
from plat_core.model.calls import CallFailure, CallResponse, ClaimedCall
from plat_core.services.dispatcher import AttemptResult
from plat_http.problems import delay_seconds
from plat_http.statuses import status_of

from plat_gateway.proxy.call_ids import CallIds, traceparent
from plat_gateway.proxy.connection_pool import UpstreamConnection
from plat_gateway.proxy.deadlines import Deadline
from plat_gateway.proxy.exchange import FunctionExchange
from plat_gateway.proxy.forwarding import (
    encode_headers,
    forwarded_head,
    header_pairs,
    response_lines,
)
from plat_gateway.proxy.http_parser import ResponseHead
from plat_gateway.proxy.paths import PREFIX
from plat_gateway.proxy.proxy import FunctionProxy

_FRAMING_HEADERS: Final = frozenset({"content-length", "keep-alive"})
"""Headers of a response that are not stored: they describe its transfer."""
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
"""Methods that send `Content-Length: 0` for an empty body (RFC 9110, section 8.6)."""


class InProcessClient:
    """Sends stored calls; `max_response_bytes` limits the stored part of a response's body."""

    def __init__(self, proxy: FunctionProxy, *, max_response_bytes: int) -> None:
        self._proxy = proxy
        self._max_response_bytes = max_response_bytes

    async def send(self, claim: ClaimedCall) -> AttemptResult:
        """Send a call once and return its result.

        Cancelling this has the effect of a client that disconnects.
        """
        proxy, ref = self._proxy, claim.call.ref
        loop = asyncio.get_running_loop()
        sink = StoredResponseSink(loop.create_future(), self._max_response_bytes)
        entry = proxy.router.lookup(ref.segment)
        if entry is None:
            sink.fail(proxy.router.unknown(ref.segment))
            return sink.result()
        # the exchange does not exist yet
        deadline = Deadline(loop, lambda: exchange.timed_out())  # noqa: PLW0108
        request = StoredRequest(claim, proxy.ids)
        exchange = FunctionExchange(proxy.data_path, entry, request, CompleteBody(), sink, deadline)
        exchange.start(claim.request.body, ended=True)
        try:
            await sink.finished
        finally:
            exchange.client_disconnected()
            deadline.cancel()
        return sink.result()


class StoredRequest:
    """The request of a stored call. Its headers were filtered when it was accepted."""

    upgrades = False

    def __init__(self, claim: ClaimedCall, ids: CallIds) -> None:
        request = claim.request
        self._claim = claim
        self._ids = ids
        self.method = request.method.encode("latin-1")
        self.target = PREFIX + f"{claim.call.ref.segment}{request.path}".encode("latin-1")
        self.length = len(request.body)
        self.call_id = ids.accept(claim.call.id.encode())

    @property
    def client_address(self) -> str:
        """Address of the client that sent the call."""
        return self._header("x-forwarded-for").rpartition(",")[2].strip()

    def head(self, *, authorization: bool) -> bytes:
        """Return the head to send; `authorization` includes the header of that name."""
        request = self._claim.request
        excluded = {"x-call-id", "traceparent", "content-length"}
        if not authorization:
            excluded.add("authorization")
        lines = encode_headers(
            (name, value) for name, value in request.headers if name.lower() not in excluded
        )
        if request.body or request.method in _WITH_BODY:
            lines += b"\r\nContent-Length: %d" % len(request.body)
        given = self._header("traceparent").encode("latin-1") or None
        trace = traceparent(given, self.call_id, self._ids)
        path = request.path.encode("latin-1")
        return forwarded_head(self.method, path, lines, self.call_id, trace)

    def _header(self, wanted: str) -> str:
        return ", ".join(
            value for name, value in self._claim.request.headers if name.lower() == wanted
        )


class CompleteBody:
    """The body of a stored request, which is complete from the beginning."""

    body_open = False
    is_awaiting_body = False
    trailers = b""

    def pause_reading(self) -> None:
        """Do nothing: the exchange has the complete body."""

    def resume_reading(self) -> None:
        """Do nothing: the exchange has the complete body."""


class StoredResponseSink:
    """Collects a response to be stored; `finished` is resolved at its end."""

    def __init__(self, finished: asyncio.Future[None], max_bytes: int) -> None:
        self.finished = finished
        self._max_bytes = max_bytes
        self._head: ResponseHead | None = None
        self._body = bytearray()
        self._failure: AttemptResult | None = None

    def interim(self, head: ResponseHead) -> None:
        """Ignore it: only the final response is stored."""

    def head(self, head: ResponseHead) -> None:
        """Store the head."""
        self._head = head

    def body(self, content: bytes) -> None:
        """Store a piece of the body, and stop the call once the limit is exceeded."""
        if not self.finished.done():
            self._body += content
            if len(self._body) > self._max_bytes:
                self.finish()

    def end(self, content: bytes, trailers: bytes) -> None:
        """Store the last piece of the body."""
        self.body(content)

    def finish(self) -> None:
        """Resolve `finished`."""
        if not self.finished.done():
            self.finished.set_result(None)

    def abort(self) -> None:
        """Discard a response that broke off."""
        if not self.finished.done():
            message = "The function's response broke off."
            self._failure = AttemptResult(
                status_of(BadFunctionAnswer.code),
                failure=CallFailure(BadFunctionAnswer.code, message),
            )
            self.finish()

    def fail(self, error: PlatError) -> None:
        """Store an error of the platform."""
        failure = CallFailure(error.code, error.message)
        delay = error.retry_after
        pause = 0.0 if delay is None else float(delay_seconds(delay))
        self._failure = AttemptResult(status_of(error.code), failure=failure, retry_after=pause)
        self.finish()

    def upgrade(
        self,
        head: ResponseHead,
        data: bytes,
        upstream: UpstreamConnection,
        *,
        idle: float,
        on_closed: Callable[[], None],
    ) -> None:
        """Raise: a stored request never requests an upgrade."""
        raise NotImplementedError

    def result(self) -> AttemptResult:
        """Return the response or the failure; call it once `finished` is resolved."""
        head = self._head
        if self._failure is not None or head is None:
            assert self._failure is not None  # noqa: S101 - set before `finished` is resolved
            return self._failure
        headers = header_pairs(response_lines(head))
        stored = tuple(pair for pair in headers if pair[0].lower() not in _FRAMING_HEADERS)
        truncated = len(self._body) > self._max_bytes
        body = bytes(self._body[: self._max_bytes])
        response = CallResponse(head.status, stored, body, truncated=truncated)
        return AttemptResult(head.status, response, retry_after=_retry_after(headers))


def _retry_after(headers: tuple[tuple[str, str], ...]) -> float:
    """Return the delay that a response requests; 0 for a date or an absurd number."""
    value = {name.lower(): value for name, value in headers}.get("retry-after", "")
    return float(value) if value.isdecimal() and len(value) < 10 else 0.0
