"""The layer that asks for a token, before any route is looked for.

It decides on `scope["path"]`, which the server has already decoded; what is not in `PUBLIC` needs
a token, known path or not, so that a stranger learns nothing of what there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

from plat_core.errors import Malformed
from plat_core.services.tokens import TokenGuard, Verdict, refusal
from starlette.types import ASGIApp, Receive, Scope, Send

from plat_gateway.auth.clients import Network, client_address
from plat_gateway.problems import call_id_of, parts_of, problem

PUBLIC = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})
CONSOLE = "/ui"
"""The console's files lie below it. They are the same for all; what they ask for needs a token."""
QUERY_TOKENS = frozenset({"token", "access_token", "auth_token"})
CHALLENGE = 'Bearer realm="plat"'


class TokenLayer:
    """ASGI middleware: 401 without the token, 429 for who guesses, 400 for one in the query."""

    def __init__(self, app: ASGIApp, guard: TokenGuard, trusted: Sequence[Network] = ()) -> None:
        self._app = app
        self._guard = guard
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Judge one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _token_in_query(scope["query_string"]):
            error = Malformed(
                "a token in the query ends in logs and histories, so it is refused",
                fix="send the header 'Authorization: Bearer $AUTH_TOKEN'",
            )
            await problem(parts_of(error), call_id_of(scope))(scope, receive, send)
        elif _is_public(scope["path"]):
            await self._app(scope, receive, send)
        else:
            await self._guarded(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        authorization = _header(scope, b"authorization")
        peer = scope["client"][0] if scope.get("client") else None
        client = client_address(peer, _header(scope, b"x-forwarded-for"), self._trusted)
        verdict = self._guard.authenticate(authorization, client)
        if verdict is Verdict.ALLOWED:
            await self._app(scope, receive, send)
            return
        headers = {"WWW-Authenticate": CHALLENGE}
        if verdict is Verdict.BLOCKED:
            headers = {"Retry-After": str(self._guard.retry_after(client))}
        response = problem(parts_of(refusal(verdict)), call_id_of(scope), headers)
        await response(scope, receive, send)


def _is_public(path: str) -> bool:
    return path in PUBLIC or path in ("/", CONSOLE) or path.startswith(f"{CONSOLE}/")


def _header(scope: Scope, name: bytes) -> bytes | None:
    """The header's value; lines that stand twice are one list, which no token is."""
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values) if values else None


def _token_in_query(query: bytes) -> bool:
    if not query:
        return False
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return True
    return any(name.lower() in QUERY_TOKENS for name, _ in pairs)
