"""The API server and the model reject the same documents with the same messages."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from plat_core.errors import InvalidInput
from plat_core.model.function import Function
from plat_core.model.names import NAME_RULE
from plat_core.model.validation import validate

from .cluster import Cluster

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(300)]

IMAGE = "localhost:5001/orders@sha256:" + "a" * 64
INLINE = {"image": None, "source": {"inline": {"app.py": "def handler(request): ..."}}}


def document(name: str = "orders", **spec: Any) -> dict[str, Any]:
    given = {key: value for key, value in {"image": IMAGE, **spec}.items() if value is not None}
    return {
        "apiVersion": "plat.dev/v1alpha1",
        "kind": "Function",
        "metadata": {"name": name, "namespace": "default"},
        "spec": given,
    }


def limits(memory: object) -> dict[str, Any]:
    return {"resources": {"limits": {"memory": memory}}}


def inline(**files: str) -> dict[str, Any]:
    return {"image": None, "source": {"inline": files}}


BAD_NAMES = ["A", "a_b", "-a", "a" * 64, "a.b", "\N{CYRILLIC SMALL LETTER A}pp", ".."]

BAD_SPECS: list[dict[str, Any]] = [
    limits("-1"),
    limits("100MB"),
    limits("1e999Gi"),
    limits("512Ki"),
    {"resources": {"requests": {"cpu": "1500m"}, "limits": {"cpu": 1}}},
    {"resources": {"requests": {"memory": "65Mi"}, "limits": {"memory": "64Mi"}}},
    {"image": "Not An Image"},
    {"image": "orders@sha256:12"},
    {"image": None},
    {"source": INLINE["source"]},
    {"handler": "a b"},
    {"runtime": "Py"},
    {"timeout": "5"},
    {"timeout": "2h"},
    {"timeout": "50ms"},
    {"scale": {"min": 5, "max": 3}},
    {"scale": {"idle": "0.5s"}},
    {"env": [{"name": "PORT", "value": "1"}]},
    {"env": [{"name": "PLAT_HOME", "value": "1"}]},
    {"env": [{"name": "1A"}]},
    {"env": [{"name": "A", "value": "a\0b"}]},
    {
        "env": [
            {"name": "A", "value": "1", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}
        ]
    },
    {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "DB", "key": "url"}}}]},
    {"secrets": ["fine", "B"]},
    inline(**{"../app.py": ""}),
    inline(**{"a/b.py": "", "C:\\x": ""}),
    inline(**{"/etc/passwd": ""}),
    inline(a="x" * 300_000, b="y" * 300_000),
    {"image": None, "source": {"git": {"url": "https://example.org/x", "path": "a/../b"}}},
    {"image": None, "source": {**INLINE["source"], "git": {"url": "https://example.org/x"}}},
    {"image": None, "source": {"git": {"url": "https://me:password@example.org/x"}}},
    {"image": None, "source": {"git": {"url": "ext::sh -c id"}}},
    {"image": None, "source": {"archive": {"url": "ftp://example.org/x.zip"}}},
    {"image": None, "source": {"archive": {"url": "https://example.org/x", "digest": "md5:0"}}},
]

ELSEWISE: list[tuple[dict[str, Any], str]] = [
    ({"env": [{"name": "A"}, {"name": "A"}]}, "spec.env[1]: Duplicate value"),
    ({"secrets": ["a", "a"]}, "spec.secrets[1]: Duplicate value"),
    ({"scale": {"target": 0}}, "spec.scale.target in body should be greater than 0"),
    ({"scale": {"min": -1}}, "spec.scale.min in body should be greater than or equal to 0"),
    ({"concurrency": 0}, "spec.concurrency in body should be greater than or equal to 1"),
    ({"concurrency": "20"}, "spec.concurrency"),
    ({"memory": "64Mi"}, 'unknown field "spec.memory"'),
    ({"access": "nobody"}, "spec.access: Unsupported value"),
]
"""Documents that Kubernetes rejects with messages of its schema validation."""

GOOD_SPECS: list[dict[str, Any]] = [
    {},
    limits("5Mi"),
    limits("1.5Gi"),
    {"resources": {"requests": {"cpu": "250m"}, "limits": {"cpu": 1, "memory": 67108864}}},
    {"timeout": "1m30s", "scale": {"min": 0, "max": 1, "idle": "1s", "target": 0.5}},
    {"env": [{"name": "A", "value": ""}, {"name": "PORTS", "value": "ü"}]},
    {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}}]},
    {"image": "localhost:5001/team/orders:v1"},
    {"image": None, "source": {"inline": {"app.py": "", "a/b.txt": "ü", ".env": ""}}},
    {"image": None, "source": {"git": {"url": "https://example.org/x.git"}}},
    {"image": None, "source": {"git": {"url": "ssh://git@example.org:22/a/x", "ref": "v1"}}},
    {"image": None, "source": {"archive": {"url": "https://example.org/x.zip?a=b"}}},
]


def message(given: dict[str, Any]) -> tuple[str, str]:
    """Return the path and the message of the model's error."""
    with pytest.raises(InvalidInput) as caught:
        validate(Function, given)
    first = caught.value.errors[0]
    return first["field"], first["message"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_rejects_an_invalid_name(cluster: Cluster, name: str) -> None:
    assert message(document(name)) == ("metadata.name", NAME_RULE)
    refusal = cluster.refusal(document(name))
    assert "metadata.name: " in refusal
    assert NAME_RULE in refusal


def test_rejects_an_empty_name(cluster: Cluster) -> None:
    assert "metadata.name: Required value" in cluster.refusal(document(""))


@pytest.mark.parametrize("spec", BAD_SPECS, ids=lambda spec: str(spec)[:60])
def test_rejects_invalid_specs_with_the_message_of_the_model(
    cluster: Cluster, spec: dict[str, Any]
) -> None:
    field, words = message(document(**spec))
    refusal = cluster.refusal(document(**spec))
    # the API server names the map, the model the key
    assert re.match(r"spec[.]source[.]inline|[^[]*", field)[0] in refusal  # type: ignore[index]
    assert words in refusal


@pytest.mark.parametrize(("spec", "words"), ELSEWISE, ids=lambda value: str(value)[:40])
def test_schema_and_model_reject_the_same_documents(
    cluster: Cluster, spec: dict[str, Any], words: str
) -> None:
    message(document(**spec))
    assert words in cluster.refusal(document(**spec))


@pytest.mark.parametrize("spec", GOOD_SPECS, ids=lambda spec: str(spec)[:60])
def test_accepts_valid_specs(cluster: Cluster, spec: dict[str, Any]) -> None:
    validate(Function, document(**spec))
    assert cluster.refusal(document(**spec)) == ""


def test_defaults_equal_those_of_the_model(cluster: Cluster) -> None:
    text = cluster.kubectl(
        "create", "--dry-run=server", "-o", "json", "-f", "-", text=json.dumps(document())
    )
    stored = validate(Function, {**document(), "spec": json.loads(text)["spec"]})
    assert stored.spec == validate(Function, document()).spec


def test_kubectl_scales_lists_and_explains_functions(cluster: Cluster) -> None:
    cluster.apply(document("scaled"))
    try:
        cluster.kubectl("scale", "fn/scaled", "--replicas=3")
        assert cluster.get("fn", "scaled")["spec"]["scale"]["replicas"] == 3
        header = cluster.kubectl("get", "fn", "scaled").splitlines()[0].split()
        assert header == ["NAME", "READY", "REASON", "REVISION", "REPLICAS", "URL", "AGE"]
        assert "function.plat.dev/scaled" in cluster.kubectl("get", "plat", "-o", "name")
        explanation = " ".join(cluster.kubectl("explain", "function.spec.scale.idle").split())
        assert "without calls" in explanation
        assert "Default: 60s." in explanation
    finally:
        cluster.kubectl("delete", "fn", "scaled")
