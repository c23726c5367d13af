"""Builds the source in the spec of a `Function` resource."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Literal, Protocol

from plat_core.model.build import BuildEvent, BuildOptions
from plat_core.model.source import Source


class UploadBuilder(Protocol):
    """Builds what is sent: the build service here, or one elsewhere."""

    def build_upload(
        self, body: bytes, kind: Literal["source"], options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        """The events of the build; the last one is Finished or Failed."""
        ...


class ResourceBuilder:
    """Hands a resource's source to the build service."""

    def __init__(self, builds: UploadBuilder) -> None:
        self._builds = builds

    async def build_source(
        self, source: Source, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        """The events of the build; the last one is Finished or Failed."""
        body = json.dumps(source.document()).encode()
        async with aclosing(self._builds.build_upload(body, "source", options)) as events:
            async for event in events:
                yield event
