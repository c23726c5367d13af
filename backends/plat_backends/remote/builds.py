"""The client of a builder service: streams uploads to it, and its events back."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Literal

import httpx
from plat_core.model.build import BUILD_EVENT, BuildEvent, BuildOptions, Failed, Finished

from plat_backends.remote.api import parse_problem

log = logging.getLogger(__name__)

TYPES = {"zip": "application/zip", "file": "text/x-python", "source": "application/json"}
READ_TIMEOUT = 600.0
"""An installation may print nothing for minutes. The time limit of the builder is shorter."""


class RemoteBuilds:
    """Builds at `url`, the address of a builder service (`POST /build`). `close` when done."""

    def __init__(
        self, url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url = url
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/x-ndjson"},
            timeout=httpx.Timeout(READ_TIMEOUT, connect=10.0),
            transport=transport,
            trust_env=False,
        )

    async def build_upload(
        self,
        body: bytes | AsyncIterable[bytes],
        kind: Literal["zip", "file", "source"],
        options: BuildOptions,
    ) -> AsyncGenerator[BuildEvent, None]:
        """Yield the events of the build; the last one is Finished or Failed. Raises nothing.

        Closing the generator closes the connection, which cancels the build.
        """
        ended = False
        try:
            async with self._http.stream(
                "POST",
                "/build",
                params=options.document(),
                content=body,
                headers={"Content-Type": TYPES[kind]},
            ) as response:
                if response.is_error:
                    error = parse_problem(response.status_code, await response.aread())
                    fix = error.fix if isinstance(error.fix, str) else ""
                    yield Failed(code=error.code, message=error.message, fix=fix)
                    return
                async for line in response.aiter_lines():
                    if line:
                        event = BUILD_EVENT.validate_json(line)
                        ended = isinstance(event, Finished | Failed)
                        yield event
        except httpx.HTTPError as failure:
            cause = str(failure) or type(failure).__name__
            log.warning("the builder at %s: %s", self._url, cause)
            if not ended:
                yield self._unavailable(cause)
            return
        if not ended:
            yield self._unavailable("the connection was closed")

    def _unavailable(self, cause: str) -> Failed:
        return Failed(
            code="unavailable",
            message=f"the builder at {self._url} does not answer: {cause}",
            fix="check that the builder runs (docker compose ps builder, or its pod), "
            "then deploy again",
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
