"""The HTTP API: a search over functions, and single functions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from plat_core.errors import FunctionNotFound, InvalidInput, Unavailable
from plat_core.fix import Fix
from plat_core.model.base import Model
from plat_core.model.names import DEFAULT_NAMESPACE, FunctionRef, Name
from plat_core.services.tokens import TokenGuard
from plat_http.applications import PUBLIC, create_application
from plat_http.auth import AuthMiddleware
from plat_http.health import Health, ReadinessView, readiness_response
from plat_http.json_documents import json_response
from plat_http.openapi import problems
from plat_http.parameters import Ref
from plat_http.request_ids import RequestIdMiddleware
from pydantic import Field
from starlette.responses import Response

from plat_metadata import search
from plat_metadata.catalogue import Catalogue
from plat_metadata.entries import Entry
from plat_metadata.settings import MetadataSettings

DESCRIPTION = (
    "Functions with their name, endpoint, runtime, schemas, labels and revisions. The data is "
    "cached from the function controller. While the controller is unavailable, `asOf` is the time "
    "of the cached data and `stale` the reason."
)
LIMIT = 1000

router = APIRouter()


class EntryList(Model):
    """Matching functions, ordered by name."""

    items: tuple[Entry, ...]
    next: Annotated[str | None, Field(description="`cursor` of the next page.")] = None
    as_of: datetime
    stale: Annotated[str, Field(description="Why the data may be out of date.")] = ""


class EntryView(Entry):
    """A function, and the age of the data."""

    as_of: datetime
    stale: str = ""


async def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


CatalogueParam = Annotated[Catalogue, Depends(_catalogue)]
Label = Annotated[str, Field(min_length=1, max_length=700)]


@router.get("/functions", response_model=EntryList, responses=problems(422))
async def find_functions(
    catalogue: CatalogueParam,
    q: Annotated[str, Query(description="Words that must all match.", max_length=400)] = "",
    label: Annotated[
        list[Label] | None,
        Query(description="`key=value` or `key`; all match.", max_length=20),
    ] = None,
    runtime: Annotated[str | None, Query(max_length=63)] = None,
    namespace: Name | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of a page.", max_length=127)] = None,
) -> Response:
    """Find functions by words, labels, runtime and namespace."""
    page = search.search(
        catalogue.entries.values(),
        search.SearchQuery(q, tuple(label or ()), runtime, namespace, limit, _after(cursor)),
    )
    following = f"{page.next.namespace}/{page.next.name}" if page.next else None
    return json_response(
        EntryList(
            items=page.entries, next=following, as_of=_as_of(catalogue), stale=catalogue.error
        )
    )


@router.get("/functions/{name}", response_model=EntryView, responses=problems(404, 422))
async def get_function(ref: Ref, catalogue: CatalogueParam) -> Response:
    """Read one function."""
    as_of = _as_of(catalogue)
    entry = catalogue.entries.get(ref)
    if entry is None:
        raise FunctionNotFound(f"function {ref} does not exist", fix=Fix("list-functions"))
    fields = {name: getattr(entry, name) for name in Entry.model_fields}
    return json_response(EntryView(**fields, as_of=as_of, stale=catalogue.error))


@router.get("/healthz", response_model=Health)
async def get_health() -> Response:
    """Report that the process is alive."""
    return json_response(Health())


@router.get(
    "/readyz",
    response_model=ReadinessView,
    responses={503: {"model": ReadinessView, "description": "Not ready; `reasons` explains why."}},
)
async def get_readiness(catalogue: CatalogueParam) -> Response:
    """Report whether the functions have been listed once."""
    return readiness_response({} if catalogue.as_of else {"controller": catalogue.error})


def create_app(catalogue: Catalogue, guard: TokenGuard, settings: MetadataSettings) -> FastAPI:
    """Return the application over a catalogue, which the caller runs."""
    app = create_application(
        title="plat metadata",
        summary="The functions of the platform",
        description=DESCRIPTION,
        routers=[router],
    )
    app.state.catalogue = catalogue
    app.add_middleware(AuthMiddleware, guard=guard, public=PUBLIC, trusted=settings.trusted_proxies)
    app.add_middleware(RequestIdMiddleware)
    return app


def _as_of(catalogue: Catalogue) -> datetime:
    if catalogue.as_of is None:
        raise Unavailable(catalogue.error, fix=Fix("check-controller"))
    return catalogue.as_of


def _after(cursor: str | None) -> FunctionRef | None:
    if cursor is None:
        return None
    namespace, slash, name = cursor.partition("/")
    if not slash:
        raise InvalidInput("invalid cursor: use `next` of a page", field="cursor", fix="omit it")
    return FunctionRef(name, namespace or DEFAULT_NAMESPACE)
