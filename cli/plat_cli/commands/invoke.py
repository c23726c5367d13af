"""`plat invoke`: call a function and print its response unchanged."""

from __future__ import annotations

import http.client
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from plat_core.errors import InvalidInput, TooLarge

from plat_cli import invocation
from plat_cli.client import (
    MAX_PROBLEM_BYTES,
    MAX_RESPONSE_BYTES,
    parse,
    raise_for_problem,
    unreachable,
)
from plat_cli.command import Session, command
from plat_cli.errors import ExitCode

app = typer.Typer(add_completion=False)

CALL_TIMEOUT = 3700.0
"""Longer than the maximum timeout of a function, so that the platform ends a call first."""


@command(
    app,
    shows=(
        "plat invoke hello",
        "plat invoke hello --path '/?name=Ada'",
        "plat invoke hello -d '{\"numbers\": [1, 2]}' -i",
        "plat invoke thumbnails -f cat.jpg -o small.jpg",
        "cat data.csv | plat invoke stats -d - -H 'Content-Type: text/csv'",
        "plat invoke report -d @june.json --async",
    ),
)
def invoke(
    session: Session,
    name: Annotated[str, typer.Argument(help="Name of the function.")],
    data: Annotated[
        str | None, typer.Option("--data", "-d", metavar="TEXT|@FILE|-", help="Request body.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="Send a file; its name sets the content type."),
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option(
            "--header", "-H", metavar="NAME: VALUE", help="Request header; can be repeated."
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option("--method", "-X", help="HTTP method (default GET, or POST with a body)."),
    ] = None,
    path: Annotated[
        str, typer.Option(metavar="/PATH?QUERY", help="Path and query below the function.")
    ] = "",
    include: Annotated[
        bool, typer.Option("--include", "-i", help="Also print the status and headers.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the body to this file.")
    ] = None,
    queued: Annotated[
        bool, typer.Option("--async", help="Do not wait; print the id of the call for plat calls.")
    ] = False,
) -> int:
    """Call a function and stream its response to stdout.

    Exits with 22 if the function responds with status 400 or above.
    """
    if queued and (include or output):
        raise InvalidInput(
            "--include and --output need a response, and --async does not wait for one",
            fix="plat calls result ID --wait",
        )
    ref = session.ref(name)
    sent = invocation.read_payload(data, file)
    headers = {"Content-Type": sent.media_type} if sent.media_type else {}
    headers |= {} if sent.length is None else {"Content-Length": str(sent.length)}
    given = invocation.parse_headers(header or [])
    headers = {k: v for k, v in headers.items() if k.lower() not in {g.lower() for g in given}}
    started = time.monotonic()
    response = session.client.send(
        (method or ("GET" if sent.body is None else "POST")).upper(),
        invocation.request_target(ref, path, "/async-function" if queued else "/function"),
        body=sent.body,
        headers=headers | given,
        timeout=CALL_TIMEOUT,
    )
    if response.getheader("X-Plat-Answer"):
        raise_for_problem(response)
    if queued:
        return _accepted(session, response)
    try:
        _show(session, response, started, include=include, output=output)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise unreachable(session.client.url, error) from error
    if response.status < 400:
        return ExitCode.OK
    call_id = response.getheader("X-Call-Id", "")
    session.out.note(f"{name} responded with {response.status}; plat logs {name} --call {call_id}")
    return ExitCode.FUNCTION_ERROR


def _accepted(session: Session, response: http.client.HTTPResponse) -> int:
    document = parse(response.read(MAX_PROBLEM_BYTES), session.client.url)
    session.out.document(document)
    session.out.result(document["id"])
    session.out.note(f"next:  plat calls result {document['id']} --wait")
    return ExitCode.OK


def _show(
    session: Session,
    response: http.client.HTTPResponse,
    started: float,
    *,
    include: bool,
    output: Path | None,
) -> None:
    if session.out.as_json:
        session.out.document(_document(response, started))
        return
    stdout = sys.stdout.buffer
    if include:
        stdout.write(invocation.format_head(response).encode())
    if output:
        with output.open("wb") as stream:
            invocation.copy_body(response, stream)
    elif invocation.copy_body(response, stdout) not in (b"", b"\n") and sys.stdout.isatty():
        stdout.write(b"\n")
    stdout.flush()


def _document(response: http.client.HTTPResponse, started: float) -> dict[str, Any]:
    content = response.read(MAX_RESPONSE_BYTES + 1)
    if len(content) > MAX_RESPONSE_BYTES:
        raise TooLarge(
            f"the response has more than {MAX_RESPONSE_BYTES} bytes", fix="leave out --json"
        )
    return {
        "status": response.status,
        "headers": [[name, value] for name, value in response.getheaders()],
        "callId": response.getheader("X-Call-Id"),
        "seconds": round(time.monotonic() - started, 4),
        **invocation.body_document(content),
    }
