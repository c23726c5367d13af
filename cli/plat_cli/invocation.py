"""A call of a function: what is sent, and how its answer goes out, piece by piece."""

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

PIECE = 64 * 1024
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Payload:
    """A request's body, its media type, and its length where that is known beforehand."""

    body: Body = None
    media_type: str = ""
    length: int | None = None


def read_payload(data: str | None, file: Path | None) -> Payload:
    """The body of `-d DATA`, `-d @file`, `-d -` or `-f FILE`; raises InvalidInput."""
    if data is not None and file is not None:
        raise InvalidInput("either --data or --file, not both", field="--data")
    if file is None and data is not None and data.startswith("@"):
        file = Path(data[1:])
    if file is not None:
        return _of_file(file)
    if data == "-":
        return Payload(_pieces(sys.stdin.buffer), "application/octet-stream")
    if data is None:
        return Payload()
    return Payload(data.encode(), _type_of_text(data), len(data.encode()))


def parse_headers(lines: Sequence[str]) -> dict[str, str]:
    """Headers given as `Name: value`; raises InvalidInput."""
    found = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise InvalidInput(
                f"the header {line!r} has no colon", fix='-H "Name: value"', field="--header"
            )
        if any(c in line for c in "\r\n\0"):
            raise InvalidInput("a header is one line", field="--header")
        found[name.strip()] = value.strip()
    return found


def request_target(ref: FunctionRef, path: str, below: str = "/function") -> str:
    """The request's target below the gateway; what is not allowed in a URL is escaped."""
    tail = path if path.startswith(("/", "?")) or not path else f"/{path}"
    return f"{below}/{ref.segment}" + quote(tail, safe="/?&=%:@!$'()*+,;-._~[]")


def copy_body(answer: http.client.HTTPResponse, into: BinaryIO) -> bytes:
    """Write the body as it comes; returns its last byte, to see whether a line is open."""
    last = b""
    while piece := answer.read1(PIECE):
        into.write(piece)
        into.flush()
        last = piece[-1:]
    return last


def format_head(answer: http.client.HTTPResponse) -> str:
    """The status line and the headers, as HTTP writes them."""
    lines = [f"HTTP/{answer.version / 10:.1f} {answer.status} {answer.reason}".rstrip()]
    return "\n".join([*lines, *(f"{name}: {value}" for name, value in answer.getheaders()), "", ""])


def body_document(content: bytes) -> dict[str, Any]:
    """A body as a part of a JSON document."""
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
    return Payload(_pieces(stream), media_type, file.stat().st_size if file.is_file() else None)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    with stream:
        while piece := stream.read(PIECE):
            yield piece


def _type_of_text(data: str) -> str:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return TEXT
    return "application/json"
