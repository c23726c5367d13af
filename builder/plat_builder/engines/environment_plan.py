"""What an environment build is going to do, decided before it does anything."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plat_core.errors import BuildFailed
from plat_core.fix import Fix
from plat_core.model.build import EMBEDDED_REPOSITORY, BuildOptions, EnvironmentArtifact, Finished

from plat_builder import pack
from plat_builder.pip_install import PythonInstall
from plat_builder.process import base_python
from plat_builder.requirements import RequirementLine, check_python, read_file
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.source import SourceInfo, examine

FORMAT = "plat-artifact-1"
"""Changes when the same source is to give another artifact."""


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """One build: what it found, what it installs under which key, and the digest it gets."""

    name: str
    findings: SourceInfo
    entries: tuple[pack.SourceFile, ...]
    order: PythonInstall
    key: str
    digest: str
    launcher: Path

    @property
    def summary(self) -> str:
        """The findings as a line of the build's log."""
        found, count = self.findings, len(self.order.asked)
        asks = f"{count} requirement{'s' * (count != 1)}" if count else "no requirements"
        handler = found.handler or f"found by its shape in {found.module}"
        return f"runtime {found.runtime.name} ({found.why}), handler {handler}, {asks}"

    def artifact(self, folder: Path, site: Path) -> EnvironmentArtifact:
        """The description of the artifact that stands in `folder`."""
        return EnvironmentArtifact(
            digest=self.digest,
            name=self.name,
            runtime=self.findings.runtime.name,
            handler=self.findings.handler,
            python=self.order.python,
            launcher=self.launcher,
            code=folder / "code",
            site=(site,),
        )

    def finished(self, *, unchanged: bool) -> Finished:
        """The build's last event."""
        return Finished(
            image=f"{EMBEDDED_REPOSITORY}/{self.name}@sha256:{self.digest}",
            digest=self.digest,
            runtime=self.findings.runtime.name,
            handler=self.findings.handler,
            unchanged=unchanged,
        )

    def digest_of(self, folder: Path) -> str:
        """The digest that the plan's files have in `folder`: of names, modes and content."""
        return _digest(folder, self.entries, self.findings, self.key)


DEBUGGER = (RequirementLine("debugpy>=1.8", "--debug", 0, "debugpy"),)


def plan_environment(
    source: Path, options: BuildOptions, catalog: RuntimeCatalog, settings: BuildSettings
) -> EnvironmentPlan:
    """Read the folder `source`; raises BuildFailed and what a bad `function.json` raises."""
    if not source.is_dir():
        raise BuildFailed(f"there is no folder {source}")
    entries = pack.list_files(source, settings.limits)
    if not entries:
        raise BuildFailed("the folder is empty", fix=Fix("init-function"))
    findings = examine(source, entries, options, catalog, other_sources=settings.other_sources)
    check_python(findings.declared, platform.python_version())
    runtime = findings.runtime
    needs = (*read_file(runtime.requirements), *(DEBUGGER if options.debug else ()))
    order = PythonInstall(runtime.name, needs, findings.declared.lines, base_python())
    key = _key(order, settings)
    digest = _digest(source, entries, findings, key)
    return EnvironmentPlan(options.name, findings, entries, order, key, digest, catalog.launcher)


def _key(order: PythonInstall, settings: BuildSettings) -> str:
    """The hash of everything that decides what an environment contains."""
    parts = (
        FORMAT,
        order.texts,
        order.constraints,
        str(order.python),
        platform.python_version(),
        sys.implementation.cache_tag,
        sysconfig.get_platform(),
        settings.network.key,
        settings.allow_source_builds,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def _digest(
    folder: Path, entries: Sequence[pack.SourceFile], findings: SourceInfo, key: str
) -> str:
    total = hashlib.sha256()
    for part in (FORMAT, findings.runtime.name, findings.handler or "", key):
        total.update(f"{part}\0".encode())
    for line in pack.fingerprint(folder, entries):
        total.update(line)
    return total.hexdigest()
