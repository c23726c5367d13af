"""The REST API: one list that is searched, and one function."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from plat_core.errors import FunctionNotFound, InvalidInput, Unavailable
from plat_core.fix import Fix
from plat_core.model.base import Model
from plat_core.model.names import DEFAULT_NAMESPACE, FunctionRef, Name
from plat_core.services.tokens import TokenGuard
from plat_gateway import openapi
from plat_gateway import problems as problem_documents
from plat_gateway.auth.layer import TokenLayer
from plat_gateway.edge import Edge
from plat_gateway.openapi import problems
from plat_gateway.routes.documents import Health, ReadinessView, answer
from plat_gateway.routes.inputs import Ref
from pydantic import Field
from starlette.responses import Response

from plat_metadata import search
from plat_metadata.catalogue import Catalogue
from plat_metadata.entries import Entry
from plat_metadata.settings import MetadataSettings

DESCRIPTION = (
    "What functions there are: name, endpoint, runtime, schemas, labels and revisions. It is "
    "read from the function controller; while that is away, answers come from what was last "
    "heard, `asOf` says when, and `stale` why."
)
LIMIT = 1000

router = APIRouter()


class EntryList(Model):
    """What was found, by name."""

    items: tuple[Entry, ...]
    next: Annotated[str | None, Field(description="`cursor` of the next page.")] = None
    as_of: datetime
    stale: Annotated[str, Field(description="Why it may be out of date; empty: it is not.")] = ""


class EntryView(Entry):
    """A function, and how old this knowledge is."""

    as_of: datetime
    stale: str = ""


async def _catalogue(request: Request) -> Catalogue:
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue


Known = Annotated[Catalogue, Depends(_catalogue)]
Label = Annotated[str, Field(min_length=1, max_length=700)]


@router.get("/functions", response_model=EntryList, responses=problems(422))
async def find_functions(
    catalogue: Known,
    q: Annotated[str, Query(description="Words, all of them.", max_length=400)] = "",
    label: Annotated[
        list[Label] | None, Query(description="`key=value`, or `key`; all of them.", max_length=20)
    ] = None,
    runtime: Annotated[str | None, Query(max_length=63)] = None,
    namespace: Name | None = None,
    limit: Annotated[int, Query(ge=1, le=LIMIT)] = 100,
    cursor: Annotated[str | None, Query(description="`next` of a page.", max_length=127)] = None,
) -> Response:
    """Find functions by words, labels, runtime and namespace."""
    page = search.search(
        catalogue.entries.values(),
        search.Query(q, tuple(label or ()), runtime, namespace, limit, _after(cursor)),
    )
    following = f"{page.next.namespace}/{page.next.name}" if page.next else None
    return answer(
        EntryList(
            items=page.entries, next=following, as_of=_as_of(catalogue), stale=catalogue.trouble
        )
    )


@router.get("/functions/{name}", response_model=EntryView, responses=problems(404, 422))
async def get_function(ref: Ref, catalogue: Known) -> Response:
    """Tell what is known of one function."""
    as_of = _as_of(catalogue)
    entry = catalogue.entries.get(ref)
    if entry is None:
        raise FunctionNotFound(f"there is no function {ref}", fix=Fix("list-functions"))
    fields = {name: getattr(entry, name) for name in Entry.model_fields}
    return answer(EntryView(**fields, as_of=as_of, stale=catalogue.trouble))


@router.get("/healthz", response_model=Health)
async def get_health() -> Response:
    """Tell that the process is alive."""
    return answer(Health())


@router.get(
    "/readyz",
    response_model=ReadinessView,
    responses={503: {"model": ReadinessView, "description": "Not yet; `reasons` says why."}},
)
async def get_readiness(catalogue: Known) -> Response:
    """Tell whether there is anything to answer with."""
    if catalogue.as_of is None:
        reasons = {"controller": catalogue.trouble}
        return answer(ReadinessView(status="starting", reasons=reasons), 503)
    return answer(ReadinessView(status="ready"))


def create_app(catalogue: Catalogue, guard: TokenGuard, settings: MetadataSettings) -> FastAPI:
    """The application over a catalogue that somebody keeps up to date."""
    app = FastAPI(
        title="plat metadata",
        version=version("plat-faas"),
        summary="What functions there are",
        description=DESCRIPTION,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    app.include_router(router)
    app.state.catalogue = catalogue
    app.state.settings = settings
    app.state.routes = list(router.routes)
    problem_documents.install(app)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    app.add_middleware(TokenLayer, guard=guard, trusted=settings.trusted_proxies)
    app.add_middleware(Edge)
    return app


def _as_of(catalogue: Catalogue) -> datetime:
    if catalogue.as_of is None:
        raise Unavailable(catalogue.trouble, fix=Fix("check-controller"))
    return catalogue.as_of


def _after(cursor: str | None) -> FunctionRef | None:
    if cursor is None:
        return None
    namespace, slash, name = cursor.partition("/")
    if not slash:
        raise InvalidInput("it is none that a page gave", field="cursor", fix="leave it out")
    return FunctionRef(name, namespace or DEFAULT_NAMESPACE)
