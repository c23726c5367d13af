"""Compiles a function's code and says what does not: `python -I -S bytecode.py CODE FINAL MODULE`.

Run as a script by the Python that will run the function, never imported, and with the standard
library only: a hostile source file may at worst end this process. Nothing of the code is executed.

Writes unchecked-hash bytecode (PEP 552) under the paths that the files will have in FINAL, so that
a replica has nothing to compile. Prints one JSON object: `{}`, or the first error in a file that
MODULE, the handler's module, needs: file, line, text, column, message.
"""

import ast
import importlib.util
import json
import marshal
import os
import re
import resource
import sys
from collections.abc import Iterator
from types import CodeType

CPU_SECONDS = 20
MEMORY_BYTES = 1024**3
SOURCE_BYTES = 4 * 1024**2
MAX_FILES = 2_000
COOKIE = re.compile(rb"[ \t\f]*#.*?coding[:=][ \t]*[-\w.]+")  # PEP 263
HASH_BASED_UNCHECKED = (1).to_bytes(4, "little")  # PEP 552, the flags word


class CompileFailed(Exception):
    """A file that is no Python; the argument is what to print."""


def main(code: str, final: str, module: str) -> None:
    """Check what `module` needs, then compile everything else that can be."""
    _limit()
    try:
        done = _compile_needed(code, final, module)
    except CompileFailed as error:
        print(json.dumps(error.args[0]))
        return
    for count, file in enumerate(_python_files(code)):
        if file not in done and count < MAX_FILES:
            _compile_other(code, final, file)
    print("{}")


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _compile_needed(code: str, final: str, module: str) -> set[str]:
    """Compile the file of `module` and all files of the folder that its imports lead to."""
    done: set[str] = set()
    wanted = list(_files_of(code, module))
    while wanted and len(done) < MAX_FILES:
        file = wanted.pop()
        if file not in done:
            done.add(file)
            tree = _compile_file(code, final, file)
            for name in _imports(tree, file):
                wanted.extend(_files_of(code, name))
    return done


def _files_of(code: str, module: str) -> Iterator[str]:
    """The files that importing `a.b` reads: of the package and of the module, where they exist."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        path = "/".join(parts[:count])
        for file in (f"{path}.py", f"{path}/__init__.py"):
            if os.path.isfile(os.path.join(code, file)):
                yield file


def _imports(tree: ast.AST, file: str) -> Iterator[str]:
    """The modules that a tree imports, absolute, with each `from` name as a possible module."""
    package = file.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *((node.module or "").split(".") if node.module else [])]
            yield from (".".join([*base, alias.name]) for alias in node.names)


def _compile_file(code: str, final: str, file: str) -> ast.Module:
    path = os.path.join(code, file)
    with open(path, "rb") as stream:
        data = stream.read(SOURCE_BYTES + 1)
    if len(data) > SOURCE_BYTES:
        raise CompileFailed({"file": file, "message": f"more than {SOURCE_BYTES} bytes"})
    _check_encoding(data, file)
    try:
        tree = ast.parse(data, file)
        compiled = compile(tree, os.path.join(final, file), "exec", dont_inherit=True)
    except SyntaxError as error:
        raise CompileFailed(_told(error, file)) from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        message = str(error) or "too deeply nested"
        raise CompileFailed({"file": file, "message": message}) from None
    _write(path, compiled, data)
    return tree


def _check_encoding(data: bytes, file: str) -> None:
    """Before Python 3.12 the compiler itself does not look at bytes in comments."""
    if any(COOKIE.match(line) for line in data.split(b"\n", 2)[:2]):
        return
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = (
            f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8, or begin it "
            "with # -*- coding: latin-1 -*-"
        )
        raise CompileFailed({"file": file, "line": line, "message": message}) from None


def _told(error: SyntaxError, file: str) -> dict[str, object]:
    return {
        "file": file,
        "line": error.lineno,
        "column": error.offset,
        "text": (error.text or "")[:500],
        "message": f"{type(error).__name__}: {error.msg}",
    }


def _write(path: str, compiled: CodeType, data: bytes) -> None:
    target = importlib.util.cache_from_source(path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    header = importlib.util.MAGIC_NUMBER + HASH_BASED_UNCHECKED + importlib.util.source_hash(data)
    with open(target, "wb") as stream:
        stream.write(header + marshal.dumps(compiled))


def _python_files(code: str) -> Iterator[str]:
    for folder, _, names in os.walk(code):
        for name in sorted(names):
            if name.endswith(".py"):
                yield os.path.relpath(os.path.join(folder, name), code)


def _compile_other(code: str, final: str, file: str) -> None:
    try:
        _compile_file(code, final, file)
    except CompileFailed as error:
        print(f"{file} is not compiled: {error.args[0]['message']}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:4])
