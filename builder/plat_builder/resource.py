"""Builds the source that stands in a `Function` resource itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Literal, Protocol

from plat_core.model.build import BuildEvent, BuildOptions, Failed
from plat_core.model.function import Source


class Uploads(Protocol):
    """Builds what is sent: the build service here, or one elsewhere."""

    def build_upload(
        self, body: bytes, kind: Literal["inline"], options: BuildOptions
    ) -> AsyncIterator[BuildEvent]:
        """The events of the build; the last one is Finished or Failed."""
        ...


class ResourceBuilder:
    """Hands a resource's source to the build service."""

    def __init__(self, builds: Uploads) -> None:
        self._builds = builds

    async def build_source(
        self, source: Source, options: BuildOptions
    ) -> AsyncIterator[BuildEvent]:
        """The events of the build; the last one is Finished or Failed."""
        if source.inline is None:
            yield Failed(
                code="not-supported",
                message="a git source is not built by this backend",
                fix="git clone it, then: plat deploy",
            )
            return
        body = json.dumps({"inline": source.inline}).encode()
        async with aclosing(self._builds.build_upload(body, "inline", options)) as events:  # type: ignore[type-var]
            async for event in events:
                yield event
