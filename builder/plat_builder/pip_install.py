"""Installing packages into a folder with uv, or with pip where there is no uv.

Says what to run, in which environment, and what a failure means in the user's own lines. Nothing
of the platform's environment passes but what is listed here.
"""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import uv
from plat_core.errors import BuildFailed

from plat_builder.installer import InstallerCommand, disk_full, too_large
from plat_builder.requirements import RequirementLine, find_named
from plat_builder.settings import BuildSettings

CONSTRAINTS = {"functions-framework": "cloudevents<2"}
"""Asked for the package → what it needs besides. cloudevents 2 moved `cloudevents.http`, which
functions-framework imports without saying so in its metadata."""

_OWN_CODE = ", or let packages run their own set-up code: PLAT_ALLOW_SOURCE_BUILDS=1"
_FRAME = re.compile(r"^[\s×╰─▶├│]*(?:cause:\s*)?", re.MULTILINE)
_NO_ROOM = re.compile(r"no space left|os error 28|errno 28|disk quota|os error 122", re.IGNORECASE)
_FILE_TOO_LARGE = re.compile(r"File too large|os error 27")
_NO_WHEEL = re.compile(r"no usable wheels|building from source is disabled|only-binary|no wheels")
_NO_NETWORK = re.compile(
    r"failed to fetch|error sending request|dns error|connection refused|timed out|"
    r"certificate|could not connect|network is unreachable",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class TargetPython:
    """Another Python than the one here: its version, and its platform in uv's words."""

    version: str
    platform: str


@dataclass(frozen=True, slots=True)
class PythonInstall:
    """What to install: the runtime's lines, the user's lines, for which interpreter.

    With a `target` it is installed by the interpreter here for the one there.
    """

    runtime: str
    base: tuple[RequirementLine, ...]
    asked: tuple[RequirementLine, ...]
    python: Path
    target: TargetPython | None = None

    @property
    def constraints(self) -> tuple[str, ...]:
        """What the user's lines do not say and would fail without."""
        names = {line.name for line in self.asked}
        extra = tuple(
            text
            for package, text in CONSTRAINTS.items()
            if package in names and re.split(r"[<>=!~]", text)[0] not in names
        )
        return (*(line.text for line in self.asked if line.constraint), *extra)

    @property
    def texts(self) -> tuple[str, ...]:
        """The requirement lines, the runtime's first."""
        lines = (*self.base, *(line for line in self.asked if not line.constraint))
        return tuple(line.text for line in lines if line.text)


def uv_program(settings: BuildSettings) -> str | None:
    """The uv program, or None where pip has to do."""
    if not settings.uv:
        return None
    try:
        return uv.find_uv_bin()
    except FileNotFoundError:
        return None


def tool(
    order: PythonInstall, slot: Path, site: Path, settings: BuildSettings, cache: Path
) -> InstallerCommand:
    """What installs `order` into `site`; its input files are written into `slot`."""
    return InstallerCommand(
        program=program(order, slot, site, settings),
        environment=environment(settings, slot, cache),
        explain=lambda output, code: explain(order, output, code, settings.disk),
    )


def program(order: PythonInstall, folder: Path, target: Path, settings: BuildSettings) -> list[str]:
    """The command that installs `order` into `target`; writes its input files into `folder`."""
    asked = _write(folder / "requirements.txt", order.texts)
    bounds = _write(folder / "constraints.txt", order.constraints)
    found = uv_program(settings)
    lead = [found, *_UV] if found else [_pip_python(order.python), *_PIP]
    python = ["--python", str(order.python), *_for(order.target)] if found else []
    # set-up code would run here, and make packages for the machine here
    foreign_code = settings.allow_source_builds and order.target is None
    binary = [] if foreign_code else ["--only-binary", ":all:"]
    files = ["-r", asked, *(["-c", bounds] if order.constraints else [])]
    return [*lead, *python, *binary, "--target", str(target), *files]


def _for(target: TargetPython | None) -> list[str]:
    if target is None:
        return ["--compile-bytecode"]
    return ["--python-version", target.version, "--python-platform", target.platform]


def _write(file: Path, lines: Sequence[str]) -> str:
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(file)


_UV = (
    *("pip", "install", "--color", "never", "--no-progress"),
    # a hard link would let a function write into the cache that all functions share
    *("--link-mode", "copy", "--no-config"),
)
_PIP = (
    *("-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--progress-bar", "off"),
    "--no-warn-script-location",
)


def _pip_python(base: Path) -> str:
    """The interpreter that has pip: the base one, else the platform's."""
    has_pip = any(base.parent.parent.glob("lib/python3*/site-packages/pip"))
    return str(base) if has_pip else sys.executable


def environment(settings: BuildSettings, folder: Path, cache: Path) -> dict[str, str]:
    """All that an installing program gets to see. `folder` is its home and its place for files."""
    network = settings.network
    found = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONNOUSERSITE": "1",
        "PYC_INVALIDATION_MODE": "UNCHECKED_HASH",
        "UV_CACHE_DIR": str(cache),
        "UV_PYTHON_DOWNLOADS": "never",
        "PIP_CACHE_DIR": str(cache / "pip"),
        "PIP_CONFIG_FILE": "/dev/null",
        **_index(settings),
        **network.proxies,
        **{name.lower(): value for name, value in network.proxies.items()},
    }
    if network.ca_bundle:
        names = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
        return found | dict.fromkeys(names, network.ca_bundle)
    return found | {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}


def _index(settings: BuildSettings) -> Mapping[str, str]:
    network = settings.network
    extra, links = network.extra_index_urls, network.find_links
    values = {
        "UV_DEFAULT_INDEX": network.index_url,
        "PIP_INDEX_URL": network.index_url,
        "UV_INDEX": " ".join(extra),
        "PIP_EXTRA_INDEX_URL": " ".join(extra),
        "UV_FIND_LINKS": ",".join(links),
        "PIP_FIND_LINKS": " ".join(links),
        "UV_OFFLINE": "1" if network.offline else "",
        "PIP_NO_INDEX": "1" if network.offline else "",
    }
    return {name: value for name, value in values.items() if value}


def explain(order: PythonInstall, output: Sequence[str], code: int, disk: int) -> BuildFailed:
    """What a failed installation means, in the user's own lines."""
    said = _said(output)
    lines = [line for line in order.asked if line.name]
    named = find_named(lines, said)
    line = str(named[0]) if named else ""
    also = "; also " + ", ".join(map(str, named[1:4])) if len(named) > 1 else ""
    if _NO_ROOM.search(said):
        return disk_full()
    if _FILE_TOO_LARGE.search(said) or code == -signal.SIGXFSZ:
        return too_large(disk)
    if code < 0:
        return BuildFailed(f"the installation was ended by signal {-code}", line=line)
    if _NO_WHEEL.search(said.lower()):
        return BuildFailed(
            f"a package has no ready-made wheel for {_platform(order.target)}: {said}",
            fix="ask for another version" + ("" if order.target else _OWN_CODE),
            line=line,
        )
    if _NO_NETWORK.search(said):
        return BuildFailed(
            f"the package index cannot be reached: {said}",
            fix="check the network; PLAT_INDEX_URL, PLAT_CA_BUNDLE and PLAT_PROXY name a company's",
            passing=True,
        )
    against = _base_conflict(order, said)
    return BuildFailed(
        f"the requirements cannot be installed: {said}{also}{against}",
        fix="correct the line, then deploy again",
        line=line,
    )


def _platform(target: TargetPython | None) -> str:
    return f"Python {target.version} on {target.platform}" if target else "this platform"


def _base_conflict(order: PythonInstall, said: str) -> str:
    base = find_named(order.base, said)
    if not base:
        return ""
    return f" (the runtime {order.runtime} itself needs {', '.join(line.text for line in base)})"


def _said(output: Sequence[str]) -> str:
    """The error of uv or pip as one line of text, without its frame and its log."""
    start = next(
        (i for i, line in enumerate(output) if re.match(r"\s*(error:|ERROR:|×)", line)), None
    )
    lines = output[start:] if start is not None else output[-3:]
    text = _FRAME.sub("", "\n".join(line for line in lines if line.strip()))
    text = re.sub(r"^(error|ERROR): ", "", text)
    text = text.removeprefix("No solution found when resolving dependencies").lstrip(":\n ")
    return re.sub(r"\s+", " ", text)[:1500]
