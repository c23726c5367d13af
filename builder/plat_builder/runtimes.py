"""The catalog of runtimes, read from the folders of `runtimes/`.

A runtime is data here (its `runtime.json`, its `requirements.txt`); its program is never imported.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from plat_core.errors import InvalidInput, Unavailable
from plat_core.fix import Fix
from plat_core.model import strictjson
from plat_core.model.base import Model
from plat_core.model.names import Name
from plat_core.model.validation import validate

PROGRAM = "plat_runtime"


class RuntimeDescription(Model):
    """A `runtime.json`. `handler` is the default of the template, `template` its files."""

    name: Name
    language: Name
    description: str
    handler: str
    template: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Runtime:
    """One runtime: its description and its folder."""

    description: RuntimeDescription
    folder: Path

    @property
    def name(self) -> str:
        """What users write in `runtime`."""
        return self.description.name

    @property
    def files(self) -> dict[str, str]:
        """The template's files: path → text."""
        template = self.folder / "template"
        return {
            path: (template / path).read_text(encoding="utf-8")
            for path in self.description.template
        }

    @property
    def requirements(self) -> Path:
        """What the runtime itself needs in every environment; need not exist."""
        return self.folder / "requirements.txt"


class RuntimeCatalog:
    """The runtimes of one folder, and the program that runs the Python ones."""

    def __init__(self, folder: Path) -> None:
        """`folder` is `runtimes/` of a checkout, or `plat_runtime/catalogue` of a wheel."""
        self.folder = folder.absolute()
        beside = self.folder / PROGRAM
        self.launcher = beside if beside.is_dir() else self.folder.parent

    def list(self) -> tuple[Runtime, ...]:
        """Every runtime, by name; raises InvalidInput on a broken `runtime.json`."""
        files = sorted(self.folder.glob("*/runtime.json"))
        return tuple(self._read(file) for file in files)

    def get(self, name: str) -> Runtime:
        """The runtime of that name; raises InvalidInput naming those that exist."""
        runtimes = self.list()
        for runtime in runtimes:
            if runtime.name == name:
                return runtime
        known = ", ".join(runtime.name for runtime in runtimes) or "none"
        raise InvalidInput(
            f"there is no runtime called {name}; there are: {known}",
            field="runtime",
            fix=Fix("show-runtime"),
        )

    @staticmethod
    def _read(file: Path) -> Runtime:
        document = strictjson.loads(file.read_bytes())
        description = validate(RuntimeDescription, document, at=f"{file.parent.name}/runtime.json")
        if description.name != file.parent.name:
            raise InvalidInput(f"{file}: the name is not that of its folder", field="name")
        return Runtime(description, file.parent)


def find() -> Path:
    """Return the catalog's folder: inside the installed `plat_runtime`, or its parent.

    Raises Unavailable if neither exists.
    """
    spec = importlib.util.find_spec(PROGRAM)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(place)
        if (program / "catalogue").is_dir():
            return program / "catalogue"
        if any(program.parent.glob("*/runtime.json")):
            return program.parent
    raise Unavailable(
        "no runtimes are installed beside plat_runtime",
        fix="install plat again: uv tool install --force plat-faas",
    )
