"""The request and response of a function call, read and written in chunks."""

from __future__ import annotations

import base64
import http.client
import json
import mimetypes
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from plat_core.errors import InvalidInput
from plat_core.model.refs import FunctionRef

from plat_cli.client import Body

CHUNK_BYTES = 64 * 1024
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Payload:
    """The body of a request, its media type, and its length if known."""

    body: Body = None
    media_type: str = ""
    length: int | None = None


def read_payload(data: str | None, file: Path | None) -> Payload:
    """Return the body of `-d DATA`, `-d @file`, `-d -` or `-f FILE`. Raises InvalidInput."""
    if data is not None and file is not None:
        raise InvalidInput("--data and --file cannot be combined", field="--data")
    if file is None and data is not None and data.startswith("@"):
        file = Path(data[1:])
    if file is not None:
        return _of_file(file)
    if data == "-":
        return Payload(_chunks(sys.stdin.buffer), "application/octet-stream")
    if data is None:
        return Payload()
    return Payload(data.encode(), _type_of_text(data), len(data.encode()))


def parse_headers(lines: Sequence[str]) -> dict[str, str]:
    """Parse `Name: value` headers. Raises InvalidInput."""
    found = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise InvalidInput(f"invalid header {line!r}", fix='-H "Name: value"', field="--header")
        if any(c in line for c in "\r\n\0"):
            raise InvalidInput("a header must not contain line breaks", field="--header")
        found[name.strip()] = value.strip()
    return found


def request_target(ref: FunctionRef, path: str, below: str = "/function") -> str:
    """Return the request target on the gateway, with invalid characters escaped."""
    tail = path if path.startswith(("/", "?")) or not path else f"/{path}"
    return f"{below}/{ref.segment}" + quote(tail, safe="/?&=%:@!$'()*+,;-._~[]")


def copy_body(response: http.client.HTTPResponse, into: BinaryIO) -> bytes:
    """Write the body as it arrives. Return its last byte, to detect a missing newline."""
    last = b""
    while chunk := response.read1(CHUNK_BYTES):
        into.write(chunk)
        into.flush()
        last = chunk[-1:]
    return last


def format_head(response: http.client.HTTPResponse) -> str:
    """Format the status line and the headers."""
    lines = [f"HTTP/{response.version / 10:.1f} {response.status} {response.reason}".rstrip()]
    return "\n".join(
        [*lines, *(f"{name}: {value}" for name, value in response.getheaders()), "", ""]
    )


def body_document(content: bytes) -> dict[str, Any]:
    """Return the JSON fields that describe a body."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"bodyBase64": base64.b64encode(content).decode()}
    try:
        return {"body": text, "json": json.loads(text)}
    except (ValueError, RecursionError):
        return {"body": text}


def _of_file(file: Path) -> Payload:
    try:
        stream = file.open("rb")
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}", field="--file") from error
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Payload(_chunks(stream), media_type, file.stat().st_size if file.is_file() else None)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while chunk := stream.read(CHUNK_BYTES):
            yield chunk


def _type_of_text(data: str) -> str:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return TEXT
    return "application/json"
