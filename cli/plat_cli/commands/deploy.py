"""`plat deploy`: from files to an answering URL."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from plat_core.errors import BuildFailed
from plat_core.model.refs import FunctionRef

from plat_cli import deployment, spec
from plat_cli.command import Session, command
from plat_cli.faults import NotReady
from plat_cli.output import size
from plat_cli.source import Source, load

app = typer.Typer(add_completion=False)

SPEC = "What it runs with (over function.json)"


@command(
    app,
    shows=(
        "plat deploy",
        "plat deploy hello --access public",
        "plat deploy report.py --name report --env LOG_LEVEL=debug",
        "plat deploy app.zip --runtime python-flask --handler app:app --scale-min 1",
        "URL=$(plat deploy -q)",
    ),
)
def deploy(
    session: Session,
    path: Annotated[Path, typer.Argument(help="A folder, a .zip or one .py file.")] = Path(),
    name: Annotated[str | None, typer.Option(help="Else function.json or the folder.")] = None,
    runtime: Annotated[str | None, typer.Option(help="As in plat init --list.")] = None,
    handler: Annotated[str | None, typer.Option(help="For example app:app.")] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(
            "--env", "-e", metavar="K=V", help="K alone: from this shell.", rich_help_panel=SPEC
        ),
    ] = None,
    env_file: Annotated[
        Path | None, typer.Option(help="Lines of K=V.", rich_help_panel=SPEC)
    ] = None,
    secret: Annotated[
        list[str] | None, typer.Option(help="A secret to mount.", rich_help_panel=SPEC)
    ] = None,
    scale_min: Annotated[
        int | None, typer.Option(help="Replicas at least.", rich_help_panel=SPEC)
    ] = None,
    scale_max: Annotated[
        int | None, typer.Option(help="Replicas at most.", rich_help_panel=SPEC)
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(help="Of a call, for example 30s.", rich_help_panel=SPEC)
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(help="Calls at once in a replica.", rich_help_panel=SPEC)
    ] = None,
    access: Annotated[
        str | None, typer.Option(metavar="public|token", help="Who may call.", rich_help_panel=SPEC)
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until it answers.")] = True,
    timeout_wait: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long.", min=1, max=3600)
    ] = 120,
) -> int:
    """Build a folder, a zip or one file, and run it.

    The same source and settings again change nothing, and it says so. What `plat scale` set is
    kept; everything else is as function.json and the flags say.
    """
    started = time.monotonic()
    variables = {**(spec.env_file(env_file) if env_file else {}), **spec.variables(env or [])}
    overrides = spec.Overrides(
        runtime=runtime,
        handler=handler,
        timeout=timeout,
        concurrency=concurrency,
        access=access,
        scale_min=scale_min,
        scale_max=scale_max,
        env=variables,
        secrets=tuple(secret or ()),
    )
    with session.out.phase("pack") as phase:
        source = load(path)
        phase.detail = f"{source.files} file{'s'[: source.files != 1]}, {size(len(source.body))}"
    ref = session.ref(name or source.name)
    built = _build(session, ref, source, overrides)
    put = deployment.put(session.client, ref, source, overrides, built)
    for change in put.changes:
        session.out.note(f"  {session.out.style('spec', 'dim')} {change}")
    function = put.function
    if wait and not (put.unchanged and deployment.is_ready(function)):
        function = _wait(session, ref, put, timeout_wait)
    _report(session, ref, put, function, time.monotonic() - started)
    return 0


def _build(
    session: Session, ref: FunctionRef, source: Source, overrides: spec.Overrides
) -> dict[str, Any]:
    try:
        with session.out.phase("build") as phase:
            built = deployment.build(session.builder, ref, source, overrides, phase)
            phase.detail = "the same source as before" if built.get("unchanged") else ""
    except BuildFailed as error:
        if not all(part.strip() in error.message for part in error.line.split(": ", 1)):
            session.out.note(f"  {session.out.style(error.line, 'bold')}")
        if serving := deployment.status_of(deployment.stored(session.client, ref)).get("revision"):
            session.out.note(f"  {serving} keeps serving")
        error.fix = error.fix or f"correct it, then: plat deploy {source.path}"
        raise
    return built


def _wait(
    session: Session, ref: FunctionRef, put: deployment.Put, timeout: float
) -> dict[str, Any]:
    generation = int(put.function["metadata"].get("generation") or 0)
    try:
        with session.out.phase("start") as phase:
            function = deployment.wait(
                session.client, ref, generation, timeout=timeout, say=phase.say
            )
            phase.detail = str(deployment.status_of(function).get("revision") or "")
    except NotReady as error:
        status = deployment.status_of(deployment.stored(session.client, ref))
        serving = status.get("revision")
        told = f"{serving} keeps serving" in error.message
        if serving and serving != status.get("latestRevision") and not told:
            session.out.note(f"  {serving} keeps serving")
        error.fix = error.fix or f"plat logs {ref.name}\nthen correct it and: plat deploy"
        raise
    return function


def _report(
    session: Session,
    ref: FunctionRef,
    put: deployment.Put,
    function: dict[str, Any],
    seconds: float,
) -> None:
    status = deployment.status_of(function)
    url = status.get("url") or f"{session.settings.api_url}/function/{ref.segment}"
    revision = status.get("revision") or status.get("latestRevision") or ref.name
    out = session.out
    if put.unchanged:
        out.note(f"nothing to do: {revision} already runs this source")
    else:
        out.note(f"{out.style('ready', 'green', 'bold')} in {seconds:.2f} s: {revision}")
    out.result(url)
    out.note(out.style(f"try it: {curl(url, function['spec'].get('access', 'token'))}", "dim"))
    out.document(
        {
            "name": ref.name,
            "namespace": ref.namespace,
            "revision": revision,
            "image": function["spec"].get("image"),
            "url": url,
            "unchanged": put.unchanged,
            "ready": deployment.is_ready(function),
            "changes": put.changes,
            "seconds": round(seconds, 3),
        }
    )


def curl(url: str, access: str) -> str:
    """The line to copy; it never shows a token."""
    header = "" if access == "public" else ' -H "Authorization: Bearer ${AUTH_TOKEN:-dev-token}"'
    return f"curl{header} {url}"
