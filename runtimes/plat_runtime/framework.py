"""Google Functions Framework functions, run by the user's own ``functions-framework`` package.

The package loads the source itself (its ``errorhandler`` only works that way), so whether it is
wanted is decided from the text of the source before anything is imported.
"""

import ast
import importlib
import os
from typing import Any

from plat_runtime.faults import Reason, StartError
from plat_runtime.loading import ATTRIBUTES, Guarded, Handler, Name, installed, source_of
from plat_runtime.settings import Settings

PACKAGE = "functions_framework"


def wanted(name: Name, settings: Settings) -> bool:
    """Whether the handler is a Functions Framework function."""
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
    _answer_400_to_broken_events(app)
    return Handler(Name(name.module, target), app)


def _target(name: Name, source: str) -> str:
    """Return the one function the source decorates, or one with a customary name."""
    with Guarded(name.module, os.path.dirname(source)), open(source, "rb") as file:
        tree = ast.parse(file.read(), source)
    functions = [e for e in tree.body if isinstance(e, ast.FunctionDef | ast.AsyncFunctionDef)]
    decorated = [each.name for each in functions if each.decorator_list]
    if len(decorated) == 1:
        return decorated[0]
    for attribute in ATTRIBUTES:
        if attribute in {each.name for each in functions}:
            return attribute
    found = ", ".join(each.name for each in functions[:20]) or "no function"
    raise StartError(
        Reason.NOT_FOUND, f"which function? {name.module} has {found}; set FUNCTION_TARGET"
    )


def _answer_400_to_broken_events(app: Any) -> None:
    """Answer 400 where the framework lets an unreadable structured CloudEvent end as a 500."""
    register = getattr(app, "register_error_handler", None)
    if register is not None:
        errors = importlib.import_module("cloudevents.exceptions")
        register(errors.GenericException, lambda error: (f"not a CloudEvent: {error}\n", 400))
