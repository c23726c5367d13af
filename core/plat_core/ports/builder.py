"""The port of builds."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Protocol

from plat_core.model.build import BuildEvent, BuildOptions


class Builder(Protocol):
    """Builds an artifact from a source."""

    def build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        """Build the folder `source`, which is only read.

        Yields events as they happen; the last one is Finished or Failed. Closing the generator
        ends the build and every process it started. The same source yields the same digest, and
        building it again installs nothing.
        """
        ...
