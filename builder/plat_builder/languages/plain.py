"""Any language whose runtime brings all that it needs: its functions are files and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from plat_core.errors import BuildFailed
from plat_core.model.build import BuildOptions

from plat_builder.images.documents import Base
from plat_builder.languages.language import Packages, Steps
from plat_builder.pack import Entry
from plat_builder.requirements import Declared
from plat_builder.runtimes import Catalogue
from plat_builder.settings import BuildSettings
from plat_builder.source import Findings, manifest_of, merged


class Plain:
    """See `Language`. The runtime itself finds the handler, and says what is wrong with it."""

    def fits(self, paths: Collection[str]) -> bool:
        """A runtime of no known language has to be named."""
        return False

    def examine(
        self,
        folder: Path,
        entries: Sequence[Entry],
        options: BuildOptions,
        catalogue: Catalogue,
        settings: BuildSettings,
    ) -> Findings:
        """The runtime that was named, and the handler, which stays its own affair."""
        chosen = merged(options, manifest_of(folder))
        if chosen.runtime is None:
            raise BuildFailed(
                "which runtime is it for?", fix='name it in function.json: "runtime": "…"'
            )
        runtime = catalogue.get(chosen.runtime)
        handler = chosen.handler or runtime.description.handler
        return Findings(runtime, handler, handler.partition(":")[0], Declared(), "it was named")

    def packages(
        self, folder: Path, findings: Findings, base: Base, settings: BuildSettings
    ) -> Packages | None:
        """None: the base image has all."""
        return None

    def compiler(self, base: Base) -> Path | None:
        """None: code is not compiled."""
        return None

    async def compile(self, code: Path, findings: Findings, compiler: Path) -> None:
        """Never called, as there is no compiler."""
        raise BuildFailed(f"code of the runtime {findings.runtime.name} is not compiled")

    def code_steps(self, findings: Findings) -> Steps:
        """Nothing is compiled."""
        return Steps()

    def explain_code(self, output: Sequence[str]) -> BuildFailed | None:
        """Nothing is compiled."""
        return None
