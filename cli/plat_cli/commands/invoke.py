"""`plat invoke`: call a function and pass its answer on, byte for byte."""

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
"""Longer than the longest timeout that a function may have: the platform ends a call."""


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
    name: Annotated[str, typer.Argument(help="Which function.")],
    data: Annotated[
        str | None, typer.Option("--data", "-d", metavar="TEXT|@FILE|-", help="The body.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="A file as the body, typed by its name.")
    ] = None,
    header: Annotated[
        list[str] | None,
        typer.Option("--header", "-H", metavar="NAME: VALUE", help="More than once."),
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", "-X", help="Else GET, or POST with a body.")
    ] = None,
    path: Annotated[str, typer.Option(metavar="/PATH?QUERY", help="Below the function.")] = "",
    include: Annotated[
        bool, typer.Option("--include", "-i", help="The status and headers, too.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the body to a file.")
    ] = None,
    queued: Annotated[
        bool, typer.Option("--async", help="Do not wait: print the call's id, for plat calls.")
    ] = False,
) -> int:
    """Call a function, and print its answer as it comes.

    Exits with 22 where the function answers with status 400 or above.
    """
    if queued and (include or output):
        raise InvalidInput("there is no answer yet to show", fix="plat calls result ID --wait")
    ref = session.ref(name)
    sent = invocation.read_payload(data, file)
    headers = {"Content-Type": sent.media_type} if sent.media_type else {}
    headers |= {} if sent.length is None else {"Content-Length": str(sent.length)}
    given = invocation.parse_headers(header or [])
    headers = {k: v for k, v in headers.items() if k.lower() not in {g.lower() for g in given}}
    started = time.monotonic()
    answer = session.client.send(
        (method or ("GET" if sent.body is None else "POST")).upper(),
        invocation.request_target(ref, path, "/async-function" if queued else "/function"),
        body=sent.body,
        headers=headers | given,
        timeout=CALL_TIMEOUT,
    )
    if answer.getheader("X-Plat-Answer"):
        raise_for_problem(answer)
    if queued:
        return _accepted(session, answer)
    try:
        _show(session, answer, started, include=include, output=output)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise unreachable(session.client.url, error) from error
    if answer.status < 400:
        return ExitCode.OK
    call_id = answer.getheader("X-Call-Id", "")
    session.out.note(f"{name} answered {answer.status}; plat logs {name} --call {call_id}")
    return ExitCode.FUNCTION_ERROR


def _accepted(session: Session, answer: http.client.HTTPResponse) -> int:
    document = parse(answer.read(MAX_PROBLEM_BYTES), session.client.url)
    session.out.document(document)
    session.out.result(document["id"])
    session.out.note(f"next:  plat calls result {document['id']} --wait")
    return ExitCode.OK


def _show(
    session: Session,
    answer: http.client.HTTPResponse,
    started: float,
    *,
    include: bool,
    output: Path | None,
) -> None:
    if session.out.as_json:
        session.out.document(_document(answer, started))
        return
    stdout = sys.stdout.buffer
    if include:
        stdout.write(invocation.format_head(answer).encode())
    if output:
        with output.open("wb") as stream:
            invocation.copy_body(answer, stream)
    elif invocation.copy_body(answer, stdout) not in (b"", b"\n") and sys.stdout.isatty():
        stdout.write(b"\n")
    stdout.flush()


def _document(answer: http.client.HTTPResponse, started: float) -> dict[str, Any]:
    content = answer.read(MAX_RESPONSE_BYTES + 1)
    if len(content) > MAX_RESPONSE_BYTES:
        raise TooLarge(
            f"the answer has more than {MAX_RESPONSE_BYTES} bytes", fix="leave out --json"
        )
    return {
        "status": answer.status,
        "headers": [[name, value] for name, value in answer.getheaders()],
        "callId": answer.getheader("X-Call-Id"),
        "seconds": round(time.monotonic() - started, 4),
        **invocation.body_document(content),
    }
