"""Fetch the source that a resource points at, into one archive file."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plat_core.errors import InvalidInput
from plat_core.model.build import LogLine
from plat_core.model.source import Source

from plat_builder.fetching import git
from plat_builder.fetching.download import download
from plat_builder.settings import BuildSettings

Packing = Literal["zip", "tar.gz"]

_MAGIC: dict[bytes, Packing] = {b"PK": "zip", b"\x1f\x8b": "tar.gz"}


@dataclass(frozen=True, slots=True)
class FetchedSource:
    """The format of the fetched archive, and the commit of a git source."""

    packing: Packing
    commit: str | None = None


class Fetcher:
    """Fetches what a resource points at, within the bounds of the settings."""

    def __init__(self, settings: BuildSettings) -> None:
        self._settings = settings

    async def fetch(
        self, source: Source, into: Path, slot: Path
    ) -> AsyncGenerator[LogLine | FetchedSource, None]:
        """Write what `source` points at to the file `into`; the last item is Fetched.

        `slot` is a folder of this build alone. Raises InvalidInput for a scheme that the
        installation does not allow and for other input, BuildFailed, TooLarge, Unavailable.
        """
        deadline = time.monotonic() + self._settings.timeout
        if source.git is not None:
            self._check_scheme(source.git.url, "source.git.url")
            run = git.fetch(source.git, into, slot, self._settings, deadline)
            commit = ""
            async with aclosing(run) as items:
                async for item in items:
                    if isinstance(item, LogLine):
                        yield item
                    else:
                        commit = item
            yield LogLine(text=f"{source.git.ref} is commit {commit}")
            yield FetchedSource("zip", commit)
        elif source.archive is not None:
            self._check_scheme(source.archive.url, "source.archive.url")
            digest = await download(
                source.archive, into, self._settings, deadline, self._check_scheme
            )
            yield LogLine(text=f"the archive is {digest}")
            yield FetchedSource(_packing(into))

    def _check_scheme(self, url: str, field: str) -> None:
        scheme, allowed = url.partition("://")[0], self._settings.sources.schemes
        if scheme not in allowed:
            raise InvalidInput(
                f"sources are not fetched by {scheme} here, but by {', '.join(allowed)}",
                fix=f"who runs the platform may allow it: PLAT_SOURCE_SCHEMES={scheme}",
                field=field,
            )


def _packing(file: Path) -> Packing:
    with file.open("rb") as stream:
        found = _MAGIC.get(stream.read(2))
    if found is None:
        raise InvalidInput(
            "what is behind the address is neither a zip nor a tar.gz",
            fix="name the address of the archive itself, not of the page around it",
            field="source.archive.url",
        )
    return found
