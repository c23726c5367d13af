"""Any language whose runtime brings all that it needs: its functions are files and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from plat_core.errors import BuildFailed
from plat_core.model.build import BuildOptions

from plat_builder.images.documents import BaseImage
from plat_builder.languages.language import DockerfileSteps, LanguagePackages
from plat_builder.pack import SourceFile
from plat_builder.requirements import DeclaredRequirements
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.source import SourceInfo, manifest_of, merged


class GenericLanguage:
    """See `Language`. The runtime itself finds the handler, and says what is wrong with it."""

    def fits(self, paths: Collection[str]) -> bool:
        """A runtime of no known language has to be named."""
        return False

    def examine(
        self,
        folder: Path,
        entries: Sequence[SourceFile],
        options: BuildOptions,
        catalog: RuntimeCatalog,
        settings: BuildSettings,
    ) -> SourceInfo:
        """The runtime that was named, and the handler, which stays its own affair."""
        chosen = merged(options, manifest_of(folder))
        if chosen.runtime is None:
            raise BuildFailed(
                "which runtime is it for?", fix='name it in function.json: "runtime": "…"'
            )
        runtime = catalog.get(chosen.runtime)
        handler = chosen.handler or runtime.description.handler
        return SourceInfo(
            runtime, handler, handler.partition(":")[0], DeclaredRequirements(), "it was named"
        )

    def packages(
        self, folder: Path, findings: SourceInfo, base: BaseImage, settings: BuildSettings
    ) -> LanguagePackages | None:
        """None: the base image has all."""
        return None

    def compiler(self, base: BaseImage) -> Path | None:
        """None: code is not compiled."""
        return None

    async def compile(self, code: Path, findings: SourceInfo, compiler: Path) -> None:
        """Never called, as there is no compiler."""
        raise BuildFailed(f"code of the runtime {findings.runtime.name} is not compiled")

    def code_steps(self, findings: SourceInfo) -> DockerfileSteps:
        """Nothing is compiled."""
        return DockerfileSteps()

    def explain_code(self, output: Sequence[str]) -> BuildFailed | None:
        """Nothing is compiled."""
        return None
