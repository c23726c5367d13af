"""Authorise requests under `/function/` and create their exchanges."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from plat_core.errors import PlatError
from plat_core.services.router import RouteEntry, Router
from plat_http.statuses import status_of

from plat_gateway.proxy.call_ids import CallIds
from plat_gateway.proxy.call_records import CallRecord
from plat_gateway.proxy.connection import ClientConnection
from plat_gateway.proxy.connection_pool import ConnectionPools
from plat_gateway.proxy.cors import Cors
from plat_gateway.proxy.data_path import DataPath
from plat_gateway.proxy.exchange import FunctionExchange
from plat_gateway.proxy.http_parser import RequestHead
from plat_gateway.proxy.http_responses import ClientRequest, HttpResponseSink
from plat_gateway.proxy.limits import HttpLimits
from plat_gateway.proxy.paths import check_segment, function_path

Authorize = Callable[[bytes | None, str], PlatError | None]
"""Checks an `Authorization` header from an address: returns an error, or None to accept it."""


class FunctionProxy:
    """Creates an exchange for each request under `/function/`.

    `authorize` is called for every function that is not public. `on_call` is called with the record
    of each finished call; it runs on the data path and must not block. `notices` are header lines
    for the responses of some functions, by path segment.
    """

    def __init__(
        self,
        router: Router,
        *,
        authorize: Authorize,
        limits: HttpLimits | None = None,
        origins: Iterable[str] = (),
        on_call: Callable[[CallRecord], None] | None = None,
        notices: Mapping[str, bytes] | None = None,
    ) -> None:
        self.router = router
        self.limits = limits or HttpLimits()
        self.pools = ConnectionPools()
        self.data_path = DataPath(router, self.pools, self.limits, on_call)
        self.ids = CallIds()
        self._authorize = authorize
        self._cors = Cors(origins)
        self._notices = {} if notices is None else notices

    def create_exchange(
        self, connection: ClientConnection, head: RequestHead
    ) -> FunctionExchange | None:
        """Return the exchange for a request; None if the response has been sent."""
        call_id = self.ids.accept(head.fields.get(b"x-call-id"))
        extra = b""
        if b"origin" in head.fields:
            extra, preflight = self.cors(head, call_id)
            if preflight is not None:
                connection.write(preflight)
                connection.finish()
                return None
        try:
            segment, path = function_path(head.target)
            entry = self._lookup(segment)
            if self._notices:
                extra += self._notices.get(entry.route.ref.segment, b"")
            if entry.route.access != "public":
                self._check(entry, connection, head)
        except PlatError as error:
            connection.send_error(error, head, call_id, extra)
            return None
        request = ClientRequest(head, path, connection.peer, call_id, self.ids)
        sink = HttpResponseSink(connection, head, call_id, extra)
        return FunctionExchange(
            self.data_path, entry, request, connection, sink, connection.deadline
        )

    def cors(self, head: RequestHead, call_id: bytes) -> tuple[bytes, bytes | None]:
        """Return the CORS header lines, and the complete response if this is a preflight."""
        return self._cors.header_lines(head), self._cors.preflight_response(head, call_id)

    def authorized(
        self, segment: str, connection: ClientConnection, head: RequestHead
    ) -> RouteEntry:
        """Return the function of a path segment; raise PlatError if this client may not call it."""
        entry = self._lookup(segment)
        if entry.route.access != "public":
            self._check(entry, connection, head)
        return entry

    def _lookup(self, segment: str) -> RouteEntry:
        entry = self.router.lookup(segment)
        if entry is None:
            check_segment(segment)
            raise self.router.unknown(segment)
        return entry

    def _check(self, entry: RouteEntry, connection: ClientConnection, head: RequestHead) -> None:
        address = connection.peer.client_address(head)
        error = self._authorize(head.fields.get(b"authorization"), address)
        if error is not None:
            entry.counters.observe(status_of(error.code), 0.0)
            raise error
