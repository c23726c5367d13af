"""Convert the return value of a handler into status, headers and body."""

import json
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

Body = bytes | Iterable[Any] | AsyncIterable[Any]
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"
BYTES = "application/octet-stream"


class HandlerResponse(NamedTuple):
    """A status, header fields, and a body that is bytes or a stream of str and bytes."""

    status: int
    headers: list[tuple[str, str]]
    body: Body

    @property
    def status_line(self) -> str:
        """The status with its reason, as in WSGI."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"{self.status} Unknown"


def to_response(value: Any) -> HandlerResponse:
    """Return the response for a handler's return value; raise TypeError for an unknown type.

    ``(body, status)``, ``(body, headers)`` and ``(body, status, headers)`` are read as in Flask.
    None is an empty 204.
    """
    status, extra = 0, list[tuple[str, str]]()
    if isinstance(value, tuple):
        value, status, extra = _unpack(value)
    body, kind = _encode(value)
    if not status:
        status = 204 if value is None else 200
    headers = list(extra)
    names = {name.lower() for name, _ in headers}
    if "content-type" not in names and kind and not _bodiless(status):
        headers.append(("Content-Type", kind))
    if isinstance(body, bytes) and "content-length" not in names and not _bodiless(status):
        headers.append(("Content-Length", str(len(body))))
    return HandlerResponse(status, headers, body)


def error_response(status: int, error: str, call_id: str, **headers: str) -> HandlerResponse:
    """Return an error response of the runtime, marked by the header X-Plat-Answer."""
    body = json.dumps({"error": error, "callId": call_id}).encode() + b"\n"
    fields = {"Content-Type": JSON, "Content-Length": str(len(body)), "X-Plat-Answer": "runtime"}
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    return HandlerResponse(status, [*fields.items(), *extra.items()], body)


def _bodiless(status: int) -> bool:
    return status in (204, 304) or status < 200


def _unpack(value: tuple[Any, ...]) -> tuple[Any, int, list[tuple[str, str]]]:
    match value:
        case (body, int(status), headers):
            return body, _status(status), _fields(headers)
        case (body, int(status)):
            return body, _status(status), []
        case (body, headers):
            return body, 0, _fields(headers)
    raise TypeError(
        "a handler's tuple is (body, status), (body, headers) or (body, status, headers)"
    )


def _status(status: int) -> int:
    if not 200 <= status <= 599:
        raise TypeError(f"{status} is not a valid HTTP status for a response")
    return int(status)


def _fields(headers: Any) -> list[tuple[str, str]]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    return [(str(name), str(value)) for name, value in pairs]


def _encode(value: Any) -> tuple[Body, str]:
    """Return the body and the content type it has unless the handler names another."""
    if value is None:
        return b"", ""
    if isinstance(value, str):
        return value.encode(), TEXT
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value), BYTES
    if isinstance(value, dict | list | int | float):
        return (json.dumps(value) + "\n").encode(), JSON
    if isinstance(value, Iterator | AsyncIterable):
        return value, TEXT
    raise TypeError(
        f"a handler returns str, bytes, dict, list, a tuple, a generator or None, "
        f"not {type(value).__name__}"
    )


def chunk(part: Any) -> bytes:
    """Return one part of a streamed body as bytes."""
    if isinstance(part, str):
        return part.encode()
    if isinstance(part, bytes | bytearray | memoryview):
        return bytes(part)
    raise TypeError(f"a streamed body is made of str and bytes, not {type(part).__name__}")
