"""The context of a Docker build, as a tar with the same bytes for the same source. Only reads.

A source with its own `Dockerfile` is used unchanged. Any other becomes the runtime's image, a layer
of packages and a layer of code, each built in its own stage.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from plat_builder import pack
from plat_builder.image_plan import CA_FILE, ImagePlan
from plat_builder.languages.language import CODE, DockerfileSteps
from plat_builder.runtimes import PROGRAM, Runtime, RuntimeCatalog
from plat_builder.settings import BuildNetwork
from plat_builder.source import SourceFolder

OWN = "Dockerfile"
DOCKERFILE_RUNTIME = "dockerfile"
"""What a function's runtime is called where the user's own Dockerfile decides."""


@dataclass(frozen=True, slots=True)
class ContextFile:
    """One file of a context: where it stands in it, and its content or where that lies."""

    path: str
    content: bytes | Path
    mode: int = 0o644


def of_runtime(
    runtime: Runtime, catalog: RuntimeCatalog, network: BuildNetwork
) -> list[ContextFile]:
    """The context of a runtime's own image: its folder, and the program beside it."""
    return [
        *([ContextFile("ca.pem", Path(network.ca_bundle))] if network.ca_bundle else []),
        *_folder(runtime.folder, runtime.name),
        *(m for m in _folder(catalog.launcher, PROGRAM) if "/catalogue/" not in m.path),
    ]


def of_function(plan: ImagePlan, base: str, network: BuildNetwork) -> list[ContextFile]:
    """The context of a function's image on `base`: the Dockerfile, the code, and what it needs."""
    made, code = _DockerfileStages(base), plan.language.code_steps(plan.info)
    final = [f"FROM {base}"]
    if plan.packages is not None:
        steps = plan.packages.steps()
        made.stage("packages", steps, _for_index(network))
        result = PurePosixPath("/plat/packages.files", steps.result)
        final.append(f"COPY --from=packages {result} /{plan.packages.place}")
    if code.commands:
        made.stage("code", code, [f"COPY {CODE} /{CODE}"])
    final.append(f"COPY {'--from=code /' if code.commands else ''}{CODE} /{CODE}")
    if network.ca_bundle:
        made.members.append(ContextFile("ca.pem", Path(network.ca_bundle)))
        final.insert(1, f"COPY ca.pem /{CA_FILE}")
    final += [f'ENV {name}="{value}"' for name, value in plan.environment.items()]
    recipe = "\n".join([*made.lines, *final, ""])
    files = [
        ContextFile(f"{CODE}/{entry.path}", plan.source.path / entry.path, entry.mode)
        for entry in plan.source.files
    ]
    return [ContextFile(OWN, recipe.encode()), *made.members, *files]


@dataclass
class _DockerfileStages:
    """The first stages of a Dockerfile, and the files that they copy."""

    base: str
    lines: list[str] = field(default_factory=list)
    members: list[ContextFile] = field(default_factory=list)

    def stage(self, name: str, steps: DockerfileSteps, lead: Iterable[str]) -> None:
        """One stage, which runs as root in a folder with the files of `steps`."""
        self.lines += [f"FROM {self.base} AS {name}", "USER 0:0", f"WORKDIR /plat/{name}.files"]
        self.lines += lead
        self.members += [ContextFile(f"{name}/{path}", data) for path, data in steps.files.items()]
        if steps.files:
            self.lines.append(f"COPY {name} ./")
        self.lines += [f"RUN {command}" for command in steps.commands]


def _for_index(network: BuildNetwork) -> list[str]:
    """What pip and npm have to know of a company's network."""
    lines = ["ARG PIP_INDEX_URL", "ARG PIP_EXTRA_INDEX_URL", "ARG NPM_CONFIG_REGISTRY"]
    if network.ca_bundle:
        lines += ["COPY ca.pem /plat/ca.pem"]
        lines += ["ENV PIP_CERT=/plat/ca.pem NODE_EXTRA_CA_CERTS=/plat/ca.pem"]
    return lines


def of_dockerfile(source: SourceFolder) -> list[ContextFile]:
    """Return the context of a source with its own Dockerfile."""
    return [ContextFile(file.path, source.path / file.path, file.mode) for file in source.files]


def write(members: Iterable[ContextFile], file: IO[bytes]) -> str:
    """Write the members as a tar, sorted and without times or owners; returns its digest."""
    hashing = _Hashing(file)
    with tarfile.open(fileobj=hashing, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for member in sorted(members, key=lambda m: m.path):
            _add(tar, member)
    return hashing.digest()


def _add(tar: tarfile.TarFile, member: ContextFile) -> None:
    info = tarfile.TarInfo(member.path)
    info.mode = member.mode
    if isinstance(member.content, bytes):
        info.size = len(member.content)
        tar.addfile(info, io.BytesIO(member.content))
        return
    with member.content.open("rb") as stream:
        info.size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        tar.addfile(info, stream)


def _folder(folder: Path, name: str) -> Iterator[ContextFile]:
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder).as_posix()
        if file.is_file() and not pack.is_ignored(relative):
            yield ContextFile(f"{name}/{relative}", file)


class _Hashing(io.RawIOBase):
    """Forwards and hashes what is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        chunk = bytes(memoryview(data))  # type: ignore[arg-type]
        self._hash.update(chunk)
        return self._file.write(chunk)

    def digest(self) -> str:
        return self._hash.hexdigest()
