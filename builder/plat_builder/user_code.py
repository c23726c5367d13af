"""Copy the user's code into an artifact, check the copy, and compile it."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from plat_core.errors import BuildFailed

from plat_builder.pack import SourceFile

COMPILE_SECONDS = 60.0
BYTECODE = Path(__file__).with_name("bytecode.py")
"""The program that compiles; it runs with the standard library alone."""


def copy_files(source: Path, entries: Iterable[SourceFile], code: Path) -> None:
    """Copy the files of a source into `code`, with the modes that they are stored with."""
    for entry in entries:
        target = code / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / entry.path, target, follow_symlinks=False)
        target.chmod(entry.mode)


def source_changed() -> BuildFailed:
    """Return the error for a source that changed while it was copied."""
    return BuildFailed("the files changed while they were read", fix="deploy again")


async def compile_code(code: Path, final: Path, module: str, python: Path) -> None:
    """Compile the folder `code`, which will stand at `final`, with the interpreter `python`.

    In a process of its own: the source may be made to break a compiler. Raises BuildFailed with
    the guilty line where a file that `module` needs is no Python.
    """
    process = await asyncio.create_subprocess_exec(
        str(python),
        *("-I", "-S", "-W", "ignore", str(BYTECODE), str(code), str(final), module),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"LANG": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), COMPILE_SECONDS)
    except TimeoutError:
        raise BuildFailed("compiling the code took too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise BuildFailed("the code cannot be compiled: it makes the compiler fail")
    if error := json.loads(output):
        raise syntax_error(error)


def syntax_error(error: dict[str, object]) -> BuildFailed:
    """The words of `bytecode.py` with the line and a caret under the place."""
    place = f"{error['file']}:{error['line']}" if error.get("line") else str(error["file"])
    shown = f"{place}: {error['message']}"
    text = str(error.get("text") or "").rstrip()
    if not text:
        return BuildFailed(shown, fix="correct the line, then deploy again", line=place)
    column = error.get("column")
    offset = column if isinstance(column, int) and column > 0 else 1
    stripped = text.lstrip()
    caret = " " * max(offset - 1 - (len(text) - len(stripped)), 0) + "^"
    return BuildFailed(
        f"{shown}\n    {stripped}\n    {caret}",
        fix="correct the line, then deploy again",
        line=f"{place}: {stripped[:200]}",
    )
