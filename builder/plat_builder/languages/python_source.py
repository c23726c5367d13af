"""Find the handler's module and the runtime of a Python source. Reads files, never imports them."""

from __future__ import annotations

from plat_core.errors import BuildFailed

from plat_builder.requirements import DeclaredRequirements, declared
from plat_builder.runtimes import Runtime, RuntimeCatalog
from plat_builder.source import SourceFolder, SourceInfo

MODULES = ("app", "main", "function", "handler", "lambda_function")
"""Modules that may hold a handler that is not named, in the runtime's search order."""
FLASK_RUNTIME, PLAIN_RUNTIME = "python-flask", "python"


def examine_python(
    source: SourceFolder, catalog: RuntimeCatalog, *, other_sources: bool
) -> SourceInfo:
    """Return the runtime, handler and requirements of a Python source.

    Raises BuildFailed if there is no handler, and InvalidInput for an unknown runtime.
    """
    named = catalog.get(source.options.runtime) if source.options.runtime else None
    handler, module = _handler(source.options.handler, source.paths)
    file = next((file for file in _files(module) if file in source.paths), None)
    script = source.path / file if file else None
    requirements = declared(source.path, script, other_sources=other_sources)
    runtime, reason = (named, "it was named") if named else _detect(requirements, catalog)
    return SourceInfo(runtime, handler, module, requirements, reason)


def _detect(requirements: DeclaredRequirements, catalog: RuntimeCatalog) -> tuple[Runtime, str]:
    if "flask" in requirements.names():
        return catalog.get(FLASK_RUNTIME), f"{requirements.origin} names flask"
    return catalog.get(PLAIN_RUNTIME), "nothing else was named"


def _handler(handler: str | None, paths: frozenset[str]) -> tuple[str | None, str]:
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


def _named_module(handler: str, paths: frozenset[str]) -> str:
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
