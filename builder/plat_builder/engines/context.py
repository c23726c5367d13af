"""The folder that a Docker build sees, as a tar that is the same for the same source. Pure reading.

A source with a `Dockerfile` of its own is taken as it is; any other becomes the runtime's image, a
layer of packages and a layer of code.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from plat_core.model.build import BuildOptions

from plat_builder import pack
from plat_builder.requirements import Declared
from plat_builder.runtimes import PROGRAM, Catalogue, Runtime
from plat_builder.source import Findings

OWN = "Dockerfile"
DOCKERFILE_RUNTIME = "dockerfile"
"""What a function's runtime is called where the user's own Dockerfile decides."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a context: where it stands in it, and its content or where that lies."""

    path: str
    content: bytes | Path
    mode: int = 0o644


def of_runtime(runtime: Runtime, catalogue: Catalogue) -> list[Member]:
    """The context of a runtime's own image: its folder, and the program beside it."""
    return [
        *_folder(runtime.folder, runtime.name),
        *(m for m in _folder(catalogue.launcher, PROGRAM) if "/catalogue/" not in m.path),
    ]


def of_function(
    source: Path, entries: Iterable[pack.Entry], findings: Findings, base: str
) -> list[Member]:
    """The context of a function's image over the runtime's image `base`."""
    asked = _requirements(findings.declared)
    code = [Member(f"code/{e.path}", source / e.path, e.mode) for e in entries]
    recipe = Member(OWN, dockerfile(base, findings, packages=bool(asked)).encode())
    return [recipe, Member("requirements.txt", asked.encode()), *code]


def of_dockerfile(source: Path, entries: Iterable[pack.Entry]) -> list[Member]:
    """The user's own context, with their own Dockerfile."""
    return [Member(e.path, source / e.path, e.mode) for e in entries]


def dockerfile(base: str, findings: Findings, *, packages: bool) -> str:
    """How a function's image is made: packages first, because code changes more often."""
    lines = [f"FROM {base}", "ARG PIP_INDEX_URL", "USER 0:0"]
    if packages:
        lines += [
            "COPY requirements.txt /plat/requirements.txt",
            "RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action ignore "
            "--only-binary :all: --target /plat/packages -r /plat/requirements.txt",
            "ENV PLAT_SITE=/plat/packages:/plat/site",
        ]
    lines.append("COPY code/ /code/")
    if findings.handler:
        lines.append(f"ENV PLAT_HANDLER={findings.handler}")
    return "\n".join([*lines, "USER 65532:65532", ""])


def write(members: Iterable[Member], file: IO[bytes]) -> str:
    """Write the members as a tar, sorted and without times or owners; returns its digest."""
    hashing = _Hashing(file)
    with tarfile.open(fileobj=hashing, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for member in sorted(members, key=lambda m: m.path):
            _add(tar, member)
    return hashing.digest()


def source_digest(options: BuildOptions, context: str) -> str:
    """What names the build of this context under these options."""
    parts = (options.runtime or "", options.handler or "", context)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _add(tar: tarfile.TarFile, member: Member) -> None:
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


def _folder(folder: Path, name: str) -> Iterator[Member]:
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder).as_posix()
        if file.is_file() and not pack.noise(relative):
            yield Member(f"{name}/{relative}", file)


def _requirements(declared: Declared) -> str:
    texts = [line.text for line in declared.lines if line.text and not line.constraint]
    return "".join(f"{text}\n" for text in texts)


class _Hashing(io.RawIOBase):
    """Hands on what is written, and hashes it."""

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
