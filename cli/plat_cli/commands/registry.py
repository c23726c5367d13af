"""`plat registry`: remove unused images."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from plat_core.errors import NotSupported

from plat_cli.command import Session, command

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Manage the image registry.",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n  plat registry gc --dry-run",
)

SHOWN = 20
FREE = (
    "docker compose exec registry registry garbage-collect /etc/docker/registry/config.yml"
    " && docker compose restart registry"
)
"""Frees the disk space. The restart clears the registry's cache of blobs."""


@app.callback()
def registry() -> None:
    """Manage the image registry."""


@command(
    app,
    "gc",
    shows=(
        "plat registry gc --dry-run",
        "BUILDER_URL=http://localhost:8082 plat registry gc",
    ),
)
def gc(
    session: Session,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")
    ] = False,
) -> None:
    """Remove images that no revision uses."""
    settings = session.settings
    if settings.builder_url == settings.api_url:
        raise NotSupported(
            "BUILDER_URL is not set, and only the builder can remove images",
            fix="BUILDER_URL=http://localhost:8082 plat registry gc",
        )
    request = {"images": _images(session), "dryRun": dry_run}
    response = session.builder.call("POST", "/registry/gc", document=request)
    session.out.document(response)
    _print_result(session, response)


def _images(session: Session) -> list[str]:
    """Return the images of all revisions in all namespaces."""
    found: set[str] = set()
    for function in session.client.call("GET", "/functions")["items"]:
        meta = function["metadata"]
        query = {"namespace": meta.get("namespace", "default")}
        path = f"/functions/{meta['name']}/revisions"
        revisions = session.client.call("GET", path, query=query)["items"]
        found |= {revision["image"] for revision in revisions}
        if image := function["spec"].get("image"):
            found.add(image)
    return sorted(found)


def _print_result(session: Session, response: dict[str, Any]) -> None:
    images, layers = response["images"], response["layers"]
    for name in [*images, *layers][:SHOWN]:
        session.out.note(name)
    if len(images) + len(layers) > SHOWN:
        session.out.note(f"… and {len(images) + len(layers) - SHOWN} more")
    done = "would be removed" if response["dryRun"] else "removed"
    session.out.note(f"{done}: {len(images)} images, {len(layers)} layers of packages")
    if images or layers:
        session.out.note(
            "next:  plat registry gc" if response["dryRun"] else f"to free the disk space:  {FREE}"
        )
