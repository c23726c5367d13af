"""Load the handler that the settings name, and make an application for a server."""

import os
from collections.abc import Callable
from typing import Any

from plat_runtime import debugger, events, framework, loading, shapes, wsgi
from plat_runtime.calls import CallLimiter
from plat_runtime.settings import Settings
from plat_runtime.shapes import Recognised, Shape


class LoadedHandler:
    """The user's handler, ready to be served."""

    def __init__(self, recognised: Recognised, settings: Settings) -> None:
        self._recognised = recognised
        self._settings = settings
        self._limiter = CallLimiter(settings.concurrency, settings.timeout)
        self._identity = events.FunctionIdentity(
            os.environ.get("PLAT_FUNCTION") or os.environ.get("K_SERVICE", "function"),
            os.environ.get("PLAT_REVISION") or os.environ.get("K_REVISION", "1"),
            settings.timeout,
        )
        self.description = str(recognised)
        self.asynchronous = recognised.shape is Shape.ASGI or recognised.asynchronous

    def exhausted(self) -> bool:
        """Return whether so many calls are stuck that the process must be restarted."""
        return self._limiter.exhausted()

    def wsgi_endpoint(self, probes: wsgi.Probes) -> wsgi.WsgiEndpoint:
        """Return the program as a WSGI application."""
        return wsgi.WsgiEndpoint(self._wsgi_application(), self._limiter, probes)

    def _wsgi_application(self) -> wsgi.Application:
        handler: Callable[..., Any] = self._recognised.handler.value
        match self._recognised.shape:
            case Shape.WSGI:
                return handler
            case Shape.EVENT:
                return wsgi.event_application(handler, self._identity)
        if shapes.uses_flask():
            return wsgi.flask_application(handler, self._recognised.handler.name.module)
        return wsgi.request_application(handler)

    def asgi_endpoint(self, probes: wsgi.Probes) -> Any:
        """Return the program as an ASGI application; call it inside the event loop."""
        from plat_runtime import asgi

        handler: Any = self._recognised.handler.value
        if self._recognised.shape is Shape.EVENT:
            handler = asgi.event_application(handler, self._identity)
        elif self._recognised.shape is Shape.REQUEST:
            handler = asgi.request_application(handler)
        return asgi.AsgiEndpoint(
            handler, probes, limit=self._settings.concurrency, timeout=self._settings.timeout
        )


def load(settings: Settings) -> LoadedHandler:
    """Import the user's code and recognise its handler; raise StartError on any error."""
    loading.open_code(settings.code)
    if settings.debugpy:
        debugger.listen(settings.debugpy)
    name = loading.find_name(settings.handler, settings.code)
    if framework.applies(name, settings):
        handler = framework.load(name, settings)
    else:
        handler = loading.load(name, settings.code)
    recognised = shapes.recognise(handler)
    if recognised.shape is Shape.BACKGROUND:
        handler = framework.load(handler.name, settings, signature="event")
        recognised = shapes.recognise(handler)
    return LoadedHandler(recognised, settings)
