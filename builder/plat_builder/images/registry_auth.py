"""Authentication at a registry, with a password or with a token for it.

The exchange is the distribution project's token authentication: a 401 names where to fetch a token
for which scope.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Generator

import httpx

_FIELD = re.compile(r'(\w+)="([^"]*)"')
_TOKENS = 100
"""Maximum number of cached tokens."""


class RegistryAuth(httpx.Auth):
    """Answers a registry's 401 as the account `user`, or anonymously where it has no name."""

    def __init__(self, user: str = "", password: str = "") -> None:
        self._basic = httpx.BasicAuth(user, password) if user else None
        self._tokens: dict[str, str] = {}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send `request`, with what this repository asked for last time."""
        repository = request.url.path.partition("/blobs/")[0].partition("/manifests/")[0]
        scope = f"{repository}:{request.method in ('GET', 'HEAD')}"
        if scope in self._tokens:
            request.headers["Authorization"] = self._tokens[scope]
        answer = yield request
        if answer.status_code != 401:
            return
        challenge = answer.headers.get("WWW-Authenticate", "")
        if challenge.lower().startswith("bearer "):
            token = yield self._token_request(dict(_FIELD.findall(challenge)))
            header = _bearer(token)
        elif self._basic is not None:
            header = next(self._basic.auth_flow(request)).headers["Authorization"]
        else:
            return
        if header is not None:
            self._remember(scope, header)
            request.headers["Authorization"] = header
            yield request

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """The same; of all answers only one with a token is read here, never a layer."""
        flow = self.auth_flow(request)
        asked = next(flow)
        while True:
            answer = yield asked
            if asked is not request:
                await answer.aread()
            try:
                asked = flow.send(answer)
            except StopIteration:
                return

    def _token_request(self, challenge: dict[str, str]) -> httpx.Request:
        wanted: dict[str, str] = {
            key: challenge[key] for key in ("service", "scope") if key in challenge
        }
        request = httpx.Request("GET", httpx.URL(challenge.get("realm", ""), params=wanted))
        return next(self._basic.auth_flow(request)) if self._basic else request

    def _remember(self, scope: str, header: str) -> None:
        while len(self._tokens) >= _TOKENS:
            self._tokens.pop(next(iter(self._tokens)))
        self._tokens[scope] = header


def _bearer(answer: httpx.Response) -> str | None:
    if not answer.is_success:
        return None
    try:
        document = json.loads(answer.content)
        token = document.get("token") or document.get("access_token")
    except (ValueError, AttributeError):
        return None
    return f"Bearer {token}" if isinstance(token, str) else None
