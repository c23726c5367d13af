"""Class names are unique across the shipped packages: one name means one class."""

import ast
from collections import defaultdict

from tests.architecture.repository import ROOT, SHIPPED, modules

ALONE = "runtimes"
"""The runtime stands alone in a replica, so its names are compared only with each other."""


def classes() -> dict[str, set[str]]:
    """Map the names of all classes of the platform to their modules."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in modules():
        if path.parts[0] in SHIPPED and path.parts[0] != ALONE:
            for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found[node.name].add(str(path))
    return found


def test_no_two_classes_share_a_name() -> None:
    doubles = {name: paths for name, paths in classes().items() if len(paths) > 1}
    assert doubles == {}
