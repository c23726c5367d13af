"""What is it? Reads a folder and decides its runtime, its handler's file and its requirements.

Reads, never imports: what the answer rests on is data, and each finding can be said in a sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plat_core.errors import BuildFailed, NotSupported, PlatError, TooLarge
from plat_core.model.build import BuildOptions
from plat_core.model.manifest import MANIFEST_BYTES, MANIFEST_NAME, FunctionManifest, read_manifest

from plat_builder.pack import SourceFile
from plat_builder.requirements import DeclaredRequirements, declared
from plat_builder.runtimes import Runtime, RuntimeCatalog

MODULES = ("app", "main", "function", "handler", "lambda_function")
"""Where a Python runtime looks for a handler that has no name, in this order."""
FLASK_RUNTIME, PLAIN_RUNTIME = "python-flask", "python"


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source is. `module` is the one the handler is in, `why` the reason for the runtime."""

    runtime: Runtime
    handler: str | None
    module: str
    declared: DeclaredRequirements
    why: str


def manifest_of(folder: Path) -> FunctionManifest:
    """The folder's `function.json`, or an empty one.

    Raises TooLarge, Malformed and InvalidInput as `read_manifest` does.
    """
    file = folder / MANIFEST_NAME
    if not file.is_file():
        return FunctionManifest()
    with file.open("rb") as stream:
        data = stream.read(MANIFEST_BYTES + 1)
    try:
        if len(data) > MANIFEST_BYTES:
            raise TooLarge(f"it has more than {MANIFEST_BYTES} bytes")
        return read_manifest(data)
    except PlatError as error:
        error.message = f"{MANIFEST_NAME}: {error.message}"
        error.fix = error.fix or f"correct {MANIFEST_NAME}, then deploy again"
        raise


def merged(options: BuildOptions, manifest: FunctionManifest) -> BuildOptions:
    """What was said explicitly, completed by `function.json`."""
    return BuildOptions(
        name=options.name,
        runtime=options.runtime or manifest.runtime,
        handler=options.handler or manifest.handler,
        debug=options.debug,
    )


def examine(
    folder: Path,
    entries: Sequence[SourceFile],
    options: BuildOptions,
    catalog: RuntimeCatalog,
    *,
    other_sources: bool = False,
) -> SourceInfo:
    """What the source in `folder`, whose files are `entries`, is.

    Raises BuildFailed where it cannot be told, InvalidInput for an unknown runtime, NotSupported
    for a language that is not Python.
    """
    options = merged(options, manifest_of(folder))
    paths = {entry.path for entry in entries}
    named = catalog.get(options.runtime) if options.runtime else None
    if named is not None and named.description.language != "python":
        raise NotSupported(
            f"the runtime {named.name} needs an image; the embedded platform runs Python",
            fix="docker compose up --build starts the platform that builds images",
        )
    handler, module = _handler(options.handler, paths)
    file = next((file for file in _files(module) if file in paths), None)
    wanted = declared(folder, folder / file if file else None, other_sources=other_sources)
    runtime, why = (named, "it was named") if named else _detect(wanted, catalog)
    return SourceInfo(runtime, handler, module, wanted, why)


def _detect(wanted: DeclaredRequirements, catalog: RuntimeCatalog) -> tuple[Runtime, str]:
    if "flask" in wanted.names():
        return catalog.get(FLASK_RUNTIME), f"{wanted.origin} names flask"
    return catalog.get(PLAIN_RUNTIME), "nothing else was named"


def _handler(handler: str | None, paths: set[str]) -> tuple[str | None, str]:
    """The handler's name, if one is needed to find it, and its module."""
    if handler:
        return handler, _named_module(handler, paths)
    for module in MODULES:
        if not paths.isdisjoint(_files(module)):
            return None, module
    scripts = sorted(path for path in paths if path.endswith(".py") and "/" not in path)
    if len(scripts) == 1 and scripts[0][:-3].isidentifier():
        return scripts[0][:-3], scripts[0][:-3]
    found = f"there are {', '.join(scripts[:5])}" if scripts else "there is no Python file"
    raise BuildFailed(
        f"which file has the handler? None of {', '.join(m + '.py' for m in MODULES)}; {found}",
        fix='name it in function.json, for example "handler": "app:handler"',
    )


def _named_module(handler: str, paths: set[str]) -> str:
    """The module of `module:name`, or of `module.name` as other platforms write it."""
    module = handler.partition(":")[0]
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        raise BuildFailed(f"the handler {handler} is not of the form module:name")
    candidates = [module] if ":" in handler else [module, ".".join(parts[:-1])]
    for candidate in filter(None, candidates):
        if not paths.isdisjoint(_files(candidate)):
            return candidate
    scripts = sorted(path for path in paths if path.endswith(".py") and "/" not in path)
    raise BuildFailed(
        f"the handler {handler} needs {_files(module)[0]}, which is not there; "
        f"there are {', '.join(scripts[:5]) or 'no Python files'}",
        fix='correct "handler" in function.json, for example "app:handler"',
    )


def _files(module: str) -> tuple[str, str]:
    path = module.replace(".", "/")
    return f"{path}.py", f"{path}/__init__.py"
