"""The outermost middleware: request ids, security headers, and a response to any exception."""

from __future__ import annotations

import logging
import re
import uuid

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plat_http.problem_responses import problem_response
from plat_http.problems import ProblemDetails

log = logging.getLogger(__name__)

CALL_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


class RequestIdMiddleware:
    """Set `X-Call-Id` and security headers on every response.

    The id is the client's, if that is valid, or a new one; `scope["state"]["call_id"]` has it. An
    exception that nothing else handles becomes a 500 response without details.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
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
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            log.exception("call %s: %s %s failed", call_id, scope["method"], scope["path"])
            if started:
                raise
            details = ProblemDetails(500, "internal", "internal error; see the log for this call")
            await problem_response(details, call_id)(scope, receive, send_with_headers)


def _call_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-call-id" and CALL_ID.fullmatch(value):
            return str(value, "ascii")
    return uuid.uuid4().hex
