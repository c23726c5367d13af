"""Limits on request bodies and on names in paths, checked before routing."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

from plat_core.errors import InvalidInput, TooLarge
from plat_core.model.names import check_name
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plat_http.problem_responses import error_response

NAMED = frozenset({b"functions", b"secrets"})
"""First path segments that are followed by a name."""


class LimitMiddleware:
    """Reject invalid names in the raw path, and bodies over the limit of their path.

    `build_limit` applies to archives sent to `/build`, which are spooled to disk. `json_limit`
    applies to all other bodies, which are held in memory.
    """

    def __init__(self, app: ASGIApp, json_limit: int, build_limit: int) -> None:
        self._app = app
        self._json_limit = json_limit
        self._build_limit = build_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._build_limit if _is_upload(scope) else self._json_limit
        try:
            _check_name_segment(scope)
            if _declared_length(scope) > limit:
                raise _too_large(limit)
        except (InvalidInput, TooLarge) as error:
            await error_response(error, scope)(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit), send)


def _check_name_segment(scope: Scope) -> None:
    # routing uses the decoded path, where `a%2fb` would be two segments
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    segments = raw.partition(b"?")[0].split(b"/")
    if len(segments) < 3 or segments[1] not in NAMED:
        return
    try:
        check_name(unquote_to_bytes(segments[2]).decode("utf-8", "replace"))
    except ValueError as error:
        raise InvalidInput(str(error), field="metadata.name") from None


def _is_upload(scope: Scope) -> bool:
    types = [value for name, value in scope["headers"] if name == b"content-type"]
    return scope["path"] == "/build" and not any(b"json" in value.lower() for value in types)


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _counted(receive: Receive, limit: int) -> Receive:
    """Wrap `receive` to count the body: a chunked one has no declared length."""
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
