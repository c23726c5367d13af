"""`plat calls`: list, show and cancel asynchronous calls, and fetch their results."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from plat_core.errors import TooLarge

from plat_cli import invocation
from plat_cli.client import MAX_RESPONSE_BYTES, raise_for_problem
from plat_cli.command import Session, checked, command
from plat_cli.commands.list_functions import age
from plat_cli.errors import ExitCode

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Inspect asynchronous calls.",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n  plat invoke report -d @june.json --async\n\n  plat calls list",
)

WAIT = 30
"""Seconds of one long-poll request."""
Id = Annotated[
    str, typer.Argument(metavar="ID", help="Id of the call, as printed by plat invoke --async.")
]


def _states() -> list[str]:
    return ["queued", "running", "succeeded", "failed", "cancelled"]


@command(
    app,
    "list",
    shows=(
        "plat calls list",
        "plat calls list --function report --state failed",
        "plat calls list --limit 1000 --json",
    ),
)
def list_(
    session: Session,
    function: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only calls of this function.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(
            help="Only calls in this state: queued, running, succeeded, failed or cancelled.",
            autocompletion=_states,
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=1000, help="Maximum number of calls to list.")
    ] = 100,
) -> None:
    """List asynchronous calls, newest first."""
    namespace = session.settings.namespace
    query = {"limit": str(limit)} | ({"state": state} if state else {})
    if function:
        query |= {"function": checked(function), "namespace": checked(namespace)}
    elif namespace != "default":
        query["namespace"] = checked(namespace)
    response = session.client.call("GET", "/calls", query=query)
    session.out.document(response)
    if not response["items"]:
        session.out.note("no calls; type: plat invoke NAME --async")
        return
    headings = ("ID", "FUNCTION", "STATE", "STATUS", "ATTEMPTS", "AGE", "CALL")
    session.out.table(headings, [_row(call) for call in response["items"]])


@command(app, "show", shows=("plat calls show 019ac5f0c4d37f2e9ab1c0000000002a",))
def show(session: Session, call_id: Id) -> None:
    """Show the state of a call."""
    call = session.client.call("GET", _path(call_id))
    session.out.document(call)
    for label, value in _facts(call):
        session.out.result(f"{label:<9} {value}")
    if call["state"] in ("succeeded", "failed") and "status" in call:
        session.out.note(f"next:  plat calls result {call_id}")


@command(
    app,
    "result",
    shows=(
        "plat calls result 019ac5f0c4d37f2e9ab1c0000000002a --wait",
        "plat calls result 019ac5f0c4d37f2e9ab1c0000000002a -o report.pdf",
    ),
)
def result(
    session: Session,
    call_id: Id,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the call has finished.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the body to this file.")
    ] = None,
) -> int:
    """Print the body of the response, unchanged.

    Exits with 22 if the function responded with status 400 or above.
    """
    while wait and not _has_finished(session, call_id):
        continue
    response = session.client.send("GET", f"{_path(call_id)}/result")
    raise_for_problem(response)
    status = int(response.getheader("X-Call-Status", "0"))
    content = response.read(MAX_RESPONSE_BYTES + 1)
    if len(content) > MAX_RESPONSE_BYTES:
        raise TooLarge(f"the result has more than {MAX_RESPONSE_BYTES} bytes")
    cut = response.getheader("X-Call-Truncated") == "true"
    _write(session, content, output, {"id": call_id, "status": status, "truncated": cut})
    if cut:
        session.out.warn(
            "the result is truncated: the response exceeded the maximum size of a stored result"
        )
    if status < 400:
        return ExitCode.OK
    session.out.note(f"the function responded with {status}; plat calls show {call_id}")
    return ExitCode.FUNCTION_ERROR


@command(app, "cancel", shows=("plat calls cancel 019ac5f0c4d37f2e9ab1c0000000002a",))
def cancel(session: Session, call_id: Id) -> None:
    """Cancel a queued call. A running call continues."""
    session.out.document(session.client.call("DELETE", _path(call_id)))
    session.out.note(f"cancelled {call_id}")


def _has_finished(session: Session, call_id: str) -> bool:
    query = {"wait": f"{WAIT}s"}
    call = session.client.call("GET", _path(call_id), query=query, timeout=WAIT + 30.0)
    return call["state"] not in ("queued", "running")


def _write(session: Session, content: bytes, output: Path | None, facts: dict[str, Any]) -> None:
    if output is not None:
        output.write_bytes(content)
        session.out.document(facts | {"file": str(output)})
    elif session.out.as_json:
        session.out.document(facts | invocation.body_document(content))
    else:
        sys.stdout.buffer.write(content)
        if sys.stdout.isatty() and content[-1:] not in (b"", b"\n"):
            sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()


def _path(call_id: str) -> str:
    return f"/calls/{quote(call_id, safe='')}"


def _row(call: dict[str, Any]) -> tuple[str, ...]:
    return (
        call["id"],
        _function(call),
        call["state"],
        str(call.get("status") or "-"),
        str(call["attempts"]),
        age(call["created"]),
        f"{call['method']} {call['path']}",
    )


def _facts(call: dict[str, Any]) -> list[tuple[str, str]]:
    error = call.get("trouble")
    facts = [
        ("call", call["id"]),
        ("function", _function(call)),
        ("request", f"{call['method']} {call['path']}"),
        ("state", call["state"]),
        ("status", str(call.get("status") or "")),
        ("attempts", str(call["attempts"])),
        ("created", call["created"]),
        ("due", call.get("due") or ""),
        ("finished", call.get("finished") or ""),
        ("error", f"{error['code']}: {error['message']}" if error else ""),
        ("truncated", "yes" if call.get("truncated") else ""),
    ]
    return [(label, value) for label, value in facts if value]


def _function(call: dict[str, Any]) -> str:
    name, namespace = call["function"], call["namespace"]
    return str(name if namespace == "default" else f"{namespace}/{name}")
