"""The client of the controller's HTTP API: JSON documents, and problems as typed errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from plat_core.backoff import Backoff
from plat_core.errors import PlatError, Unavailable, error_class

log = logging.getLogger(__name__)

REQUEST_TIMEOUT = 30.0
STREAM_TIMEOUT = 45.0
"""Streams send a heartbeat every 15 s; three missing ones close the connection."""
CONNECTIONS = 100
INITIAL_RETRY, MAX_RETRY = 0.1, 5.0
MAX_LINE_CHARACTERS = 4 * 1024 * 1024


class ControllerApi:
    """A client of one controller. `close` when done."""

    def __init__(
        self, url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.url = url
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=REQUEST_TIMEOUT,
            limits=httpx.Limits(max_connections=CONNECTIONS),
            transport=transport,
            trust_env=False,
        )

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        params: Mapping[str, str | int | bool] | None = None,
    ) -> Any:
        """Return the document of the response, or None; raises the error of the controller."""
        try:
            response = await self._http.request(method, path, json=json, params=params)
        except httpx.HTTPError as error:
            raise self._unavailable(error) from error
        if response.is_error:
            raise parse_problem(response.status_code, response.content)
        return response.json() if response.content else None

    @asynccontextmanager
    async def stream(
        self, path: str, *, accept: str, params: Mapping[str, str | int | bool] | None = None
    ) -> AsyncGenerator[AsyncGenerator[str, None], None]:
        """Yield the lines of a streaming response; raises Unavailable if the connection fails."""
        timeout = httpx.Timeout(REQUEST_TIMEOUT, read=STREAM_TIMEOUT)
        try:
            async with self._http.stream(
                "GET", path, params=params, headers={"Accept": accept}, timeout=timeout
            ) as response:
                if response.is_error:
                    raise parse_problem(response.status_code, await response.aread())
                lines = _lines(response)
                try:
                    yield lines
                finally:
                    await lines.aclose()
        except httpx.HTTPError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> Unavailable:
        cause = str(error) or type(error).__name__
        return Unavailable(
            f"the function controller at {self.url} does not answer: {cause}",
            fix="docker compose ps function-controller; running functions still answer",
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()


class RetryLoop:
    """Back-off of a watch, which logs its first failure and its recovery."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._backoff = Backoff(initial=INITIAL_RETRY, maximum=MAX_RETRY)

    def succeeded(self) -> None:
        """Reset the back-off."""
        if self._backoff.failures:
            log.info("%s: connected again", self._what)
        self._backoff.reset()

    async def failed(self, error: PlatError) -> None:
        """Wait before the next attempt."""
        if not self._backoff.failures:
            log.warning("%s: %s", self._what, error.message)
        await asyncio.sleep(self._backoff.next_delay())


async def _lines(response: httpx.Response) -> AsyncGenerator[str, None]:
    """Yield the lines, without the empty ones, which are heartbeats."""
    rest = ""
    async for text in response.aiter_text():
        *whole, rest = (rest + text).split("\n")
        if len(rest) > MAX_LINE_CHARACTERS:
            raise Unavailable("the function controller sent a line that is too long")
        for line in whole:
            if line:
                yield line


def parse_problem(status: int, body: bytes) -> PlatError:
    """Return the typed error of a problem document, by its code."""
    try:
        document = httpx.Response(status, content=body).json()
        code, detail = str(document["code"]), str(document["detail"])
    except (ValueError, KeyError, TypeError):
        return Unavailable(f"the function controller returned status {status}")
    fix = str(document.get("fix") or "")
    field = next((str(e.get("field", "")) for e in document.get("errors") or ()), "")
    if status == httpx.codes.UNAUTHORIZED:
        advice = "give gateway and controller the same AUTH_TOKEN"
        return Unavailable(f"the function controller rejects the token: {detail}", fix=advice)
    kind = error_class(code)
    if kind is None:
        return Unavailable(f"the function controller failed: {detail}", fix=fix)
    return kind(detail, fix=fix, field=field)
