"""Google Functions Framework functions, run by the user's own ``functions-framework`` package.

The package loads the source itself (its ``errorhandler`` only works that way), so its
use is detected in the text of the source before any import.
"""

import ast
import importlib
import os

from plat_runtime.faults import Reason, StartError
from plat_runtime.loading import ATTRIBUTES, Guarded, Handler, Name, installed, source_of
from plat_runtime.settings import Settings

PACKAGE = "functions_framework"


def applies(name: Name, settings: Settings) -> bool:
    """Return whether the handler is a Functions Framework function."""
    source = source_of(name.module, settings.code)
    if source is None:
        return False
    if settings.target or settings.signature:
        return installed(PACKAGE)
    with open(source, "rb") as file:
        return PACKAGE.encode() in file.read()


def load(name: Name, settings: Settings, *, signature: str = "") -> Handler:
    """Let the framework make its application (Flask, or Starlette for ``aio``) of the function."""
    source = source_of(name.module, settings.code) or ""
    target = settings.target or name.attribute or _target(name, source)
    if "." in target:
        raise StartError(Reason.NOT_FOUND, f"{target!r} is not the name of a function")
    with Guarded(name.module, settings.code):
        framework = importlib.import_module(PACKAGE)
        missing = importlib.import_module(f"{PACKAGE}.exceptions").FunctionsFrameworkException
        try:
            app = framework.create_app(target, source, signature or settings.signature or None)
        except missing as error:
            raise StartError(Reason.NOT_FOUND, str(error)) from None
    return Handler(Name(name.module, target), app)


def _target(name: Name, source: str) -> str:
    """Return the one function the source decorates, or one with a default name."""
    with Guarded(name.module, os.path.dirname(source)), open(source, "rb") as file:
        tree = ast.parse(file.read(), source)
    functions = [e for e in tree.body if isinstance(e, ast.FunctionDef | ast.AsyncFunctionDef)]
    decorated = [each.name for each in functions if any(map(_registers, each.decorator_list))]
    if len(decorated) == 1:
        return decorated[0]
    for attribute in ATTRIBUTES:
        if attribute in {each.name for each in functions}:
            return attribute
    found = ", ".join(each.name for each in functions[:20]) or "no function"
    raise StartError(
        Reason.NOT_FOUND, f"which function? {name.module} has {found}; set FUNCTION_TARGET"
    )


def _registers(decorator: ast.expr) -> bool:
    """Whether a decorator is one of the framework's that make a function of a ``def``."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = getattr(target, "attr", getattr(target, "id", ""))
    return name in ("http", "cloud_event", "typed")
