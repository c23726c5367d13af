"""Node: packages by npm, from package.json and its lock; no set-up code runs, no code is compiled.

A mistake in the code shows when a replica starts, with its reason: what compiles on one version of
Node may not on another, and the builder has none of its own that it could ask.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plat_core.errors import BuildFailed, TooLarge, Unavailable
from plat_core.model import strictjson

from plat_builder import pip_install
from plat_builder.images.documents import BaseImage
from plat_builder.installer import InstallerCommand
from plat_builder.languages.language import DockerfileSteps, Language
from plat_builder.requirements import DeclaredRequirements
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings
from plat_builder.source import SourceFolder, SourceInfo

RUNTIME = "node"
MODULES = ("index", "app", "main", "function", "handler")
"""Where the runtime looks for a handler that has no name, in this order."""
SUFFIXES = (".mjs", ".js", ".cjs")
MANIFEST, LOCK = "package.json", "package-lock.json"
MANIFEST_BYTES, LOCK_BYTES = 256 * 1024, 16 * 1024**2
PROGRAMS = "/usr/local/bin:/usr/bin:/bin"
"""Where npm and node are looked for."""
CPUS = {"amd64": "x64", "arm64": "arm64"}
"""Architectures as images name them → as npm does."""

_FLAGS = ("--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
_ELSEWHERE = re.compile(r"(?!npm:)(\w[\w+]*:|.*[/\\])|npm:.*:", re.IGNORECASE | re.DOTALL)
"""A version that is no range and no tag: a URL, a folder, or `owner/name` of a code host."""
_LOCKED_ELSEWHERE = re.compile(r"(git|file|ssh|http:)", re.IGNORECASE)
_NOISE = re.compile(r"^npm (error|ERR!) ?", re.IGNORECASE)
_NO_NETWORK = re.compile(r"ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|CERT|SELF_SIGNED")


class Node(Language):
    """Functions in JavaScript. Code is not compiled."""

    def matches(self, source: SourceFolder) -> bool:
        """Return whether there is a package.json or a default module, and no Python at the top."""
        if any(path.endswith(".py") and "/" not in path for path in source.paths):
            return False
        return MANIFEST in source.paths or any(file in source.paths for file in _files(MODULES))

    def examine(
        self, source: SourceFolder, catalog: RuntimeCatalog, settings: BuildSettings
    ) -> SourceInfo:
        """Return the named runtime, or `node`, and the module of the handler."""
        chosen = source.options
        runtime = catalog.get(chosen.runtime or RUNTIME)
        reason = "it was named" if chosen.runtime else "there is JavaScript and no Python"
        module = _module(chosen.handler, source.paths)
        return SourceInfo(runtime, chosen.handler, module, DeclaredRequirements(), reason)

    def packages(
        self, source: SourceFolder, info: SourceInfo, base: BaseImage, settings: BuildSettings
    ) -> NodePackages | None:
        """Return the dependencies of package.json, at the versions of its lock if there is one."""
        folder = source.path
        if not (folder / MANIFEST).is_file():
            return None
        manifest = _read(folder / MANIFEST, MANIFEST_BYTES)
        wanted = _dependencies(manifest, other_sources=settings.other_sources)
        if not wanted:
            return None
        cpu = CPUS.get(base.architecture)
        if cpu is None:
            raise Unavailable(f"npm has no name for the architecture {base.architecture}")
        lock = folder / LOCK
        locked = lock.read_bytes() if lock.is_file() else None
        if locked is not None and not settings.other_sources:
            _check_lock(_read(lock, LOCK_BYTES))
        document = (folder / MANIFEST).read_bytes()
        registry = settings.network.npm_registry
        return NodePackages(document, locked, wanted, cpu, registry)


@dataclass(frozen=True, slots=True)
class NodePackages:
    """See `Packages`. `wanted` are the dependencies by name, `cpu` npm's word for the base's."""

    manifest: bytes
    lock: bytes | None
    wanted: Mapping[str, str]
    cpu: str
    registry: str

    @property
    def key(self) -> Sequence[object]:
        """What package.json asks for, its lock, and where it is asked."""
        lock = self.lock.decode(errors="replace") if self.lock else ""
        manifest = self.manifest.decode(errors="replace")
        return ("npm", manifest, lock, self.cpu, self.registry)

    @property
    def place(self) -> str:
        """Node looks there from every folder."""
        return "node_modules"

    @property
    def inside(self) -> str:
        """npm makes that folder."""
        return "node_modules"

    @property
    def summary(self) -> str:
        """How many packages, and whether their versions are fixed."""
        count = len(self.wanted)
        locked = f"locked by {LOCK}" if self.lock else f"without a {LOCK}"
        return f"{count} package{'s' * (count != 1)} {locked}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Node finds them by itself."""
        return {}

    @property
    def _verb(self) -> str:
        return "ci" if self.lock else "install"

    def tools(
        self, slot: Path, site: Path, settings: BuildSettings, cache: Path
    ) -> Sequence[InstallerCommand]:
        """npm, for the platform of the base image; raises Unavailable where there is none."""
        npm = shutil.which("npm", path=PROGRAMS)
        if npm is None:
            raise Unavailable(
                "packages of Node need npm beside the builder",
                fix="the image of the builder has it; or PLAT_BUILD_ENGINE=docker",
            )
        for name, content in self.steps().files.items():
            (site / name).write_bytes(content)
        program = (
            *(npm, self._verb, *_FLAGS, "--os=linux", f"--cpu={self.cpu}", "--libc=glibc"),
            *("--prefix", str(site)),
        )
        environment = pip_install.environment(settings, slot, cache) | {
            "npm_config_cache": str(cache / "npm"),
            # files that are not there: nobody's own settings count
            "npm_config_userconfig": str(slot / "user.npmrc"),
            "npm_config_globalconfig": str(slot / "global.npmrc"),
            # the lock names where its author got them; here they come from where this one may ask
            "npm_config_replace_registry_host": "always",
            "npm_config_logs_max": "0",
        }
        if self.registry:
            environment["npm_config_registry"] = self.registry
        ca = settings.network.ca_bundle
        # without a file of one's own, those that the machine trusts: Node has a list built in
        environment |= {"NODE_EXTRA_CA_CERTS": ca} if ca else {"NODE_USE_SYSTEM_CA": "1"}
        return (InstallerCommand(program, environment, self.explain),)

    def finish(self, site: Path) -> None:
        """Remove npm's note of what it did; links to programs are no files and stay behind."""
        (site / "node_modules" / ".package-lock.json").unlink(missing_ok=True)

    def steps(self) -> DockerfileSteps:
        """npm of the base image."""
        files = {MANIFEST: self.manifest} | ({LOCK: self.lock} if self.lock else {})
        install = f"npm {self._verb} {' '.join(_FLAGS)} --replace-registry-host=always"
        clean = "rm -rf node_modules/.package-lock.json node_modules/.bin"
        return DockerfileSteps(files, (f"HOME=/tmp {install} && {clean}",), "node_modules")

    def explain(self, output: Sequence[str], code: int) -> BuildFailed:
        """What npm said, with the dependency that it names."""
        lines = [_NOISE.sub("", line) for line in output if _NOISE.match(line)] or list(output[-3:])
        said = re.sub(r"\s+", " ", " ".join(lines))[:1500]
        if _NO_NETWORK.search(said):
            return BuildFailed(
                f"the registry of packages cannot be reached: {said}",
                fix="check the network; PLAT_NPM_REGISTRY, PLAT_CA_BUNDLE and PLAT_PROXY name "
                "a company's",
                passing=True,
            )
        named = next((name for name in self.wanted if re.search(_named(name), said)), None)
        line = f'{MANIFEST}: "{named}": "{self.wanted[named]}"' if named else ""
        return BuildFailed(
            f"the packages cannot be installed: {said}",
            fix="correct the line, then deploy again",
            line=line,
        )


def _named(name: str) -> str:
    return rf"(^|[\s'\"/]){re.escape(name)}(@|[\s'\"]|$)"


def _files(modules: Sequence[str]) -> list[str]:
    return [f"{module}{suffix}" for module in modules for suffix in SUFFIXES]


def _module(handler: str | None, paths: Collection[str]) -> str:
    """The module of the handler; raises BuildFailed where its file is missing."""
    candidates = _named_modules(handler) if handler else list(MODULES)
    for module in candidates:
        if any(file in paths for file in _files([module])):
            return module
    top = sorted(path for path in paths if path.endswith(SUFFIXES) and "/" not in path)
    there = f"there are {', '.join(top[:5])}" if top else "there is no JavaScript file"
    what = f"the handler {handler} needs" if handler else "which file has the handler? None of"
    wanted = ", ".join(f"{module}.mjs" for module in candidates)
    raise BuildFailed(
        f"{what} {wanted}; {there}",
        fix='name it in function.json, for example "handler": "index:handler"',
    )


def _named_modules(handler: str) -> list[str]:
    """The modules that `module:name`, `module.name` or `module` may mean."""
    if ":" in handler:
        return [handler.partition(":")[0].replace(".", "/")]
    before = handler.rpartition(".")[0]
    return [before, handler] if before else [handler]


def _read(file: Path, limit: int) -> dict[str, Any]:
    with file.open("rb") as stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(f"{file.name} has more than {limit} bytes")
    document = strictjson.loads(data, max_bytes=limit)
    if not isinstance(document, dict):
        raise BuildFailed(f"{file.name} is no JSON object", line=file.name)
    return document


def _dependencies(manifest: Mapping[str, Any], *, other_sources: bool) -> dict[str, str]:
    """What is installed: dependencies and optional ones; raises BuildFailed with the guilty one."""
    found: dict[str, str] = {}
    for field in ("dependencies", "optionalDependencies"):
        table = manifest.get(field) or {}
        if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
            raise BuildFailed(f"{MANIFEST}: {field} is an object of texts", line=MANIFEST)
        found |= table
    for name, version in found.items():
        if _ELSEWHERE.match(version) and not other_sources:
            raise BuildFailed(
                "the dependency points at another host or file, which this platform does not allow",
                fix="name a version of the platform's registry of packages; who runs the platform "
                "may set PLAT_ALLOW_OTHER_SOURCES=1",
                line=f'{MANIFEST}: "{name}": "{version[:100]}"',
            )
    return found


def _check_lock(lock: Mapping[str, Any]) -> None:
    """Raise BuildFailed where the lock leads to another host's code, or out of its folder."""
    entries = lock.get("packages")
    if not isinstance(entries, dict):
        raise BuildFailed(
            f"{LOCK} is of a format before npm 7", fix="npm install writes it anew", line=LOCK
        )
    for name, entry in entries.items():
        about = entry if isinstance(entry, dict) else {"link": True}
        resolved = str(about.get("resolved", ""))
        if _LOCKED_ELSEWHERE.match(resolved) or about.get("link"):
            raise BuildFailed(
                "the lock points at another host or file, which this platform does not allow",
                fix="who runs the platform may set PLAT_ALLOW_OTHER_SOURCES=1",
                line=f"{LOCK}: {name[:100]}: {resolved[:100]}",
            )


LANGUAGE = Node()
