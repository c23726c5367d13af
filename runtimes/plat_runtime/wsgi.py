"""Handlers as WSGI applications, and the endpoint that serves every call.

The endpoint responds to the probes, limits concurrent calls, tags their log lines, enforces the
timeout, and turns exceptions of user code into a short response.
"""

import errno
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from plat_runtime import events
from plat_runtime.calls import Call, CallLimiter, CallTimeout, Watched, current
from plat_runtime.faults import user_traceback
from plat_runtime.logs import end_call
from plat_runtime.request import BadRequestError, Headers, Request
from plat_runtime.responses import HandlerResponse, chunk, error_response, to_response

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class Probes(Protocol):
    """Responds to the platform's probes."""

    def __call__(self, path: str) -> tuple[int, str] | None:
        """Return status and body for ``/_/ready`` and ``/_/health``, None for another path."""


def request_of(environ: Environ) -> Request:
    """Return the request of a WSGI environment; the body is read on first use."""
    call = current.get()
    fields = [
        (key[5:].replace("_", "-"), value)
        for key, value in environ.items()
        if key.startswith("HTTP_")
    ]
    fields += [
        (key.replace("_", "-"), environ[key])
        for key in ("CONTENT_TYPE", "CONTENT_LENGTH")
        if environ.get(key)
    ]
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace") or "/",
        query_string=environ.get("QUERY_STRING", ""),
        headers=Headers(fields),
        body=environ["wsgi.input"].read,
        call_id=call.id if call else "",
    )


def request_application(handler: Callable[[Request], Any]) -> Application:
    """Serve ``handler(request)``."""

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        value = handler(request_of(environ))
        if callable(value):
            # A response object of a WSGI framework is itself an application.
            return value(environ, start_response)  # type: ignore[no-any-return]
        return _send(to_response(value), environ, start_response)

    return application


def event_application(
    handler: Callable[[Any, Any], Any], identity: events.FunctionIdentity
) -> Application:
    """Serve ``handler(event, context)``."""

    def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request = request_of(environ)
        result = handler(events.event_of(request), identity.context(request.call_id))
        return _send(events.event_response(result), environ, start_response)

    return application


def flask_application(handler: Callable[[Any], Any], name: str) -> Application:
    """Serve a ``handler(request)`` that works with Flask's request and return values."""
    flask = importlib.import_module("flask")

    app = flask.Flask(name)
    app.config["PROPAGATE_EXCEPTIONS"] = True

    def view(path: str) -> Any:
        value = handler(flask.request)
        return ("", 204) if value is None else value

    rules = {"/": {"path": ""}, "/<path:path>": None}
    for rule, defaults in rules.items():
        app.url_map.add(app.url_rule_class(rule, defaults=defaults, endpoint="handler"))
    app.view_functions["handler"] = view
    return app  # type: ignore[no-any-return]


def _send(
    reply: HandlerResponse, environ: Environ, start_response: StartResponse
) -> Iterable[bytes]:
    start_response(reply.status_line, reply.headers)
    if environ["REQUEST_METHOD"] == "HEAD":
        return []
    if isinstance(reply.body, bytes):
        return [reply.body]
    if isinstance(reply.body, Iterable):
        return _BodyParts(reply.body)
    raise TypeError("an asynchronous generator needs an async def handler")


class _BodyParts:
    """The parts of a generator as bytes; closing it closes the generator."""

    def __init__(self, parts: Iterable[Any]) -> None:
        self._parts = parts
        self._next = iter(parts).__next__

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return chunk(self._next())

    def close(self) -> None:
        """Close the generator."""
        close = getattr(self._parts, "close", None)
        if close is not None:
            close()


class WsgiEndpoint:
    """The WSGI application that the server calls."""

    def __init__(self, application: Application, limiter: CallLimiter, probes: Probes) -> None:
        self._application = application
        self._limiter = limiter
        self._probes = probes

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        probe = self._probes(environ["PATH_INFO"])
        if probe is not None:
            return _probe_answer(probe, environ, start_response)
        call = Call(environ.get("HTTP_X_CALL_ID"))
        if not self._limiter.enter():
            reply = error_response(
                503, "this replica has all the calls it may run", call.id, Retry_After="1"
            )
            return _send(reply, environ, start_response)
        environ["wsgi.errors"] = sys.stderr
        return _WsgiCall(call, self._limiter, environ, start_response).begin(self._application)


def _probe_answer(
    probe: tuple[int, str], environ: Environ, start_response: StartResponse
) -> Iterable[bytes]:
    status, word = probe
    return _send(to_response((word + "\n", status)), environ, start_response)


class _WsgiCall:
    """One call: the application is called, iterated and closed in one thread."""

    def __init__(
        self, call: Call, limiter: CallLimiter, environ: Environ, start_response: StartResponse
    ) -> None:
        self._call = call
        self._limiter = limiter
        self._environ = environ
        self._start_response = start_response
        self._watched = Watched(limiter)
        self._body: Any = ()
        self._next: Callable[[], bytes] = iter(()).__next__
        self._sent = False
        self._ended = False
        current.set(call)

    def begin(self, application: Application) -> Iterable[bytes]:
        """Run the application up to its response; return the iterable for the server."""
        try:
            with self._watched:
                self._body = application(self._environ, self._start_response)
                whole = isinstance(self._body, list | tuple | self._environ["wsgi.file_wrapper"])
                if not whole:
                    self._next = iter(self._body).__next__
        except BaseException as error:  # noqa: BLE001 user code may raise anything
            return self._fail(error)
        if whole:
            self._end()
            return self._body  # type: ignore[no-any-return]
        return self

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            with self._watched:
                part = self._next()
        except StopIteration:
            raise
        except BaseException as error:  # noqa: BLE001 user code may raise anything
            if self._sent:
                self._log(error)
                # The server then closes the connection, so the client sees an incomplete body.
                raise BrokenPipeError(errno.EPIPE, "the response was cut short") from None
            [part] = self._fail(error)
            self._next = iter(()).__next__
        self._sent = True
        return part

    def close(self) -> None:
        """Close the application's iterable (PEP 3333), and end the call."""
        close = getattr(self._body, "close", None)
        try:
            if close is not None:
                with self._watched:
                    close()
        except BaseException as error:  # noqa: BLE001 user code may raise anything
            self._log(error)
        finally:
            self._end()

    def _fail(self, error: BaseException) -> list[bytes]:
        """Return the response to an exception that came before any byte of the body."""
        reply = self._reply_to(error)
        self._start_response(reply.status_line, reply.headers, sys.exc_info())
        self._end()
        return [reply.body] if isinstance(reply.body, bytes) else []

    def _reply_to(self, error: BaseException) -> HandlerResponse:
        if isinstance(error, BadRequestError):
            return error_response(400, str(error), self._call.id)
        self._log(error)
        if isinstance(error, CallTimeout):
            message = f"the call took longer than its timeout of {self._limiter.timeout:g} s"
            return error_response(504, message, self._call.id)
        return error_response(
            500, "the function raised an error; its log has the traceback", self._call.id
        )

    def _log(self, error: BaseException) -> None:
        if isinstance(error, CallTimeout):
            sys.stderr.write(
                f"plat: the call was stopped after {self._limiter.timeout:g} s, here:\n"
            )
        sys.stderr.write(user_traceback(error))

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            self._limiter.leave(self._watched)
            end_call(self._call)
            current.set(None)
