"""The Python environment of a function that runs on this machine, without an image."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plat_builder import pip_install
from plat_builder.installer import InstallerCommand
from plat_builder.pip_install import PythonInstall
from plat_builder.process import base_python
from plat_builder.requirements import RequirementLine, check_python, read_file
from plat_builder.settings import BuildSettings
from plat_builder.source import SourceFolder, SourceInfo

FORMAT = "plat-artifact-1"
"""Part of every key. Change it to have all environments installed again."""
DEBUGGER = (RequirementLine("debugpy>=1.8", "--debug", 0, "debugpy"),)


@dataclass(frozen=True, slots=True)
class PythonEnvironment:
    """Implements `LanguageEnvironment` with uv or pip."""

    install: PythonInstall
    key: str

    @property
    def interpreter(self) -> Path:
        """The local Python, below any virtual environment."""
        return self.install.python

    @property
    def summary(self) -> str:
        """Number of the user's requirements."""
        count = len(self.install.asked)
        return f"{count} requirement{'s' * (count != 1)}" if count else "no requirements"

    @property
    def requirements(self) -> Sequence[str]:
        """Requirement lines of the runtime and of the user."""
        return self.install.texts

    def tool(
        self, slot: Path, site: Path, settings: BuildSettings, cache: Path
    ) -> InstallerCommand:
        """Return the call of uv or pip."""
        return pip_install.tool(self.install, slot, site, settings, cache)

    def packages(self, site: Path) -> Sequence[str]:
        """Remove uv's lock, and return names and versions of the installed distributions."""
        (site / ".lock").unlink(missing_ok=True)
        return sorted(path.name[: -len(".dist-info")] for path in site.glob("*.dist-info"))


def plan_python_environment(
    source: SourceFolder, info: SourceInfo, settings: BuildSettings
) -> PythonEnvironment:
    """Return the environment of `source`; raises BuildFailed if it needs another Python."""
    check_python(info.requirements, platform.python_version())
    needs = read_file(info.runtime.requirements)
    needs = (*needs, *(DEBUGGER if source.options.debug else ()))
    install = PythonInstall(info.runtime.name, needs, info.requirements.lines, base_python())
    return PythonEnvironment(install, _key(install, settings))


def _key(install: PythonInstall, settings: BuildSettings) -> str:
    parts = (
        FORMAT,
        install.texts,
        install.constraints,
        str(install.python),
        platform.python_version(),
        sys.implementation.cache_tag,
        sysconfig.get_platform(),
        settings.network.key,
        settings.allow_source_builds,
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
