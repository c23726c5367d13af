"""`python -m plat_reference [--check]`: write every generated file, or report the stale ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from plat_cli import reference as commands
from plat_core.model import crd
from plat_gateway.app import routed

from plat_reference import errors, function, manifests

ROOT = Path(__file__).resolve().parents[2]


def openapi() -> str:
    """Return the OpenAPI document of the management API."""
    return json.dumps(routed().openapi(), indent=2, ensure_ascii=False) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "charts/plat/files/functions.plat.dev.yaml": crd.manifest,
    "crds/functions.plat.dev.yaml": crd.manifest,
    "docs/reference/cli.md": commands.page,
    "docs/reference/errors.md": errors.page,
    "docs/reference/function.md": function.page,
    "docs/reference/openapi.json": openapi,
    "manifests/kind.yaml": manifests.kind,
    "manifests/plat.yaml": manifests.plain,
}


def stale() -> dict[Path, str]:
    """Return the stale files, each with its current text."""
    pages = {ROOT / name: page() for name, page in PAGES.items()}
    return {path: text for path, text in pages.items() if _read(path) != text}


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main() -> int:
    """Write the files; with `--check`, return 1 if one is stale."""
    pages = stale()
    if "--check" in sys.argv[1:]:
        for path in pages:
            sys.stderr.write(f"{path.name} is out of date: run `make generate` and commit it\n")
        return 1 if pages else 0
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {path.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
