"""Each package reads settings in one module, and the reference documents each setting."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.repository import ROOT, modules

REFERENCE = ROOT / "docs/reference/settings.md"
SETTING = re.compile(r"PLAT_[A-Z_]+|AUTH_TOKEN(_VIEWER)?|(API|BUILDER|CONTROLLER|DATABASE)_URL")

READERS = {
    "builder/plat_builder/confined.py": "hands its own on to the build it confines",
    "gateway/plat_gateway/wiring/embedded.py": "asks where this user's sockets belong",
}
"""Other modules that may read the environment → the reason."""


def code_of_services() -> list[Path]:
    """Return every module except those of a replica's runtime, which has another contract."""
    return [path for path in modules() if path.parts[0] not in ("runtimes", "hack")]


def strings(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_reference_documents_exactly_the_settings() -> None:
    read = {
        name
        for path in code_of_services()
        if path.stem == "settings"
        for name in strings(path)
        if SETTING.fullmatch(name)
    }
    page = REFERENCE.read_text(encoding="utf-8")
    assert sorted(read) == sorted(re.findall(r"^### `([A-Z_]+)`$", page, re.MULTILINE))


def test_service_code_does_not_read_the_environment() -> None:
    readers = {
        str(path)
        for path in code_of_services()
        if path.parts[0] != "cli" and path.stem not in ("settings", "__main__")
        if re.search(r"os\.(environ|getenv)\b", (ROOT / path).read_text(encoding="utf-8"))
    }
    assert readers <= set(READERS)
