"""`plat registry`: the images that functions are made of."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from plat_core.errors import NotSupported

from plat_cli.command import Session, command

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Keep the registry small.",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Examples:\n\n  plat registry gc --dry-run",
)

SHOWN = 20
FREE = (
    "docker compose exec registry registry garbage-collect /etc/docker/registry/config.yml"
    " && docker compose restart registry"
)
"""Frees the bytes; the restart makes the registry forget which blobs it had."""


@app.callback()
def registry() -> None:
    """Keep the registry small."""


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
        bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")
    ] = False,
) -> None:
    """Remove the images that no revision of any function needs any more."""
    settings = session.settings
    if settings.builder_url == settings.api_url:
        raise NotSupported(
            "the builder itself does this, and it is not known where that is",
            fix="BUILDER_URL=http://localhost:8082 plat registry gc",
        )
    wanted = {"images": _images(session), "dryRun": dry_run}
    answer = session.builder.call("POST", "/registry/gc", document=wanted)
    session.out.document(answer)
    _say(session, answer)


def _images(session: Session) -> list[str]:
    """What every revision of every function in every namespace runs."""
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


def _say(session: Session, answer: dict[str, Any]) -> None:
    images, layers = answer["images"], answer["layers"]
    for name in [*images, *layers][:SHOWN]:
        session.out.note(name)
    if len(images) + len(layers) > SHOWN:
        session.out.note(f"… and {len(images) + len(layers) - SHOWN} more")
    done = "would be removed" if answer["dryRun"] else "removed"
    session.out.note(f"{done}: {len(images)} images, {len(layers)} layers of packages")
    if images or layers:
        session.out.note(
            "next:  plat registry gc" if answer["dryRun"] else f"to free the bytes:  {FREE}"
        )
