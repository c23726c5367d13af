"""JSON documents and media types of requests and responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from plat_core.errors import InvalidInput, NotAcceptable, TooLarge, UnsupportedMediaType
from plat_core.model import strictjson
from plat_core.model.base import Model
from plat_core.model.validation import validate
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

M = TypeVar("M", bound=BaseModel)

JSON = "application/json"
NDJSON = "application/x-ndjson"
TEXT = "text/plain"


async def read_json(request: Request, model: type[M], *, max_bytes: int) -> M:
    """Read the body as `model`.

    Raise UnsupportedMediaType, TooLarge, Malformed or InvalidInput.
    """
    given = media_type(request)
    if given != JSON and not given.endswith("+json"):
        raise UnsupportedMediaType(
            f"the body is {given or 'of unknown type'}, but this path reads {JSON}",
            fix=f"send the header 'Content-Type: {JSON}'",
        )
    document = strictjson.loads(await read_body(request, max_bytes), max_bytes=max_bytes)
    if not isinstance(document, dict):
        raise InvalidInput("the body must be one JSON object: {...}")
    return validate(model, document)


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Read the whole body; raise TooLarge over the limit, without reading the rest."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise TooLarge(f"the body has more than {max_bytes} bytes")
    return bytes(body)


def json_response(
    model: Model, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a document as a JSON response."""
    return Response(json_line(model), status, headers, media_type=JSON)


def json_line(model: Model) -> bytes:
    """Return a document as one line of JSON: camelCase keys, without fields that are None."""
    return model.model_dump_json(by_alias=True, exclude_none=True).encode()


def media_type(request: Request) -> str:
    """Return the media type of the body in lower case, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def negotiate(request: Request, offers: Sequence[str]) -> str:
    """Return the media type that the client prefers (RFC 9110, section 12.5.1).

    The first offer wins a tie. Raise NotAcceptable if the client accepts none.
    """
    header = ",".join(request.headers.getlist("accept")) or "*/*"
    ranges = [_media_range(part) for part in header.split(",") if part.strip()]
    best = max(offers, key=lambda offer: _quality(offer, ranges))
    if _quality(best, ranges) <= 0:
        raise NotAcceptable(
            f"this path responds with {' or '.join(offers)}", fix=f"send 'Accept: {offers[0]}'"
        )
    return best


def _media_range(part: str) -> tuple[str, float]:
    pattern, *parameters = (item.strip() for item in part.lower().split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return pattern, min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return pattern, 0.0
    return pattern, 1.0


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """Return the weight of the most specific range that matches the offer, or 0."""
    for candidate in (offer, offer.partition("/")[0] + "/*", "*/*"):
        found = [quality for pattern, quality in ranges if pattern == candidate]
        if found:
            return max(found)
    return 0.0
