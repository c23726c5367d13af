"""`plat deploy`: build and deploy a function."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer
from plat_core.errors import BuildFailed, InvalidInput, with_line
from plat_core.model.refs import FunctionRef

from plat_cli import deployment, spec
from plat_cli import documents as manifests
from plat_cli.command import Session, command
from plat_cli.errors import NotReady
from plat_cli.output import size
from plat_cli.source import SourceUpload, load

app = typer.Typer(add_completion=False)

SPEC = "Spec (overrides function.json)"


@command(
    app,
    shows=(
        "plat deploy",
        "plat deploy hello --access public",
        "plat deploy report.py --name report --env LOG_LEVEL=debug",
        "plat deploy app.zip --runtime python-flask --handler app:app --scale-min 1",
        "plat deploy -f function.yaml",
        "URL=$(plat deploy -q)",
    ),
)
def deploy(
    session: Session,
    path: Annotated[
        Path | None, typer.Argument(help="A folder, a .zip or one .py file (default: this folder).")
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--filename",
            "-f",
            metavar="FILE",
            help="Deploy the functions of a manifest; - reads stdin.",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Name of the function (default: from function.json or the folder)."),
    ] = None,
    runtime: Annotated[
        str | None, typer.Option(help="Runtime, as listed by plat init --list.")
    ] = None,
    handler: Annotated[str | None, typer.Option(help="Handler, for example app:app.")] = None,
    env: Annotated[
        list[str] | None,
        typer.Option(
            "--env",
            "-e",
            metavar="K=V",
            help="Set an environment variable; K alone takes its value from this shell.",
            rich_help_panel=SPEC,
        ),
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option(
            help="Read environment variables from a file of K=V lines.", rich_help_panel=SPEC
        ),
    ] = None,
    secret: Annotated[
        list[str] | None, typer.Option(help="Mount a secret.", rich_help_panel=SPEC)
    ] = None,
    scale_min: Annotated[
        int | None, typer.Option(help="Minimum number of replicas.", rich_help_panel=SPEC)
    ] = None,
    scale_max: Annotated[
        int | None, typer.Option(help="Maximum number of replicas.", rich_help_panel=SPEC)
    ] = None,
    timeout: Annotated[
        str | None, typer.Option(help="Timeout of a call, for example 30s.", rich_help_panel=SPEC)
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(help="Maximum concurrent calls per replica.", rich_help_panel=SPEC)
    ] = None,
    access: Annotated[
        str | None,
        typer.Option(
            metavar="public|token", help="Who may invoke the function.", rich_help_panel=SPEC
        ),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until the function is ready.")] = True,
    timeout_wait: Annotated[
        float, typer.Option(metavar="SECONDS", help="Maximum time to wait.", min=1, max=3600)
    ] = 120,
) -> int:
    """Build and deploy a function from a folder, a zip or one file.

    Deploying the same source and settings again changes nothing. Scale settings of `plat scale`
    are kept; function.json and the flags set everything else. With -f, the manifest is applied.
    """
    started = time.monotonic()
    if manifest is not None:
        settings = (path, name, runtime, handler, env, env_file, secret)
        _reject_spec_flags(settings, (scale_min, scale_max, timeout, concurrency, access))
        return _apply(session, manifest, timeout_wait if wait else None)
    variables = {**(spec.env_file(env_file) if env_file else {}), **spec.variables(env or [])}
    overrides = spec.SpecOverrides(
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
        source = load(path or Path())
        phase.detail = f"{source.files} file{'s'[: source.files != 1]}, {size(len(source.body))}"
    ref = session.ref(name or source.name)
    built = _build(session, ref, source, overrides)
    put = deployment.put(session.client, ref, source, overrides, built)
    for change in put.changes:
        session.out.note(f"  {session.out.style('spec', 'dim')} {change}")
    function = _wait_unless_ready(session, ref, put, timeout_wait if wait else None)
    session.out.document(_report(session, ref, put, function, time.monotonic() - started))
    return 0


def _reject_spec_flags(*flags: Iterable[object]) -> None:
    """Raise InvalidInput if a flag of the spec is given together with a manifest."""
    if any(each not in (None, []) for each in chain(*flags)):
        raise InvalidInput(
            "-f cannot be combined with PATH or with flags of the spec",
            fix="set it in the file",
        )


def _apply(session: Session, path: Path, timeout: float | None) -> int:
    """Deploy the functions of a manifest, one after the other."""
    documents = manifests.read(path)
    refs = [_ref_of(session, document) for document in documents]
    reports = []
    for ref, document in zip(refs, documents, strict=True):
        started = time.monotonic()
        session.subject = ref.name
        put = deployment.apply(session.client, ref, document)
        for change in put.changes:
            session.out.note(f"  {session.out.style('spec', 'dim')} {change}")
        function = _wait_unless_ready(session, ref, put, timeout)
        reports.append(_report(session, ref, put, function, time.monotonic() - started))
    session.out.document(reports[0] if len(reports) == 1 else {"items": reports})
    return 0


def _ref_of(session: Session, document: dict[str, Any]) -> FunctionRef:
    """Return the reference of a document. Raises InvalidInput if --namespace differs from it."""
    metadata, flag = document["metadata"], session.namespace_flag
    namespace = metadata.get("namespace") or session.settings.namespace
    if flag not in (None, namespace):
        raise InvalidInput(
            f"metadata.namespace: {metadata['name']} is in namespace {namespace}, not {flag}",
            fix=f"leave out --namespace {flag}",
            field="metadata.namespace",
        )
    return FunctionRef(metadata["name"], namespace)


def _wait_unless_ready(
    session: Session, ref: FunctionRef, put: deployment.SpecUpdate, timeout: float | None
) -> dict[str, Any]:
    """Wait until the function is ready, unless it is already or `timeout` is None."""
    if timeout is None or (put.unchanged and deployment.is_ready(put.function)):
        return put.function
    return _wait(session, ref, put, timeout)


def _build(
    session: Session, ref: FunctionRef, source: SourceUpload, overrides: spec.SpecOverrides
) -> dict[str, Any]:
    try:
        with session.out.phase("build") as phase:
            built = deployment.build(session.builder, ref, source, overrides, phase)
            phase.detail = "unchanged source" if built.get("unchanged") else ""
    except BuildFailed as error:
        if with_line(error.message, error.line) != error.message:
            session.out.note(f"  {session.out.style(error.line, 'bold')}")
        if serving := deployment.status_of(deployment.stored(session.client, ref)).get("revision"):
            session.out.note(f"  {serving} keeps serving")
        error.fix = error.fix or f"correct the error, then: plat deploy {source.path}"
        raise
    return built


def _wait(
    session: Session, ref: FunctionRef, put: deployment.SpecUpdate, timeout: float
) -> dict[str, Any]:
    generation = int(put.function["metadata"].get("generation") or 0)
    try:
        with session.out.phase("start") as phase:
            function = deployment.wait(
                session.client, ref, generation, timeout=timeout, on_progress=phase.update
            )
            phase.detail = str(deployment.status_of(function).get("revision") or "")
    except NotReady as error:
        status = deployment.status_of(deployment.stored(session.client, ref))
        serving = status.get("revision")
        mentioned = f"{serving} keeps serving" in error.message
        if serving and serving != status.get("latestRevision") and not mentioned:
            session.out.note(f"  {serving} keeps serving")
        error.fix = error.fix or f"plat logs {ref.name}\ncorrect the error, then: plat deploy"
        raise
    return function


def _report(
    session: Session,
    ref: FunctionRef,
    put: deployment.SpecUpdate,
    function: dict[str, Any],
    seconds: float,
) -> dict[str, Any]:
    """Print the result of a deploy and return its JSON document."""
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
    return {
        "name": ref.name,
        "namespace": ref.namespace,
        "revision": revision,
        "image": function["spec"].get("image") or status.get("image"),
        "url": url,
        "unchanged": put.unchanged,
        "ready": deployment.is_ready(function),
        "changes": put.changes,
        "seconds": round(seconds, 3),
    }


def curl(url: str, access: str) -> str:
    """Return a curl command for the URL. It never contains a token."""
    header = "" if access == "public" else ' -H "Authorization: Bearer ${AUTH_TOKEN:-dev-token}"'
    return f"curl{header} {url}"
