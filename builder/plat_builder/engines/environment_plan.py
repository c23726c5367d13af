"""What the embedded engine will build, decided before it writes anything."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from plat_core.model.build import EMBEDDED_REPOSITORY, BuildOptions, EnvironmentArtifact, Finished

from plat_builder import pack
from plat_builder.languages.discovery import examine, language_of
from plat_builder.languages.language import Language, LanguageEnvironment
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.source import SourceFolder, SourceInfo, read_folder

FORMAT = "plat-artifact-1"
"""Part of every digest. Change it to give the same source another artifact."""


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """One build: its source, the environment it needs, and the digest of its artifact."""

    source: SourceFolder
    info: SourceInfo
    language: Language
    environment: LanguageEnvironment
    digest: str
    launcher: Path

    @property
    def key(self) -> str:
        """Key of the environment."""
        return self.environment.key

    @property
    def summary(self) -> str:
        """One line for the build's log."""
        return self.info.summary(self.environment.summary)

    def artifact(self, folder: Path, site: Path) -> EnvironmentArtifact:
        """Return the description of the artifact in `folder`."""
        return EnvironmentArtifact(
            digest=self.digest,
            name=self.source.name,
            runtime=self.info.runtime.name,
            handler=self.info.handler,
            python=self.environment.interpreter,
            launcher=self.launcher,
            code=folder / "code",
            site=(site,),
        )

    def finished(self, *, unchanged: bool) -> Finished:
        """Return the build's last event."""
        return Finished(
            image=f"{EMBEDDED_REPOSITORY}/{self.source.name}@sha256:{self.digest}",
            digest=self.digest,
            runtime=self.info.runtime.name,
            handler=self.info.handler,
            unchanged=unchanged,
        )

    def digest_of(self, folder: Path) -> str:
        """Return the digest of the plan's files as they are in `folder`."""
        return _digest(folder, self.source, self.info, self.key)


def plan_environment(
    path: Path, options: BuildOptions, catalog: RuntimeCatalog, settings: BuildSettings
) -> EnvironmentPlan:
    """Read the folder `path` and plan its build; raises BuildFailed and errors of its manifest."""
    source = read_folder(path, options, settings.limits)
    info = examine(source, catalog, settings, embedded=True)
    language = language_of(info.runtime)
    environment = language.environment(source, info, settings)
    digest = _digest(path, source, info, environment.key)
    return EnvironmentPlan(source, info, language, environment, digest, catalog.launcher)


def _digest(folder: Path, source: SourceFolder, info: SourceInfo, key: str) -> str:
    total = hashlib.sha256()
    for part in (FORMAT, info.runtime.name, info.handler or "", key):
        total.update(f"{part}\0".encode())
    for line in pack.fingerprint(folder, source.files):
        total.update(line)
    return total.hexdigest()
