"""The folder that a build starts from, and what the builder learns by reading it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from plat_core.errors import BuildFailed, PlatError, TooLarge
from plat_core.fix import Fix
from plat_core.model.build import BuildOptions
from plat_core.model.manifest import MANIFEST_BYTES, MANIFEST_NAME, FunctionManifest, read_manifest

from plat_builder import pack
from plat_builder.pack import SourceFile
from plat_builder.requirements import DeclaredRequirements
from plat_builder.runtimes import Runtime
from plat_builder.settings import ArchiveLimits


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """A folder of source files. `options` are the build's, completed by `function.json`."""

    path: Path
    files: tuple[SourceFile, ...]
    options: BuildOptions

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.options.name

    @property
    def paths(self) -> frozenset[str]:
        """Paths of all files, relative to the folder."""
        return frozenset(file.path for file in self.files)

    def digest(self, folder: Path | None = None) -> str:
        """Return the hash of names, modes and contents; `folder` may be a copy of the source."""
        total = hashlib.sha256()
        for line in pack.fingerprint(folder or self.path, self.files):
            total.update(line)
        return total.hexdigest()


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Runtime, handler and requirements of a source. `module` is the file of the handler.

    `reason` says in the build's log why this runtime was chosen.
    """

    runtime: Runtime
    handler: str | None
    module: str
    requirements: DeclaredRequirements
    reason: str

    def summary(self, packages: str) -> str:
        """Return one line for the build's log; `packages` describes what will be installed."""
        handler = self.handler or f"found by its shape in {self.module}"
        return f"runtime {self.runtime.name} ({self.reason}), handler {handler}, {packages}"


def read_folder(path: Path, options: BuildOptions, limits: ArchiveLimits) -> SourceFolder:
    """Read the source folder `path`.

    Raises BuildFailed if it is missing or empty, and what `list_files` and `read_manifest` raise.
    """
    if not path.is_dir():
        raise BuildFailed(f"there is no folder {path}")
    files = pack.list_files(path, limits)
    if not files:
        raise BuildFailed("the folder is empty", fix=Fix("init-function"))
    return SourceFolder(path, files, _merge(options, _read_manifest(path)))


def _read_manifest(folder: Path) -> FunctionManifest:
    """Return the folder's `function.json`, or an empty manifest."""
    file = folder / MANIFEST_NAME
    if not file.is_file():
        return FunctionManifest()
    with file.open("rb") as stream:
        data = stream.read(MANIFEST_BYTES + 1)
    try:
        if len(data) > MANIFEST_BYTES:
            raise TooLarge(f"it has more than {MANIFEST_BYTES} bytes")
        return read_manifest(data)
    except PlatError as error:
        error.message = f"{MANIFEST_NAME}: {error.message}"
        error.fix = error.fix or f"correct {MANIFEST_NAME}, then deploy again"
        raise


def _merge(options: BuildOptions, manifest: FunctionManifest) -> BuildOptions:
    """Return `options`, completed by `function.json`."""
    return BuildOptions(
        name=options.name,
        runtime=options.runtime or manifest.runtime,
        handler=options.handler or manifest.handler,
        debug=options.debug,
    )
