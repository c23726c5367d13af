"""Reads `Function` manifests, the files of `kubectl apply -f` and `plat deploy -f`.

Unlike kubectl, duplicate keys and YAML aliases are errors. All documents are validated with the
model before the first one is deployed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from plat_core.errors import InvalidInput, Malformed, TooLarge

if TYPE_CHECKING:
    import yaml

BYTES: Final = 4 * 1024 * 1024
"""Maximum size of a file, a few times the limit of an API server for one object."""
STDIN: Final = Path("-")
Document = dict[str, Any]


def read(path: Path) -> list[Document]:
    """Return the functions of a file in order; `-` reads stdin.

    Raises InvalidInput, Malformed and TooLarge with the file and the position or field.
    """
    documents = [found for found in _parsed(path, _text(path)) if found is not None]
    if not documents:
        raise InvalidInput(f"{_shown(path)} contains no Function", fix="plat init, or see the docs")
    for number, document in enumerate(documents, 1):
        _check(path, document, f"document {number}, " if len(documents) > 1 else "")
    return documents


def _check(path: Path, document: object, which: str) -> None:
    from plat_core.model.function import Function
    from plat_core.model.validation import validate

    kind = kind_of(document)
    if kind != "Function":
        found = f"kind {kind}" if kind else "no kind"
        raise InvalidInput(
            f"{_shown(path)}: {which}kind: found {found}, expected Function",
            fix="use kubectl apply -f for other kinds",
            field="kind",
        )
    try:
        validate(Function, document)
    except InvalidInput as error:
        raise InvalidInput(
            f"{_shown(path)}: {which}{error.message}",
            fix=error.fix,
            field=error.field,
            errors=error.errors,
        ) from error


def kind_of(document: object) -> str:
    """Return the kind of a document, or an empty string."""
    return str(document.get("kind") or "") if isinstance(document, dict) else ""


def _text(path: Path) -> str:
    try:
        data = sys.stdin.buffer.read(BYTES + 1) if path == STDIN else path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > BYTES:
        raise TooLarge(f"{_shown(path)} has more than {BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{_shown(path)} is not UTF-8 text") from error


def _parsed(path: Path, text: str) -> list[Any]:
    import yaml

    try:
        return list(yaml.load_all(text, _loader()))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        position = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise Malformed(f"{_shown(path)}{position}: {error.problem or 'invalid YAML'}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Malformed(f"{_shown(path)}: invalid YAML: {error}") from None


def _loader() -> type[yaml.SafeLoader]:
    """Return a YAML loader that is strict and keeps timestamps as strings.

    The class is created here, because importing yaml is slow.
    """
    import yaml

    class StrictLoader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            """Reject aliases, with which a small file can expand to a very large one."""
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(None, None, "aliases are not supported", mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            """Reject duplicate keys."""
            seen = set()
            for key, _ in node.value:
                if key.value in seen:
                    problem = f"duplicate key {key.value}"
                    raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    times = "tag:yaml.org,2002:timestamp"
    StrictLoader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != times]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return StrictLoader


def _shown(path: Path) -> str:
    return "stdin" if path == STDIN else str(path)
