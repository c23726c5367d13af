"""Recognise the kind of a handler from its signature, without calling it."""

import inspect
import sys
from collections.abc import Callable
from enum import Enum
from typing import Any, NamedTuple

from plat_runtime.faults import Reason, StartError
from plat_runtime.loading import Handler


class Shape(Enum):
    """The kinds of handlers; the value is used in the log."""

    WSGI = "a WSGI application"
    ASGI = "an ASGI application"
    REQUEST = "handler(request)"
    EVENT = "handler(event, context)"
    BACKGROUND = "a Functions Framework background function (data, context)"


class Recognised(NamedTuple):
    """A handler, its shape, the framework it belongs to, and whether it is asynchronous."""

    handler: Handler
    shape: Shape
    framework: str
    asynchronous: bool

    def __str__(self) -> str:
        prefix = "async " if self.asynchronous and self.shape is not Shape.ASGI else ""
        suffix = f" ({self.framework})" if self.framework else ""
        return f"{self.handler.name} as {prefix}{self.shape.value}{suffix}"


FRAMEWORKS = {
    "flask": "Flask",
    "django": "Django",
    "bottle": "Bottle",
    "falcon": "Falcon",
    "pyramid": "Pyramid",
    "fastapi": "FastAPI",
    "starlette": "Starlette",
    "quart": "Quart",
    "litestar": "Litestar",
    "sanic": "Sanic",
    "aiohttp": "aiohttp",
}
_ENVIRON = {"environ", "env", "wsgi_environ"}
_SCOPE = ["scope", "receive", "send"]


def recognise(handler: Handler) -> Recognised:
    """Return the handler's shape; raise StartError (HandlerUnrecognised) when it has none."""
    value = handler.value
    if not callable(value):
        raise _unrecognised(handler, f"a {type(value).__name__}, which cannot be called")
    names, required = _parameters(handler)
    asynchronous = _is_async(value)
    framework = _framework(value)
    return Recognised(
        handler, _shape(handler, names, required, asynchronous), framework, asynchronous
    )


def _shape(handler: Handler, names: list[str], required: int, asynchronous: bool) -> Shape:
    is_instance = not inspect.isroutine(handler.value) and not inspect.isclass(handler.value)
    if names[:3] == _SCOPE or (asynchronous and len(names) == 3):
        return Shape.ASGI
    if len(names) >= 2 and required <= 2 and not asynchronous:
        if is_instance or names[0] in _ENVIRON or names[1] == "start_response":
            return Shape.WSGI
        if names[:2] == ["data", "context"]:
            return Shape.BACKGROUND
    if required == 2:
        return Shape.EVENT
    if required <= 1 and names:
        return Shape.REQUEST
    raise _unrecognised(handler, f"a callable with the parameters ({', '.join(names)})")


def _unrecognised(handler: Handler, what: str) -> StartError:
    return StartError(
        Reason.UNRECOGNISED,
        f"{handler.name} is {what}; a handler is a Flask, WSGI or ASGI application, "
        "def handler(request) or def handler(event, context)",
    )


def _parameters(handler: Handler) -> tuple[list[str], int]:
    """Return the names of the positional parameters and how many have no default."""
    try:
        signature = inspect.signature(handler.value)
    except (TypeError, ValueError):
        raise _unrecognised(handler, "a callable without a readable signature") from None
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    found = [each for each in signature.parameters.values() if each.kind in kinds]
    if len(found) < 2 and any(
        each.kind is each.VAR_POSITIONAL for each in signature.parameters.values()
    ):
        return [*(each.name for each in found), "args"], min(len(found), 1)
    return [each.name for each in found], sum(each.default is each.empty for each in found)


def _is_async(value: Callable[..., Any]) -> bool:
    """Return whether a call returns a coroutine or an asynchronous generator."""
    unwrapped = inspect.unwrap(value)
    call = getattr(type(unwrapped), "__call__", None)  # noqa: B004
    return any(
        inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each)
        for each in (value, unwrapped, call)
    )


def _framework(value: Any) -> str:
    """Return the name of the framework that ``value`` is an application of, or ""."""
    for kind in type(value).__mro__:
        name = FRAMEWORKS.get(kind.__module__.partition(".")[0])
        if name:
            return name
    return ""


def uses_flask() -> bool:
    """Whether the user's code has imported Flask, so that a request should be Flask's."""
    return "flask" in sys.modules
