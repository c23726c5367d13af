"""Requests to `/build`: the upload in a request body, and the result as a response.

The gateway and the builder serve the same `/build` with these parts.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Final, Literal

from plat_core.errors import (
    BuildFailed,
    InvalidInput,
    Malformed,
    PlatError,
    UnsupportedMediaType,
    with_line,
)
from plat_core.model.build import BuildEvent, Failed, Finished, LogLine
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from plat_http.fixes import describe
from plat_http.json_documents import JSON, json_line, json_response, media_type
from plat_http.problem_responses import problem_response
from plat_http.problems import ProblemDetails
from plat_http.statuses import status_of

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

UploadKind = Literal["zip", "file", "source"]

UPLOAD_KINDS: Final[Mapping[str, UploadKind]] = {
    "application/zip": "zip",
    "application/x-zip-compressed": "zip",
    "text/x-python": "file",
    "text/x-python-script": "file",
    JSON: "source",
}
FORM: Final = "multipart/form-data"
LOG_TAIL: Final = 50
"""Number of log lines in the response to a failed build."""
CHUNK_BYTES: Final = 64 * 1024


class Upload:
    """The body of a build request, read in chunks; `received` is set once it is complete."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self.received = asyncio.Event()

    async def open(self) -> tuple[AsyncIterator[bytes], UploadKind]:
        """Return the content and its kind.

        Raise UnsupportedMediaType, Malformed or InvalidInput.
        """
        given = media_type(self._request)
        if given == FORM:
            file = await self._form_file()
            kind: UploadKind = "file" if (file.filename or "").endswith(".py") else "zip"
            return _read_file(file), kind
        if given not in UPLOAD_KINDS:
            raise UnsupportedMediaType(
                f"a build takes {', '.join(UPLOAD_KINDS)} or {FORM}, not {given or 'nothing'}",
                fix="curl -H 'Content-Type: application/zip' --data-binary @function.zip …",
            )
        return self._chunks(), UPLOAD_KINDS[given]

    async def _chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._request.stream():
                if chunk:
                    yield chunk
        except ClientDisconnect:
            raise Malformed("the upload is incomplete", fix="send it again") from None
        self.received.set()

    async def _form_file(self) -> UploadFile:
        try:
            form = await self._request.form(max_files=1, max_fields=1)
        except MultiPartException as error:
            raise Malformed(f"invalid form: {error.message}") from None
        self.received.set()
        file = form.get("file")
        if file is None or isinstance(file, str) or len(form) != 1:
            await form.close()
            raise InvalidInput(
                "the form must have exactly one field: file, with the zip or the .py file",
                fix="curl -F file=@function.zip …",
                field="file",
            )
        return file


async def _read_file(file: UploadFile) -> AsyncIterator[bytes]:
    try:
        while chunk := await file.read(CHUNK_BYTES):
            yield chunk
    finally:
        await file.close()


async def first_event(events: AsyncIterator[BuildEvent]) -> BuildEvent:
    """Return the first event; raise BuildFailed if there is none."""
    async for event in events:
        return event
    raise _no_result()


async def build_response(events: AsyncGenerator[BuildEvent, None], call_id: str) -> Response:
    """Return the artifact, or a problem with the end of the log."""
    tail: deque[str] = deque(maxlen=LOG_TAIL)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finished):
                return json_response(event)
            if isinstance(event, Failed):
                return failed_response(event, call_id, tail)
            if isinstance(event, LogLine):
                tail.append(event.text)
    raise _no_result()


def failed_response(event: Failed, call_id: str, log: Sequence[str] | deque[str] = ()) -> Response:
    """Return the problem of a failed build."""
    details = ProblemDetails(
        # an unknown code comes from a newer builder; it concerns the source
        status_of(event.code, default=422),
        event.code,
        with_line(event.message, event.line),
        fix=event.fix,
        log="\n".join(log),
    )
    return problem_response(details, call_id)


async def event_lines(
    first: BuildEvent, events: AsyncGenerator[BuildEvent, None]
) -> AsyncGenerator[bytes, None]:
    """Yield one line of JSON for each event; an error becomes the last event."""
    async with aclosing(events):
        yield json_line(first) + b"\n"
        try:
            async for event in events:
                yield json_line(event) + b"\n"
        except PlatError as error:
            failed = Failed(code=error.code, message=error.message, fix=describe(error.fix))
            yield json_line(failed) + b"\n"


def _no_result() -> BuildFailed:
    return BuildFailed("the build ended without a result", fix="build it again")
