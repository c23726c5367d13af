"""The door to the functions: which one is meant, and may this caller call it?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from plat_core.errors import PlatError
from plat_core.services.router import RouteEntry, Router

from plat_gateway.proxy.connection import Connection
from plat_gateway.proxy.cors import Cors
from plat_gateway.proxy.exchange import FunctionExchange
from plat_gateway.proxy.heads import RequestHead
from plat_gateway.proxy.identity import CallIds
from plat_gateway.proxy.limits import Limits
from plat_gateway.proxy.pool import Pools
from plat_gateway.proxy.records import CallRecord
from plat_gateway.proxy.targets import check_segment, function_target

Admit = Callable[[bytes | None, str], PlatError | None]
"""Judges an `Authorization` header that came from an address: the refusal, or None to let it in."""


class Proxy:
    """Begins an exchange for each request under `/function/`.

    `admit` is asked for every function whose access is not public. `on_call` hears of each call
    when it is over; it runs on the data path and must not wait. `notices` are header lines for the
    answers of some functions, by their path segment.
    """

    def __init__(
        self,
        router: Router,
        *,
        admit: Admit,
        limits: Limits | None = None,
        origins: Iterable[str] = (),
        on_call: Callable[[CallRecord], None] | None = None,
        notices: Mapping[str, bytes] | None = None,
    ) -> None:
        self.router = router
        self.limits = limits or Limits()
        self.on_call = on_call
        self.pools = Pools()
        self.ids = CallIds()
        self._admit = admit
        self._cors = Cors(origins)
        self._notices = {} if notices is None else notices

    def exchange(self, connection: Connection, head: RequestHead) -> FunctionExchange | None:
        """Who answers this request; None where it has been answered already."""
        fields = head.fields
        call_id = self.ids.of(fields.get(b"x-call-id"))
        extra = b""
        if b"origin" in fields:
            extra = self._cors.lines(head)
            if (preflight := self._cors.preflight(head, call_id)) is not None:
                connection.write(preflight)
                connection.finish()
                return None
        try:
            segment, path = function_target(head.target)
            entry = self._entry(segment)
            if self._notices:
                extra += self._notices.get(entry.route.ref.segment, b"")
            if entry.route.access != "public":
                self._check(entry, connection, head)
        except PlatError as error:
            connection.answer(error, head, call_id, extra)
            return None
        return FunctionExchange(self, connection, head, entry, path, call_id, extra)

    def cors(self, head: RequestHead, call_id: bytes) -> tuple[bytes, bytes | None]:
        """Header lines for a browser's answer, and the whole answer where it asks beforehand."""
        return self._cors.lines(head), self._cors.preflight(head, call_id)

    def admitted(self, segment: str, connection: Connection, head: RequestHead) -> RouteEntry:
        """The function of that segment, where this caller may call it; raises PlatError."""
        entry = self._entry(segment)
        if entry.route.access != "public":
            self._check(entry, connection, head)
        return entry

    def _entry(self, segment: str) -> RouteEntry:
        entry = self.router.lookup(segment)
        if entry is None:
            check_segment(segment)
            raise self.router.unknown(segment)
        return entry

    def _check(self, entry: RouteEntry, connection: Connection, head: RequestHead) -> None:
        refusal = self._admit(head.fields.get(b"authorization"), connection.peer.client(head))
        if refusal is not None:
            entry.counters.observe(refusal.status, 0.0)
            raise refusal
