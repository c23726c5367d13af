"""The layer that asks for a token, and what its role may do, before any route is looked for.

It decides on `scope["path"]`, which the server has already decoded; what is not in `PUBLIC` needs
a token, known path or not, so that a stranger learns nothing of what there is. What a viewer may do
is told by the method alone: no path of the API changes anything when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import parse_qsl

from plat_core.errors import Malformed
from plat_core.services.tokens import TokenCheck, TokenGuard, token_error
from starlette.types import ASGIApp, Receive, Scope, Send

from plat_gateway.auth.clients import Network, client_address
from plat_gateway.problems import call_id_of, parts_of, problem

PUBLIC = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})
CONSOLE = "/ui"
"""The console's files lie below it. They are the same for all; what they ask for needs a token."""
QUERY_TOKENS = frozenset({"token", "access_token", "auth_token"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""What a viewer may send: the safe methods of RFC 9110 §9.2.1."""
CHALLENGE = 'Bearer realm="plat"'


Role = Literal["admin", "viewer"]
_ROLES: Mapping[TokenCheck, Role] = {TokenCheck.ALLOWED: "admin", TokenCheck.VIEWER: "viewer"}


class TokenLayer:
    """ASGI middleware: 401 without a token, 429 for who guesses, 400 for one in the query, and 403
    for a viewer's where it would change something. The role is `state["role"]` afterwards.
    """

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
        role = _ROLES.get(verdict)
        if role == "admin" or (role == "viewer" and scope["method"] in SAFE):
            scope.setdefault("state", {})["role"] = role
            await self._app(scope, receive, send)
            return
        error = token_error(verdict)
        response = problem(parts_of(error), call_id_of(scope), self._headers(verdict, client))
        await response(scope, receive, send)

    def _headers(self, verdict: TokenCheck, client: str) -> dict[str, str]:
        if verdict is TokenCheck.VIEWER:
            return {}
        if verdict is TokenCheck.BLOCKED:
            return {"Retry-After": str(self._guard.retry_after(client))}
        return {"WWW-Authenticate": CHALLENGE}


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
