"""Python: packages by uv for the base image's interpreter, and bytecode where it fits."""

from __future__ import annotations

import base64
import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from plat_core.errors import BuildFailed, Unavailable

from plat_builder import pip_install
from plat_builder.images.documents import BaseImage
from plat_builder.installer import InstallerCommand
from plat_builder.languages.language import CODE, PACKAGES, DockerfileSteps, Language
from plat_builder.languages.python_environment import PythonEnvironment, plan_python_environment
from plat_builder.languages.python_source import examine_python
from plat_builder.pip_install import PythonInstall, TargetPython
from plat_builder.process import base_python
from plat_builder.requirements import check_python, read_file
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.source import SourceFolder, SourceInfo
from plat_builder.user_code import BYTECODE, compile_code, syntax_error

PYTHON_LABEL, PLATFORM_LABEL = "plat.dev/python", "plat.dev/platform"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Architectures as images name them → as wheels do."""

_COMPILE = (
    "import compileall, sys\n"
    "compileall.compile_dir(sys.argv[1], quiet=2, workers=0, stripdir=sys.argv[1],"
    " prependdir=sys.argv[2],"
    " invalidation_mode=compileall.py_compile.PycInvalidationMode.UNCHECKED_HASH)\n"
)
"""Compiles packages under the path they will have; what is no Python for this version stays so."""
_SHEBANG = b"#!/usr/bin/env python3\n"


class Python(Language):
    """Functions in Python: in images, and embedded."""

    is_default = True
    is_embedded = True

    def matches(self, source: SourceFolder) -> bool:
        """Return True: errors about any other source are worded for Python."""
        return True

    def examine(
        self, source: SourceFolder, catalog: RuntimeCatalog, settings: BuildSettings
    ) -> SourceInfo:
        """See `examine_python`."""
        return examine_python(source, catalog, other_sources=settings.other_sources)

    def environment(
        self, source: SourceFolder, info: SourceInfo, settings: BuildSettings
    ) -> PythonEnvironment:
        """Return the requirements of the source and of the runtime, for the local interpreter."""
        return plan_python_environment(source, info, settings)

    def packages(
        self, source: SourceFolder, info: SourceInfo, base: BaseImage, settings: BuildSettings
    ) -> PythonPackages | None:
        """Return the requirements of the source, resolved together with those of the runtime."""
        target = target_of(base)
        check_python(info.requirements, base.environment.get("PYTHON_VERSION") or target.version)
        if not any(line.name for line in info.requirements.lines):
            return None
        if pip_install.uv_program(settings) is None:
            raise Unavailable("images need uv", fix="uv pip install uv, beside plat")
        runtime = info.runtime
        asked = info.requirements.lines
        order = PythonInstall(
            runtime.name, read_file(runtime.requirements), asked, base_python(), target
        )
        return PythonPackages(order, settings.network.key, self.compiler(base), settings.disk)

    def compiler(self, base: BaseImage) -> Path | None:
        """The interpreter here, if it is of the same version: bytecode is of one version."""
        here = f"{sys.version_info.major}.{sys.version_info.minor}"
        fits = sys.implementation.name == "cpython" and target_of(base).version == here
        return base_python() if fits else None

    async def compile(self, code: Path, final: Path, info: SourceInfo, compiler: Path) -> None:
        """See `compile_code`."""
        await compile_code(code, final, info.module, compiler)

    def code_steps(self, info: SourceInfo) -> DockerfileSteps:
        """The compiler's program, by the interpreter of the base image."""
        return DockerfileSteps(
            {BYTECODE.name: BYTECODE.read_bytes()},
            (
                f"python -I -S -W ignore {BYTECODE.name} /{CODE} /{CODE} {info.module} >said"
                " && cat said && grep -qx '{}' said",
            ),
        )

    def explain_code(self, output: Sequence[str]) -> BuildFailed | None:
        """The compiler's program prints the mistake as one line of JSON."""
        for line in reversed(output):
            if line.startswith('{"file"'):
                return syntax_error(json.loads(line))
        return None


@dataclass(frozen=True, slots=True)
class PythonPackages:
    """See `Packages`. `index` decides what a requirement means, `compiler` whether it compiles."""

    order: PythonInstall
    index: tuple[str, ...]
    compiler: Path | None
    disk: int

    @property
    def key(self) -> Sequence[object]:
        """Lines, constraints, interpreter and index."""
        target = self.order.target
        versions = (target.version, target.platform) if target else ()
        compiled = sys.version if self.compiler else ""
        return (self.order.texts, self.order.constraints, versions, self.index, compiled)

    @property
    def place(self) -> str:
        """`PACKAGES`."""
        return PACKAGES

    @property
    def inside(self) -> str:
        """uv installs into the folder itself."""
        return ""

    @property
    def summary(self) -> str:
        """How many requirements."""
        count = len(self.order.asked)
        return f"{count} requirement{'s' * (count != 1)}"

    @property
    def environment(self) -> Mapping[str, str]:
        """They are complete: nothing of the base image's packages is visible beside them."""
        return {"PLAT_SITE": f"/{PACKAGES}"}

    def tools(
        self, slot: Path, site: Path, settings: BuildSettings, cache: Path
    ) -> Sequence[InstallerCommand]:
        """uv, then the compiler."""
        install = pip_install.tool(self.order, slot, site, settings, cache)
        if self.compiler is None:
            return (install,)
        arguments = ("-I", "-S", "-c", _COMPILE, str(site), f"/{PACKAGES}")
        return (
            install,
            InstallerCommand((str(self.compiler), *arguments), {"LANG": "C.UTF-8"}, _not_compiled),
        )

    def finish(self, site: Path) -> None:
        """Scripts name the interpreter that installed them; so do their hashes."""
        (site / ".lock").unlink(missing_ok=True)
        for script in (site / "bin").glob("*"):
            if script.is_file():
                _for_any_python(script)
        for record in site.glob("*.dist-info/RECORD"):
            _forget_scripts(record)

    def steps(self) -> DockerfileSteps:
        """pip of the base image, with the same lines."""
        files = {
            "requirements.txt": "".join(f"{line}\n" for line in self.order.texts).encode(),
            "constraints.txt": "".join(f"{line}\n" for line in self.order.constraints).encode(),
        }
        program = base64.b64encode(_COMPILE.encode()).decode()
        return DockerfileSteps(
            files,
            (
                "python -m pip install --no-cache-dir --no-compile --no-input --only-binary :all:"
                f" --disable-pip-version-check --root-user-action ignore --target /{PACKAGES}"
                " -r requirements.txt -c constraints.txt",
                f"python -I -S -c \"import base64; exec(base64.b64decode('{program}'))\""
                f" /{PACKAGES} /{PACKAGES}",
            ),
            f"/{PACKAGES}",
        )

    def explain(self, output: Sequence[str], code: int) -> BuildFailed:
        """See `installing.explain`."""
        return pip_install.explain(self.order, output, code, self.disk)


def target_of(base: BaseImage) -> TargetPython:
    """The interpreter of a base image, which its labels name; raises Unavailable."""
    version = base.labels.get(PYTHON_LABEL, "")
    machine = MACHINES.get(base.architecture)
    if not version or machine is None:
        raise Unavailable(
            f"the base image {base.digest} does not say for which Python it is"
            if machine
            else f"no packages are known for the architecture {base.architecture}",
            fix=f"its Dockerfile needs LABEL {PYTHON_LABEL}=3.13 {PLATFORM_LABEL}=manylinux_2_36",
        )
    platform = base.labels.get(PLATFORM_LABEL, "manylinux_2_28")
    return TargetPython(version, f"{machine}-{platform}")


def _not_compiled(output: Sequence[str], code: int) -> BuildFailed:
    said = output[-1] if output else f"status {code}"
    return BuildFailed(f"the packages cannot be compiled: {said}")


def _for_any_python(script: Path) -> None:
    content = script.read_bytes()
    first, _, rest = content.partition(b"\n")
    if first.startswith(b"#!") and b"python" in first:
        script.write_bytes(_SHEBANG + rest)


def _forget_scripts(record: Path) -> None:
    """Blank the hash and size of scripts in a RECORD, which both are optional there (PEP 376)."""
    rows = list(csv.reader(io.StringIO(record.read_text(encoding="utf-8"))))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        writer.writerow([row[0], "", ""] if row and row[0].startswith(("bin/", "../")) else row)
    record.write_text(text.getvalue(), encoding="utf-8")


LANGUAGE = Python()
