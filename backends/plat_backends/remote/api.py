"""The controller's HTTP API as calls: documents in and out, problems as typed errors."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from plat_core.errors import PlatError, Unavailable, error_class

log = logging.getLogger(__name__)

CALL_SECONDS = 30.0
SILENCE_SECONDS = 45.0
"""Streams send a sign of life every 15 s; after three missed ones the connection is dead."""
CONNECTIONS = 100
FIRST_RETRY, LAST_RETRY = 0.1, 5.0
LINE_CHARACTERS = 4 * 1024 * 1024


class ControllerApi:
    """A client of one controller. `close` when done."""

    def __init__(
        self, url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.url = url
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=CALL_SECONDS,
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
        """The answer's document, None where it has none; raises what the controller said."""
        try:
            response = await self._http.request(method, path, json=json, params=params)
        except httpx.HTTPError as error:
            raise self._away(error) from error
        if response.is_error:
            raise problem(response.status_code, response.content)
        return response.json() if response.content else None

    @asynccontextmanager
    async def stream(
        self, path: str, *, accept: str, params: Mapping[str, str | int | bool] | None = None
    ) -> AsyncGenerator[AsyncGenerator[str, None], None]:
        """The lines of an answer that goes on; raises Unavailable where it breaks off."""
        timeout = httpx.Timeout(CALL_SECONDS, read=SILENCE_SECONDS)
        try:
            async with self._http.stream(
                "GET", path, params=params, headers={"Accept": accept}, timeout=timeout
            ) as response:
                if response.is_error:
                    raise problem(response.status_code, await response.aread())
                lines = _lines(response)
                try:
                    yield lines
                finally:
                    await lines.aclose()
        except httpx.HTTPError as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> Unavailable:
        cause = str(error) or type(error).__name__
        return Unavailable(
            f"the function controller at {self.url} does not answer: {cause}",
            fix="docker compose ps function-controller; running functions still answer",
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()


class Retries:
    """Growing pauses between attempts, and a word in the log when it begins and ends."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._delay = 0.0

    def reached(self) -> None:
        """It works."""
        if self._delay:
            log.info("%s: reached again", self._what)
        self._delay = 0.0

    async def failed(self, error: PlatError) -> None:
        """Wait before the next attempt."""
        if not self._delay:
            log.warning("%s: %s", self._what, error.message)
        self._delay = min(self._delay * 2 or FIRST_RETRY, LAST_RETRY)
        await asyncio.sleep(self._delay)


async def _lines(response: httpx.Response) -> AsyncGenerator[str, None]:
    """Lines without the empty ones, which are signs of life; each of them bounded."""
    rest = ""
    async for text in response.aiter_text():
        *whole, rest = (rest + text).split("\n")
        if len(rest) > LINE_CHARACTERS:
            raise Unavailable("the function controller sends a line without end")
        for line in whole:
            if line:
                yield line


def problem(status: int, body: bytes) -> PlatError:
    """The typed error behind a problem document, by its stable code."""
    try:
        document = httpx.Response(status, content=body).json()
        code, detail = str(document["code"]), str(document["detail"])
    except (ValueError, KeyError, TypeError):
        return Unavailable(f"the function controller answered {status}")
    fix = str(document.get("fix") or "")
    field = next((str(e.get("field", "")) for e in document.get("errors") or ()), "")
    if status == httpx.codes.UNAUTHORIZED:
        advice = "give gateway and controller the same AUTH_TOKEN"
        return Unavailable(f"the function controller refuses our token: {detail}", fix=advice)
    kind = error_class(code)
    if kind is None:
        return Unavailable(f"the function controller failed: {detail}", fix=fix)
    return kind(detail, fix=fix, field=field)
