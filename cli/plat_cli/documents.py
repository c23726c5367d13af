"""`Function` documents in files: what `kubectl apply -f` takes, `plat deploy -f` takes too.

YAML is read as kubectl reads it, but a key that stands twice, or a document that repeats itself by
reference, is an error with its place. Fields are checked here already, by the model: before the
first of several functions is deployed, all of them are known to be right.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from plat_core.errors import InvalidInput, Malformed, TooLarge

if TYPE_CHECKING:
    import yaml

BYTES: Final = 4 * 1024 * 1024
"""More than any API server would store of one function, and a few of them in a file."""
STDIN: Final = Path("-")
Document = dict[str, Any]


def read(path: Path) -> list[Document]:
    """The functions of a file, or of stdin for `-`, in their order.

    Raises InvalidInput and Malformed with the file, and the place or the field in it; TooLarge.
    """
    documents = [found for found in _parsed(path, _text(path)) if found is not None]
    if not documents:
        raise InvalidInput(
            f"{_shown(path)} has no Function in it", fix="plat init, or see the docs"
        )
    for number, document in enumerate(documents, 1):
        _check(path, document, f"document {number}, " if len(documents) > 1 else "")
    return documents


def _check(path: Path, document: object, which: str) -> None:
    from plat_core.model.function import Function
    from plat_core.model.validation import validate

    said = kind_of(document)
    if said != "Function":
        what = f"kind {said}" if said else "no kind"
        raise InvalidInput(
            f"{_shown(path)}: {which}kind: it has {what}, and only a Function can be deployed",
            fix="kubectl apply -f takes other kinds",
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
    """What a document says that it is; empty where it says nothing."""
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
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise Malformed(f"{_shown(path)}{place}: {error.problem or 'it is not YAML'}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Malformed(f"{_shown(path)}: it is not YAML: {error}") from None


def _loader() -> type[yaml.SafeLoader]:
    """YAML's plain types, a time being a text; made here, as yaml takes its time to import."""
    import yaml

    class StrictLoader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            """Refuse references, by which a small file becomes a very large one."""
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(None, None, "write it out, without *", mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            """Refuse a key that stands twice."""
            seen = set()
            for key, _ in node.value:
                if key.value in seen:
                    said = f"{key.value} stands twice"
                    raise yaml.constructor.ConstructorError(None, None, said, key.start_mark)
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
