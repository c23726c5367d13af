"""Bearer tokens: the middleware that authenticates a request before routing.

It denies by default: only public paths need no token. An unknown path needs one too, so that a
client without a token cannot discover which paths exist.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal
from urllib.parse import parse_qsl

from plat_core.errors import Malformed, PlatError
from plat_core.services.tokens import TokenCheck, TokenGuard, token_error
from starlette.types import ASGIApp, Receive, Scope, Send

from plat_http.client_addresses import Network, client_address
from plat_http.problem_responses import error_response

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The safe methods of RFC 9110, section 9.2.1, which are all that a viewer may use."""
QUERY_TOKENS = frozenset({"token", "access_token", "auth_token"})

Role = Literal["admin", "viewer"]
_ROLES: Mapping[TokenCheck, Role] = {TokenCheck.ALLOWED: "admin", TokenCheck.VIEWER: "viewer"}


class AuthMiddleware:
    """Respond 401 without a valid token, 403 to a viewer's unsafe method, 429 while blocked.

    A token in the query is rejected with 400. The role is `scope["state"]["role"]` afterwards. A
    viewer may use the safe methods, because no path of the API changes state when it is read.
    """

    def __init__(
        self,
        app: ASGIApp,
        guard: TokenGuard,
        *,
        public: Collection[str],
        public_prefix: str = "",
        trusted: Sequence[Network] = (),
    ) -> None:
        """Guard `app`.

        Paths in `public`, and those below `public_prefix`, need no token. `trusted` are proxies
        that report the client's address.
        """
        self._app = app
        self._guard = guard
        self._public = public
        self._public_prefix = public_prefix
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Authenticate one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        error = self._check(scope)
        if error is None:
            await self._app(scope, receive, send)
        else:
            await error_response(error, scope)(scope, receive, send)

    def _check(self, scope: Scope) -> PlatError | None:
        if _has_query_token(scope["query_string"]):
            return Malformed(
                "a token in the query is rejected, because URLs end up in logs and histories",
                fix="send the header 'Authorization: Bearer $AUTH_TOKEN'",
            )
        # `path` is decoded by the server; `request.url` would be built from the Host header
        if self._is_public(scope["path"]):
            return None
        peer = scope["client"][0] if scope.get("client") else None
        client = client_address(peer, _header(scope, b"x-forwarded-for"), self._trusted)
        check = self._guard.authenticate(_header(scope, b"authorization"), client)
        role = _ROLES.get(check)
        if role == "admin" or (role == "viewer" and scope["method"] in SAFE_METHODS):
            scope.setdefault("state", {})["role"] = role
            return None
        return rejection(self._guard, check, client)

    def _is_public(self, path: str) -> bool:
        below = self._public_prefix
        return path in self._public or bool(below and path.startswith(below))


def rejection(guard: TokenGuard, check: TokenCheck, client: str) -> PlatError:
    """Return the error for a failed check; `retry_after` is exact for a blocked client."""
    error = token_error(check)
    if check is TokenCheck.BLOCKED:
        error.retry_after = guard.retry_after(client)
    return error


def _header(scope: Scope, name: bytes) -> bytes | None:
    """Return the value of a header; repeated lines are joined, which is never a valid token."""
    values = [value for key, value in scope["headers"] if key == name]
    return b", ".join(values) if values else None


def _has_query_token(query: bytes) -> bool:
    if not query:
        return False
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return True
    return any(name.lower() in QUERY_TOKENS for name, _ in pairs)
