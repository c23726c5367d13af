"""Read the requirements of a function, and reject every line that is not a plain requirement.

Only plain PEP 508 requirements pass by default. A line that would fetch from another host, read
another file or change how packages are chosen is refused with its number, before any tool runs.
Sources: PEP 508, PEP 621, PEP 723, pip's requirements file format.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from plat_core.errors import BuildFailed

FILE_BYTES = 1024 * 1024
MAX_LINES = 2_000
MAX_INCLUDES = 20

_COMMENT = re.compile(r"(^|\s+)#.*$")
_INCLUDE = re.compile(r"(-r|--requirement|-c|--constraint)(?:\s+|=|(?=[^\s=]))(\S.*)")
_HASH = re.compile(r"\s+--hash[= ](\S+)")
_WORD = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
_PEP723 = re.compile(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """One requirement and where it stands. `name` is canonical, "" for an allowed option."""

    text: str
    file: str
    number: int
    name: str = ""
    constraint: bool = False

    def __str__(self) -> str:
        """`requirements.txt:3: flaskk==9`, or without a number where the file has no lines."""
        place = f"{self.file}:{self.number}" if self.number else self.file
        return f"{place}: {self.text[:200]}"


@dataclass(frozen=True, slots=True)
class DeclaredRequirements:
    """The requirements of a source."""

    lines: tuple[RequirementLine, ...] = ()
    requires_python: str = ""
    origin: str = ""

    def names(self) -> frozenset[str]:
        """Canonical names of the packages that are asked for."""
        return frozenset(line.name for line in self.lines if not line.constraint)


def declared(
    folder: Path, script: Path | None, *, other_sources: bool = False
) -> DeclaredRequirements:
    """What `folder` asks for: requirements.txt, else the header of `script`, else pyproject.toml.

    `other_sources` lets requirements name other indexes, URLs and folders. Raises BuildFailed
    with the guilty line.
    """
    header = _header(script, other_sources) if script else DeclaredRequirements()
    if (folder / "requirements.txt").is_file():
        reader = _RequirementsReader(folder, other_sources=other_sources)
        lines = tuple(reader.read(folder / "requirements.txt", constraint=False))
        return DeclaredRequirements(lines, header.requires_python, "requirements.txt")
    if header.origin:
        return header
    if (folder / "pyproject.toml").is_file():
        return _project(folder / "pyproject.toml", other_sources)
    return DeclaredRequirements()


def read_file(file: Path) -> tuple[RequirementLine, ...]:
    """The lines of a trusted requirements file; none where it does not exist."""
    if not file.is_file():
        return ()
    return tuple(_RequirementsReader(file.parent, other_sources=True).read(file, constraint=False))


def check_python(wanted: DeclaredRequirements, version: str) -> None:
    """Raise BuildFailed where `requires-python` does not take the Python of the platform."""
    if not wanted.requires_python:
        return
    line = f'{wanted.origin}: requires-python = "{wanted.requires_python[:100]}"'
    try:
        fits = SpecifierSet(wanted.requires_python).contains(version, prereleases=True)
    except InvalidSpecifier:
        raise BuildFailed("requires-python is no version specifier", line=line) from None
    if not fits:
        raise BuildFailed(
            f"the function needs Python {wanted.requires_python}, the platform runs {version}",
            fix="change requires-python, or start plat with another Python",
            line=line,
        )


class _RequirementsReader:
    """Reads a requirements file with those it includes, all of them inside one folder."""

    def __init__(self, folder: Path, *, other_sources: bool) -> None:
        self._folder = folder.resolve()
        self._other_sources = other_sources
        self._seen: set[Path] = set()
        self._count = 0

    def read(self, file: Path, *, constraint: bool) -> Iterator[RequirementLine]:
        """The lines of `file` and of what it includes, in order."""
        self._seen.add(file.resolve())
        name = file.resolve().relative_to(self._folder).as_posix()
        for number, text in _logical_lines(_text(file, name)):
            self._count += 1
            line = RequirementLine(text, name, number, constraint=constraint)
            if self._count > MAX_LINES:
                raise BuildFailed(f"more than {MAX_LINES} requirements", line=str(line))
            if include := _INCLUDE.fullmatch(text):
                yield from self._include(file, include, line)
            else:
                yield _checked(line, self._other_sources)

    def _include(
        self, file: Path, include: re.Match[str], line: RequirementLine
    ) -> Iterator[RequirementLine]:
        path = (file.parent / include[2].strip().strip("\"'")).resolve()
        if "://" in include[2] or not path.is_relative_to(self._folder):
            raise BuildFailed("a requirements file outside the function's folder", line=str(line))
        if not path.is_file():
            raise BuildFailed(f"there is no file {include[2][:100]}", line=str(line))
        if path in self._seen:
            return
        if len(self._seen) >= MAX_INCLUDES:
            raise BuildFailed(f"more than {MAX_INCLUDES} included files", line=str(line))
        is_constraint = line.constraint or include[1] in ("-c", "--constraint")
        yield from self.read(path, constraint=is_constraint)


def _text(file: Path, name: str) -> str:
    with file.open("rb") as stream:
        data = stream.read(FILE_BYTES + 1)
    if len(data) > FILE_BYTES:
        raise BuildFailed(f"{name} has more than {FILE_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise BuildFailed(f"{name} is not UTF-8", line=f"{name}:{number}") from None


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines without comments, joined where they end in a backslash, with their number."""
    pending, start = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        start = start or number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            pending += raw[:-1] + " "
            continue
        if line := _COMMENT.sub("", pending + raw).strip():
            yield start, line
        pending, start = "", 0
    if line := _COMMENT.sub("", pending).strip():
        yield start, line


def _checked(line: RequirementLine, other_sources: bool) -> RequirementLine:
    if line.text.startswith("-"):
        return _checked_option(line, other_sources)
    if _elsewhere(line.text) and not other_sources:
        raise _refused(line, "points at another host or file")
    try:
        requirement = Requirement(_HASH.sub("", line.text))
    except InvalidRequirement as error:
        if other_sources and _elsewhere(line.text):
            return line
        why = str(error).splitlines()[0]
        raise BuildFailed(
            f"not a requirement: {why}", fix="write for example flask>=3.1", line=str(line)
        ) from None
    if requirement.url and not other_sources:
        raise _refused(line, "points at another host or file")
    name = canonicalize_name(requirement.name)
    return RequirementLine(line.text, line.file, line.number, name, line.constraint)


def _checked_option(line: RequirementLine, other_sources: bool) -> RequirementLine:
    option = re.split(r"[\s=]", line.text, maxsplit=1)[0]
    if option in ("--pre", "--prefer-binary", "--only-binary"):
        return RequirementLine("" if option != "--pre" else "--pre", line.file, line.number)
    if not other_sources:
        raise _refused(line, f"uses the option {option[:40]}")
    return line


def _elsewhere(text: str) -> bool:
    """Whether it is a path or a URL instead of a name."""
    return bool(re.match(r"(\.|/|~|\w+(\+\w+)?:)", text)) or text.endswith((".whl", ".zip", ".gz"))


def _refused(line: RequirementLine, what: str) -> BuildFailed:
    return BuildFailed(
        f"the requirement {what}, which this platform does not allow",
        fix="name a package of the platform's index; who runs the platform may set "
        "PLAT_ALLOW_OTHER_SOURCES=1",
        line=str(line),
    )


def _header(script: Path, other_sources: bool) -> DeclaredRequirements:
    """The PEP 723 header of a script."""
    with script.open("rb") as stream:
        text = stream.read(FILE_BYTES).decode("utf-8", errors="replace").replace("\r\n", "\n")
    blocks = list(_PEP723.finditer(text))
    if not blocks:
        return DeclaredRequirements()
    start = text.count("\n", 0, blocks[0].start()) + 1
    if len(blocks) > 1:
        raise BuildFailed("more than one script header", line=f"{script.name}:{start}")
    content = "\n".join(line[2:] for line in blocks[0]["content"].splitlines())
    return _table(_toml(content, script.name), content, script.name, start, other_sources)


def _project(file: Path, other_sources: bool) -> DeclaredRequirements:
    text = _text(file, file.name)
    table = _toml(text, file.name).get("project", {})
    return _table(table, text, file.name, 0, other_sources)


def _toml(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BuildFailed(f"{name}: not valid TOML: {str(error)[:200]}", line=name) from None


def _table(
    table: object, text: str, name: str, start: int, other_sources: bool
) -> DeclaredRequirements:
    """Dependencies and Python of a TOML table that has them under PEP 621's names."""
    values = table if isinstance(table, dict) else {"dependencies": None}
    asked, python = values.get("dependencies", []), values.get("requires-python", "")
    if not isinstance(asked, list) or not isinstance(python, str) or not _is_texts(asked):
        raise BuildFailed(f"{name}: dependencies is a list of texts", line=name)
    lines = [RequirementLine(item, name, _find(text, item, start)) for item in asked]
    return DeclaredRequirements(
        tuple(_checked(line, other_sources) for line in lines), python, name
    )


def _is_texts(values: list[object]) -> bool:
    return len(values) <= MAX_LINES and all(isinstance(value, str) for value in values)


def _find(text: str, item: str, start: int) -> int:
    """The line of the file on which `item` stands in `text`, which begins after line `start`."""
    position = text.find(item)
    return text.count("\n", 0, position) + 1 + start if position >= 0 else 0


def find_named(lines: Sequence[RequirementLine], message: str) -> list[RequirementLine]:
    """Those of `lines` whose package a resolver's message names; exact quotes come first."""
    flat = re.sub(r"\s+", "", message.lower())
    words = {canonicalize_name(word) for word in _WORD.findall(message)}
    named = [line for line in lines if line.name and line.name in words]
    quoted = [line for line in named if re.sub(r"\s+", "", line.text.lower()) in flat]
    return quoted + [line for line in named if line not in quoted]
