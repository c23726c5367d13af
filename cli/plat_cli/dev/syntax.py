"""Finds syntax errors without a build."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MAX_FILE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SyntaxIssue:
    """A syntax error: its position, its message, and the line with a caret below it."""

    file: str
    line: int
    message: str
    excerpt: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: SyntaxError: {self.message}"


def find_syntax_error(files: Iterable[Path], base: Path) -> SyntaxIssue | None:
    """Return the first syntax error in Python files below `base`, or None."""
    for file in sorted(files):
        if file.suffix == ".py" and (issue := _check_file(file, base)):
            return issue
    return None


def _check_file(file: Path, base: Path) -> SyntaxIssue | None:
    name = str(file.relative_to(base))
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            return None
        content = file.read_bytes()
    except OSError:  # deleted or being replaced by an editor; the build reports it
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(content, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        return SyntaxIssue(name, error.lineno or 1, error.msg, _excerpt(error))
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxIssue(name, 1, str(error))
    return None


def _excerpt(error: SyntaxError) -> str:
    if not error.text:
        return ""
    line = error.text.rstrip("\n")
    text = line.lstrip()
    column = max(1, (error.offset or 1) - (len(line) - len(text)))
    return f"{text}\n{' ' * (column - 1)}^"
