"""Logs of functions, as lines of JSON or as plain text."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Query, Request
from plat_core.ports import LogQuery, LogRecord
from plat_http.json_documents import NDJSON, TEXT, json_line, negotiate
from plat_http.openapi import problems
from plat_http.parameters import Ref
from plat_http.streams import LiveResponse
from starlette.responses import Response

from plat_gateway.routes.documents import LogLineView
from plat_gateway.routes.inputs import ServicesParam, Settings

router = APIRouter(tags=["functions"])

TAIL_MAX = 10_000


@router.get(
    "/functions/{name}/logs",
    response_class=Response,
    responses={
        200: {
            "description": "Log lines in order of time: a JSON object each, or plain text.",
            "content": {
                NDJSON: {"schema": {"type": "string"}},
                TEXT: {"schema": {"type": "string"}},
            },
        },
        **problems(404, 406, 422),
    },
)
async def read_logs(
    request: Request,
    ref: Ref,
    services: ServicesParam,
    settings: Settings,
    tail: Annotated[int, Query(ge=0, le=TAIL_MAX, description="Number of last lines.")] = 100,
    follow: Annotated[bool, Query(description="Keep sending new lines.")] = False,
    call: Annotated[
        str | None, Query(max_length=128, description="Lines of the call with this id only.")
    ] = None,
    replica: Annotated[
        str | None, Query(max_length=128, description="Lines of this replica only.")
    ] = None,
) -> Response:
    """Read the logs of all replicas of a function, including stopped ones.

    While following, empty lines are sent as heartbeats.
    """
    media_type = negotiate(request, [NDJSON, TEXT])
    await services.functions.record(ref)
    records = services.logs.read(ref, LogQuery(tail, follow, call, replica))
    chunks = _lines(records, plain=media_type == TEXT)
    return LiveResponse(
        chunks,
        media_type,
        heartbeat=b"\n",
        lifetime=settings.stream_limit,
        closing=services.closing,
    )


async def _lines(
    records: AsyncGenerator[LogRecord, None], *, plain: bool
) -> AsyncGenerator[bytes, None]:
    async with aclosing(records):
        async for record in records:
            yield _plain(record) if plain else _json(record)


def _plain(record: LogRecord) -> bytes:
    return record.text.encode("utf-8", "replace") + b"\n"


def _json(record: LogRecord) -> bytes:
    view = LogLineView(
        time=record.time,
        replica=record.replica,
        revision=record.revision,
        stream=record.stream,
        text=record.text,
        call_id=record.call_id,
    )
    return json_line(view) + b"\n"
