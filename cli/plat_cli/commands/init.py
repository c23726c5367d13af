"""`plat init`: create a function from the template of a runtime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from plat_core.errors import Conflict

from plat_cli.command import Session, command
from plat_cli.source import MANIFEST, name_after

if TYPE_CHECKING:
    from plat_builder.runtimes import Runtime

app = typer.Typer(add_completion=False)

DEFAULT_RUNTIME = "python-flask"


@command(
    app,
    shows=(
        "plat init hello",
        "plat init hello --runtime python",
        "plat init . --force",
        "plat init --list",
    ),
)
def init(
    session: Session,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="[NAME|DIR]",
            help="Folder to create; its name becomes the name of the function.",
        ),
    ] = Path(),
    runtime: Annotated[str, typer.Option(help="Runtime of the function.")] = DEFAULT_RUNTIME,
    force: Annotated[bool, typer.Option("--force", help="Overwrite existing files.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the runtimes and exit.")] = False,
) -> None:
    """Create a function from a template."""
    from plat_builder.runtimes import RuntimeCatalog, find

    catalogue = RuntimeCatalog(find())
    if list_:
        _list(session, list(catalogue.list()))
        return
    chosen = catalogue.get(runtime)
    name = name_after(path.absolute().name)
    written = _write(chosen, path, name, force=force)
    session.out.document({"name": name, "path": str(path), "runtime": runtime, "files": written})
    for file in written:
        session.out.note(f"wrote {path / file}")
    folder = "" if path == Path() else f" {path}"
    session.out.note(f"\nnext:  plat deploy{folder}\n  or:  plat dev{folder}")


def _list(session: Session, runtimes: list[Runtime]) -> None:
    found = [runtime.description for runtime in runtimes]
    session.out.document({"items": [entry.document() for entry in found]})
    rows = [(entry.name, entry.language, entry.description) for entry in found]
    session.out.table(("RUNTIME", "LANGUAGE", "DESCRIPTION"), rows)


def _write(runtime: Runtime, folder: Path, name: str, *, force: bool) -> list[str]:
    template = runtime.folder / "template"
    files = runtime.description.template
    taken = [file for file in files if (folder / file).exists()]
    if taken and not force:
        raise Conflict(
            f"{folder} already has {', '.join(taken)}",
            fix=f"plat init {folder} --force   (overwrites)\nplat init ANOTHER-NAME",
        )
    for file in files:
        goal = folder / file
        goal.parent.mkdir(parents=True, exist_ok=True)
        content = (template / file).read_bytes()
        goal.write_bytes(_named(content, name) if file == MANIFEST else content)
    return list(files)


def _named(manifest: bytes, name: str) -> bytes:
    document = {**json.loads(manifest), "name": name}
    return (json.dumps(document, indent=2) + "\n").encode()
