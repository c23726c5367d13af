"""What an image build has to know about a language."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from plat_core.errors import BuildFailed
from plat_core.model.build import BuildOptions

from plat_builder.images.documents import BaseImage
from plat_builder.installer import InstallerCommand
from plat_builder.pack import SourceFile
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.source import SourceInfo

CODE = "code"
"""Where the user's files are in an image, without the leading slash."""
PACKAGES = "plat/packages"
"""Where the packages of a Python function are, beside those of the base image in /plat/site."""


@dataclass(frozen=True, slots=True)
class DockerfileSteps:
    """A part of a Dockerfile: files beside it, and the commands of RUN lines in their folder.

    `result` is the folder that they make, relative to that one or absolute.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    commands: Sequence[str] = ()
    result: str = ""


class LanguagePackages(Protocol):
    """What a function needs beside its code."""

    @property
    def key(self) -> Sequence[object]:
        """Everything that decides what will be installed, for a hash."""
        ...

    @property
    def place(self) -> str:
        """The folder in an image that they are in, without the leading slash."""
        ...

    @property
    def inside(self) -> str:
        """The folder below `site` in which the tools leave them, "" where that is `site` itself."""
        ...

    @property
    def summary(self) -> str:
        """How many, for the log."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables by which a replica finds them."""
        ...

    def tools(
        self, slot: Path, site: Path, settings: BuildSettings, cache: Path
    ) -> Sequence[InstallerCommand]:
        """The programs that install them into `site`, one after the other."""
        ...

    def finish(self, site: Path) -> None:
        """Take out of `site` what is different at each installation."""
        ...

    def steps(self) -> DockerfileSteps:
        """How a Dockerfile installs them."""
        ...

    def explain(self, output: Sequence[str], code: int) -> BuildFailed:
        """What it means that a program of `steps` ended with the status `code`."""
        ...


class Language(Protocol):
    """One language. It reads sources and never runs them."""

    def fits(self, paths: Collection[str]) -> bool:
        """Whether a source of these files, which names no runtime, may be of this language."""
        ...

    def examine(
        self,
        folder: Path,
        entries: Sequence[SourceFile],
        options: BuildOptions,
        catalog: RuntimeCatalog,
        settings: BuildSettings,
    ) -> SourceInfo:
        """What the source is; raises BuildFailed where it cannot be told."""
        ...

    def packages(
        self, folder: Path, findings: SourceInfo, base: BaseImage, settings: BuildSettings
    ) -> LanguagePackages | None:
        """What the source in `folder` needs on that base; None where the base has all of it.

        Raises BuildFailed where it cannot be had.
        """
        ...

    def compiler(self, base: BaseImage) -> Path | None:
        """The program here that can compile code for that base, None where there is none."""
        ...

    async def compile(self, code: Path, findings: SourceInfo, compiler: Path) -> None:
        """Compile the folder `code`, which will be /code; raises BuildFailed."""
        ...

    def code_steps(self, findings: SourceInfo) -> DockerfileSteps:
        """How a Dockerfile compiles /code."""
        ...

    def explain_code(self, output: Sequence[str]) -> BuildFailed | None:
        """The mistake in the user's code that `code_steps` printed, None where it was none."""
        ...
