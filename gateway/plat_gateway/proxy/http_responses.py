"""A client's request to a function, and the response on the client's connection."""

from __future__ import annotations

from collections.abc import Callable

from plat_core.errors import PlatError

from plat_gateway.proxy.call_ids import CallIds, traceparent
from plat_gateway.proxy.connection import ClientConnection
from plat_gateway.proxy.connection_pool import UpstreamConnection
from plat_gateway.proxy.forwarding import (
    ClientPeer,
    forwarded_head,
    forwarded_lines,
    response_lines,
)
from plat_gateway.proxy.framing import AS_DECLARED, BodyFraming, framing_for_client
from plat_gateway.proxy.http_parser import RequestHead, ResponseHead
from plat_gateway.proxy.tunnel import Tunnel


class ClientRequest:
    """A request on a client's connection; `path` is the part that the function receives."""

    __slots__ = ("_head", "_ids", "_path", "_peer", "call_id", "length", "method", "target")

    def __init__(
        self, head: RequestHead, path: bytes, peer: ClientPeer, call_id: bytes, ids: CallIds
    ) -> None:
        self.method = head.method
        self.target = head.target
        self.length = head.length
        self.call_id = call_id
        self._head = head
        self._path = path
        self._peer = peer
        self._ids = ids

    @property
    def upgrades(self) -> bool:
        """Whether the client requests a WebSocket."""
        return self._head.upgrades

    @property
    def client_address(self) -> str:
        """Address of the client, for the access log."""
        return self._peer.client_address(self._head)

    def head(self, *, authorization: bool) -> bytes:
        """Return the head to send; `authorization` includes the header of that name."""
        head, call_id = self._head, self.call_id
        cache = head.shared.forwarded
        lines = cache.get(authorization)
        if lines is None:
            lines = cache[authorization] = forwarded_lines(
                head, self._peer, authorization=authorization
            )
        trace = traceparent(head.fields.get(b"traceparent"), call_id, self._ids)
        return forwarded_head(self.method, self._path, lines, call_id, trace)


class HttpResponseSink:
    """Sends a function's response on the client's connection.

    Each header line in `extra` ends with CR LF.
    """

    __slots__ = ("_call_id", "_connection", "_extra", "_framing", "_pending", "_request")

    def __init__(
        self, connection: ClientConnection, request: RequestHead, call_id: bytes, extra: bytes
    ) -> None:
        self._connection = connection
        self._request = request
        self._call_id = call_id
        self._extra = extra
        self._framing: BodyFraming = AS_DECLARED
        self._pending = b""

    def interim(self, head: ResponseHead) -> None:
        """Send an interim response; HTTP/1.0 has none (RFC 9110, section 15.2)."""
        if self._request.http11:
            self._connection.write(response_lines(head) + b"\r\n\r\n")

    def head(self, head: ResponseHead) -> None:
        """Prepare the head, which is sent with the first piece of the body."""
        request, connection = self._request, self._connection
        lines = b""
        # a declared length passes as it is, which is the default framing
        if head.length is None:
            framing = framing_for_client(head, request.method, http11=request.http11)
            self._framing = framing
            lines = framing.line
            if not framing.is_delimited:
                connection.keep_alive = False
        if self._extra and b"access-control-allow-origin" not in head.fields:
            lines += b"\r\n" + self._extra[:-2]
        if connection.closes_after_response:
            connection.keep_alive = False
            lines += b"\r\nConnection: close"
        elif not request.http11:
            lines += b"\r\nConnection: keep-alive"
        self._pending = b"%b\r\nX-Call-Id: %b%b\r\n\r\n" % (
            response_lines(head),
            self._call_id,
            lines,
        )

    def body(self, content: bytes) -> None:
        """Send a piece of the body."""
        data = self._pending + self._framing.encode(content)
        self._pending = b""
        if data:
            self._connection.write(data)

    def end(self, content: bytes, trailers: bytes) -> None:
        """Send the last piece of the body and the trailer lines."""
        framing = self._framing
        if framing.is_chunked:
            content = framing.encode(content) + framing.end(trailers)
        self._connection.write(self._pending + content)

    def finish(self) -> None:
        """Continue with the next request."""
        self._connection.finish()

    def abort(self) -> None:
        """Close the connection without a clean end of the response."""
        self._connection.abort(reset=not self._framing.is_delimited)

    def fail(self, error: PlatError) -> None:
        """Send a problem document."""
        self._connection.send_error(error, self._request, self._call_id, self._extra)

    def upgrade(
        self,
        head: ResponseHead,
        data: bytes,
        upstream: UpstreamConnection,
        *,
        idle: float,
        on_closed: Callable[[], None],
    ) -> None:
        """Connect the client and the upstream through a tunnel."""
        connection = self._connection
        connection.write(
            b"%b\r\nX-Call-Id: %b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n%b"
            % (response_lines(head), self._call_id, data)
        )
        tunnel = Tunnel(connection, upstream, idle=idle, on_closed=on_closed)
        tunnel.start(connection.start_tunnel(tunnel), ended=False)
