"""What the engines need from a language; engines contain no knowledge of any language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from plat_core.errors import BuildFailed, NotSupported

from plat_builder.images.documents import BaseImage
from plat_builder.installer import InstallerCommand
from plat_builder.requirements import DeclaredRequirements
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.source import SourceFolder, SourceInfo

CODE = "code"
"""Where the user's files are in an image, without the leading slash."""
PACKAGES = "plat/packages"
"""Where the packages of a Python function are, beside those of the base image in /plat/site."""


@dataclass(frozen=True, slots=True)
class DockerfileSteps:
    """A part of a Dockerfile: files of the context, and commands to RUN in their folder.

    `result` is the folder that they make, relative to that one or absolute.
    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    commands: Sequence[str] = ()
    result: str = ""


class LanguagePackages(Protocol):
    """The packages of a function in an image."""

    @property
    def key(self) -> Sequence[object]:
        """Everything that decides what will be installed; input of a hash."""
        ...

    @property
    def place(self) -> str:
        """Folder of the packages in an image, without the leading slash."""
        ...

    @property
    def inside(self) -> str:
        """The folder below `site` in which the tools leave them, "" where that is `site` itself."""
        ...

    @property
    def summary(self) -> str:
        """Number of packages, for the log."""
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """Environment variables by which a replica finds them."""
        ...

    def tools(
        self, slot: Path, site: Path, settings: BuildSettings, cache: Path
    ) -> Sequence[InstallerCommand]:
        """Return the programs that install them into `site`, in order."""
        ...

    def finish(self, site: Path) -> None:
        """Remove files from `site` that differ between installations."""
        ...

    def steps(self) -> DockerfileSteps:
        """Return the steps by which a Dockerfile installs them."""
        ...

    def explain(self, output: Sequence[str], code: int) -> BuildFailed:
        """Return the error for a program that ended with the status `code`."""
        ...


class LanguageEnvironment(Protocol):
    """What the embedded engine installs for one function, in a folder beside the code."""

    @property
    def interpreter(self) -> Path:
        """The program that runs the function."""
        ...

    @property
    def key(self) -> str:
        """Hash of everything that decides the content of the environment."""
        ...

    @property
    def summary(self) -> str:
        """Number of requirements, for the log."""
        ...

    @property
    def requirements(self) -> Sequence[str]:
        """Requirements as they are given to the installer."""
        ...

    def tool(
        self, slot: Path, site: Path, settings: BuildSettings, cache: Path
    ) -> InstallerCommand:
        """Return the program that installs the environment into `site`."""
        ...

    def packages(self, site: Path) -> Sequence[str]:
        """Remove the installer's lock from `site`, and return the installed packages."""
        ...


class Language:
    """Base of all languages. It reads sources and never runs them.

    The defaults fit a runtime whose image has everything: its functions are files and a handler.
    """

    is_default = False
    """Whether a source that matches no other language is of this one."""
    is_embedded = False
    """Whether functions run on this machine without an image."""

    def matches(self, source: SourceFolder) -> bool:
        """Return whether a source that names no runtime may be of this language."""
        return False

    def examine(
        self, source: SourceFolder, catalog: RuntimeCatalog, settings: BuildSettings
    ) -> SourceInfo:
        """Return the runtime and the handler of `source`; raises BuildFailed if one is missing."""
        if source.options.runtime is None:
            raise BuildFailed(
                "which runtime is it for?", fix='name it in function.json: "runtime": "…"'
            )
        runtime = catalog.get(source.options.runtime)
        handler = source.options.handler or runtime.description.handler
        module = handler.partition(":")[0]
        return SourceInfo(runtime, handler, module, DeclaredRequirements(), "it was named")

    def packages(
        self, source: SourceFolder, info: SourceInfo, base: BaseImage, settings: BuildSettings
    ) -> LanguagePackages | None:
        """Return the packages to install on `base`, or None if the base image has them all.

        Raises BuildFailed if they cannot be installed.
        """
        return None

    def environment(
        self, source: SourceFolder, info: SourceInfo, settings: BuildSettings
    ) -> LanguageEnvironment:
        """Return the environment for the embedded engine; only if `is_embedded`."""
        raise NotSupported(f"the runtime {info.runtime.name} needs an image")

    def compiler(self, base: BaseImage) -> Path | None:
        """Return the local program that compiles code for `base`, or None."""
        return None

    async def compile(self, code: Path, final: Path, info: SourceInfo, compiler: Path) -> None:
        """Compile the folder `code`, which will be moved to `final`; raises BuildFailed."""

    def code_steps(self, info: SourceInfo) -> DockerfileSteps:
        """Return the steps by which a Dockerfile compiles /code."""
        return DockerfileSteps()

    def explain_code(self, output: Sequence[str]) -> BuildFailed | None:
        """Return the error in the user's code that `code_steps` printed, or None."""
        return None


class GenericLanguage(Language):
    """A language without a module of its own. Its runtime finds the handler and reports errors."""
