"""The outermost layers of the management API: an id and safe headers on every answer, a last
resort for what nobody caught, and bounds on names and bodies before any route is looked for.
"""

from __future__ import annotations

import logging
import re
import uuid
from urllib.parse import unquote_to_bytes

from plat_core.errors import InvalidInput, TooLarge
from plat_core.model.names import check_name
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plat_gateway.problems import Parts, call_id_of, parts_of, problem

log = logging.getLogger(__name__)

CALL_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
NAMED = frozenset({b"functions", b"secrets"})
"""First segments whose second one is a name."""


class Edge:
    """Gives the request its call id, and turns an unexpected exception into a plain 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call_id = _call_id(scope)
        scope.setdefault("state", {})["call_id"] = call_id
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                headers["X-Call-Id"] = call_id
                for name, value in SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            log.exception("call %s: %s %s failed", call_id, scope["method"], scope["path"])
            if started:
                raise
            parts = Parts(500, "internal", "plat failed; its log has the details at this call id")
            await problem(parts, call_id)(scope, receive, send_with_headers)


class Bounds:
    """Refuses bad names on the raw path, and bodies beyond the limit of their path."""

    def __init__(self, app: ASGIApp, json_limit: int, build_limit: int) -> None:
        self._app = app
        self._json_limit = json_limit
        self._build_limit = build_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._build_limit if _is_upload(scope) else self._json_limit
        try:
            _check_segment(scope)
            if _declared_length(scope) > limit:
                raise _too_large(limit)
        except (InvalidInput, TooLarge) as error:
            await problem(parts_of(error), call_id_of(scope))(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit), send)


def _call_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-call-id" and CALL_ID.fullmatch(value):
            return str(value, "ascii")
    return uuid.uuid4().hex


def _check_segment(scope: Scope) -> None:
    """Routing sees the decoded path, where `a%2fb` would be two segments."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    segments = raw.partition(b"?")[0].split(b"/")
    if len(segments) < 3 or segments[1] not in NAMED:
        return
    try:
        check_name(unquote_to_bytes(segments[2]).decode("utf-8", "replace"))
    except ValueError as error:
        raise InvalidInput(str(error), field="metadata.name") from None


def _is_upload(scope: Scope) -> bool:
    """Archives are spooled to disk; a JSON document, also that of a build, is held in memory."""
    types = [value for name, value in scope["headers"] if name == b"content-type"]
    return scope["path"] == "/build" and not any(b"json" in value.lower() for value in types)


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _counted(receive: Receive, limit: int) -> Receive:
    received = 0

    async def counted() -> Message:
        nonlocal received
        message = await receive()
        if message["type"] == "http.request":
            received += len(message.get("body", b""))
            if received > limit:
                raise _too_large(limit)
        return message

    return counted


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body has more than {limit} bytes")
