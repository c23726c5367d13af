"""The custom resource definition covers the model and is up to date; a cluster tests its rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plat_core.model import crd
from plat_core.model.crd.document import schema
from plat_core.model.crd.rules import OVERLAY
from plat_core.model.crd.schema import structural
from plat_core.model.function import FunctionSpec, FunctionStatus

FILE = Path(__file__).resolve().parents[3] / "crds/functions.plat.dev.yaml"


def parts(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema below `node` with its path."""
    yield path, node
    for name, field in node.get("properties", {}).items():
        yield from parts(field, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in node:
            yield from parts(node[key], f"{path}[]")


def test_the_committed_file_matches_the_model() -> None:
    assert FILE.read_text(encoding="utf-8") == crd.manifest()


def test_every_field_has_a_description() -> None:
    whole = schema()
    for name in ("spec", "status"):
        fields = [
            (path, part)
            for path, part in parts(whole["properties"][name], name)
            if not path.endswith("]")
        ]
        assert len(fields) > 10
        assert [path for path, part in fields if "description" not in part] == []


def test_descriptions_contain_the_default() -> None:
    spec = [part for _, part in parts(schema()["properties"]["spec"]) if "default" in part]
    shown = [part for part in spec if not isinstance(part["default"], dict)]
    assert len(shown) > 8
    for part in shown:
        typed = str(part["default"]).lower() if part["type"] == "boolean" else part["default"]
        assert part["description"].endswith(f" Default: {typed}.")


def test_the_schema_is_structural() -> None:
    for path, part in parts(schema()):
        assert "$ref" not in part, path
        assert "title" not in part, path
        assert part.get("type") or part.get("x-kubernetes-int-or-string"), path
        assert part.get("anyOf") is None or part.get("x-kubernetes-int-or-string"), path


def test_every_field_of_the_model_is_in_the_schema() -> None:
    properties = schema()["properties"]
    for name, model in (("spec", FunctionSpec), ("status", FunctionStatus)):
        fields = {field.alias or key for key, field in model.model_fields.items()}
        assert fields <= set(properties[name]["properties"])


def test_every_rule_belongs_to_a_field() -> None:
    places: set[str] = set()

    class Places(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            places.add(key)
            return default

    for model in (FunctionSpec, FunctionStatus):
        structural(model, Places(), {})
    assert set(OVERLAY) <= places


def test_every_string_that_a_rule_reads_has_a_maximum_length() -> None:
    for path, part in parts(schema()["properties"]["spec"]):
        if "x-kubernetes-validations" in part and part.get("type") == "string":
            assert part["maxLength"] <= 2048, path
