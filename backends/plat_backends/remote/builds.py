"""A builder that runs elsewhere: uploads go there as they come, its events come back."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Literal

import httpx
from plat_core.model.build import BUILD_EVENT, BuildEvent, BuildOptions, Failed, Finished

from plat_backends.remote.api import problem

log = logging.getLogger(__name__)

TYPES = {"zip": "application/zip", "file": "text/x-python", "source": "application/json"}
SILENCE_SECONDS = 600.0
"""An installation may print nothing for minutes; the builder's own time limit ends it before."""


class RemoteBuilds:
    """Builds at `url`, the address of a builder service (`POST /build`). `close` when done."""

    def __init__(
        self, url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._url = url
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/x-ndjson"},
            timeout=httpx.Timeout(SILENCE_SECONDS, connect=10.0),
            transport=transport,
            trust_env=False,
        )

    async def build_upload(
        self,
        body: bytes | AsyncIterable[bytes],
        kind: Literal["zip", "file", "source"],
        options: BuildOptions,
    ) -> AsyncGenerator[BuildEvent, None]:
        """The events of the build; the last one is Finished or Failed, and nothing is raised.

        Closing the iterator leaves the builder, which ends the build.
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
                    refusal = problem(response.status_code, await response.aread())
                    fix = refusal.fix if isinstance(refusal.fix, str) else ""
                    yield Failed(code=refusal.code, message=refusal.message, fix=fix)
                    return
                async for line in response.aiter_lines():
                    if line:
                        event = BUILD_EVENT.validate_json(line)
                        ended = isinstance(event, Finished | Failed)
                        yield event
        except httpx.HTTPError as error:
            cause = str(error) or type(error).__name__
            log.warning("the builder at %s: %s", self._url, cause)
            if not ended:
                yield self._away(cause)
            return
        if not ended:
            yield self._away("it broke off")

    def _away(self, cause: str) -> Failed:
        return Failed(
            code="unavailable",
            message=f"the builder at {self._url} does not answer: {cause}",
            fix="check that the builder runs (docker compose ps builder, or its pod), "
            "then deploy again",
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
