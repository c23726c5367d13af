"""How routes read what comes from outside: references, JSON bodies, accepted media types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import Depends, Path, Query
from plat_core.errors import InvalidInput
from plat_core.model import strictjson
from plat_core.model.names import DEFAULT_NAMESPACE, FunctionRef, Name
from plat_core.model.quantities import duration_seconds
from plat_core.model.validation import validate
from pydantic import BaseModel
from starlette.requests import Request

from plat_gateway.problems import NotAcceptable, UnsupportedMediaType
from plat_gateway.settings import GatewaySettings

M = TypeVar("M", bound=BaseModel)

JSON = "application/json"
NDJSON = "application/x-ndjson"
TEXT = "text/plain"

Namespace = Annotated[Name, Query(description="The namespace.")]


async def _ref(
    name: Annotated[Name, Path(description="The function's name.", examples=["orders"])],
    namespace: Namespace = DEFAULT_NAMESPACE,
) -> FunctionRef:
    return FunctionRef(name, namespace)


async def settings_of(request: Request) -> GatewaySettings:
    """The settings of the application that got this request."""
    settings: GatewaySettings = request.app.state.settings
    return settings


Ref = Annotated[FunctionRef, Depends(_ref)]
Settings = Annotated[GatewaySettings, Depends(settings_of)]


async def read_json(request: Request, model: type[M]) -> M:
    """The body as `model`.

    Raises UnsupportedMediaType, TooLarge, Malformed, InvalidInput.
    """
    given = media_type(request)
    if given != JSON and not given.endswith("+json"):
        raise UnsupportedMediaType(
            f"the body is {given or 'of no type'}, and this path reads {JSON}",
            fix=f"send the header 'Content-Type: {JSON}'",
        )
    settings: GatewaySettings = request.app.state.settings
    document = strictjson.loads(await request.body(), max_bytes=settings.json_limit)
    if not isinstance(document, dict):
        raise InvalidInput("the body is one JSON object: {...}")
    return validate(model, document)


def media_type(request: Request) -> str:
    """The media type of the body, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def accepted(request: Request, offers: Sequence[str]) -> str:
    """The offer that the caller likes best, the first of equals; raises NotAcceptable.

    Source: RFC 9110, section 12.5.1.
    """
    header = ",".join(request.headers.getlist("accept")) or "*/*"
    ranges = [_range(part) for part in header.split(",") if part.strip()]
    best = max(offers, key=lambda offer: _quality(offer, ranges))
    if _quality(best, ranges) <= 0:
        raise NotAcceptable(
            f"this path answers {' or '.join(offers)}", fix=f"send 'Accept: {offers[0]}'"
        )
    return best


def _range(part: str) -> tuple[str, float]:
    pattern, *parameters = (item.strip() for item in part.lower().split(";"))
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return pattern, min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return pattern, 0.0
    return pattern, 1.0


def _quality(offer: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The weight of the most specific range that the offer is in; 0 where it is in none."""
    for candidate in (offer, offer.partition("/")[0] + "/*", "*/*"):
        found = [quality for pattern, quality in ranges if pattern == candidate]
        if found:
            return max(found)
    return 0.0


def seconds(value: str, *, field: str, limit: float) -> float:
    """A duration in a parameter, cut off at `limit`; raises InvalidInput."""
    try:
        return min(duration_seconds(value), limit)
    except ValueError as error:
        raise InvalidInput(str(error), field=field) from None
