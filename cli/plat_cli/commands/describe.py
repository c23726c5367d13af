"""`plat describe`: show one function in detail."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from plat_cli import deployment
from plat_cli.client import function_path, namespaced
from plat_cli.command import Session, command
from plat_cli.commands.list_functions import age, state
from plat_cli.output import Output, printable

app = typer.Typer(add_completion=False)

MARKS = {"True": ("✓", "green"), "False": ("✗", "red"), "Unknown": ("?", "yellow")}


@command(app, shows=("plat describe hello", "plat describe hello --json"))
def describe(
    session: Session, name: Annotated[str, typer.Argument(help="Name of the function.")]
) -> None:
    """Show the state of a function, the reasons for it, and what to do."""
    ref = session.ref(name)
    query = namespaced(ref)
    function = session.client.call("GET", function_path(ref), query=query)
    replicas = session.client.call("GET", f"{function_path(ref)}/replicas", query=query)["items"]
    revisions = session.client.call("GET", f"{function_path(ref)}/revisions", query=query)["items"]
    session.out.document({**function, "replicas": replicas, "revisions": revisions})
    if session.out.as_json:
        return
    for title, text in _facts(function):
        session.out.result(f"{title:<12}{text}")
    _conditions(session.out, function)
    _replicas(session.out, replicas)
    _revisions(session.out, revisions)


def _facts(function: dict[str, Any]) -> list[tuple[str, str]]:
    spec, status = function["spec"], deployment.status_of(function)
    scale = spec.get("scale", {})
    fixed = scale.get("replicas")
    how = "paused" if scale.get("whenIdle") == "pause" else "stopped"
    bounds = f"{scale.get('min', 0)} to {scale.get('max', 10)}, {how} after {scale.get('idle')}"
    variables = [str(entry.get("name")) for entry in spec.get("env", [])]
    facts = [
        ("Name", f"{function['metadata']['name']} ({state(function)})"),
        ("URL", status.get("url") or "-"),
        ("Revision", _revision(status)),
        ("Runtime", _runtime(spec)),
        ("Replicas", f"{status.get('readyReplicas', 0)} ready of {status.get('replicas', 0)}"),
        ("Scale", f"fixed at {fixed}" if fixed is not None else bounds),
        (
            "Limits",
            f"timeout {spec.get('timeout')}, {spec.get('concurrency')} calls per replica",
        ),
        ("Access", spec.get("access", "token")),
        ("Env", ", ".join(variables) or "-"),
        ("Secrets", ", ".join(spec.get("secrets", [])) or "-"),
        ("Age", age(function["metadata"].get("creationTimestamp"))),
    ]
    return [(title, printable(str(text))) for title, text in facts]


def _runtime(spec: dict[str, Any]) -> str:
    # The builder detects the runtime and handler of a source in the spec.
    detected = "detected by the builder" if spec.get("source") else "-"
    return f"{spec.get('runtime') or detected}, handler {spec.get('handler') or detected}"


def _revision(status: dict[str, Any]) -> str:
    serving, latest = status.get("revision") or "none", status.get("latestRevision")
    return serving if latest in (None, serving) else f"{serving} (newest: {latest})"


def _conditions(out: Output, function: dict[str, Any]) -> None:
    status = deployment.status_of(function)
    for condition in status.get("conditions") or []:
        mark, colour = MARKS.get(condition["status"], MARKS["Unknown"])
        if condition["type"] == "Progressing":  # neither a success nor a failure
            mark, colour = ("…" if condition["status"] == "True" else "·"), "dim"
        out.result(f"{out.style(mark, colour)} {condition['type']:<12} {condition['reason']}")
        for line in (condition.get("message") or "").splitlines():
            out.result(f"    {printable(line)}")
    for hint in status.get("hints") or []:
        out.result(f"  {out.style('→', 'cyan')} {printable(hint['fix'])}")


def _replicas(out: Output, replicas: list[dict[str, Any]]) -> None:
    if not replicas:
        return
    out.result()
    rows = [
        (str(r["id"]), str(r["revision"]), str(r["state"]), str(r.get("restarts", 0)))
        for r in replicas
    ]
    out.table(("REPLICA", "REVISION", "STATE", "RESTARTS"), rows)


def _revisions(out: Output, revisions: list[dict[str, Any]]) -> None:
    if not revisions:
        return
    out.result()
    rows = [
        (r["name"], "serving" if r.get("serving") else "", age(r.get("created")), str(r["image"]))
        for r in revisions
    ]
    out.table(("REVISION", "", "AGE", "IMAGE"), rows)
