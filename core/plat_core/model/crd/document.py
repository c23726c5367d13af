"""The definition as a document: versions, names, subresources, columns."""

from __future__ import annotations

from typing import Any, Final

import yaml

from plat_core.model.crd.explanations import WORDS
from plat_core.model.crd.rules import OVERLAY, ROOT
from plat_core.model.crd.schema import Schema, structural
from plat_core.model.function import API_VERSION, KIND, FunctionSpec, FunctionStatus

GROUP, _, VERSION = API_VERSION.partition("/")
PLURAL: Final = "functions"
NAME: Final = f"{PLURAL}.{GROUP}"
HEADER: Final = (
    "# Written by `make generate` from plat_core.model: edit the model, not this file.\n"
)

_ROLLOUT: Final[Schema] = {
    "type": "object",
    "description": "Which revisions the operator decided about, by number; 0 where there is none.",
    "properties": {
        "serving": {
            "type": "integer",
            "format": "int32",
            "description": "The revision that answers calls.",
        },
        "failed": {
            "type": "integer",
            "format": "int32",
            "description": "The newest revision that was given up.",
        },
    },
}

_COLUMNS: Final = [
    ("Ready", "string", '.status.conditions[?(@.type=="Ready")].status', 0),
    ("Reason", "string", '.status.conditions[?(@.type=="Ready")].reason', 0),
    ("Revision", "string", ".status.revision", 0),
    ("Replicas", "integer", ".status.readyReplicas", 0),
    ("URL", "string", ".status.url", 0),
    ("Image", "string", ".status.image", 1),
    ("Message", "string", '.status.conditions[?(@.type=="Ready")].message', 1),
    ("Age", "date", ".metadata.creationTimestamp", 0),
]


def schema() -> Schema:
    """The schema of the resource as a whole."""
    status = structural(FunctionStatus, OVERLAY, WORDS, wanted=False)
    status["properties"]["rollout"] = _ROLLOUT
    return {
        "type": "object",
        "description": "Code that is there when it is called: a source or image, and how it runs.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {
                "type": "object",
                "properties": {"name": {"type": "string", "maxLength": 253}},
            },
            "spec": structural(FunctionSpec, OVERLAY, WORDS),
            "status": status,
        },
        "x-kubernetes-validations": ROOT,
    }


def definition() -> dict[str, Any]:
    """The CustomResourceDefinition."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": NAME},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": ["fn"],
                "categories": ["all", "plat"],
            },
            "versions": [_version()],
        },
    }


def manifest() -> str:
    """The definition as the file in `crds/`."""
    return HEADER + yaml.safe_dump(definition(), sort_keys=False, allow_unicode=True, width=96)


def _version() -> dict[str, Any]:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema()},
        "subresources": {
            "status": {},
            "scale": {
                "specReplicasPath": ".spec.scale.replicas",
                "statusReplicasPath": ".status.replicas",
            },
        },
        "additionalPrinterColumns": [
            {"name": name, "type": type_, "jsonPath": path, "priority": priority}
            for name, type_, path, priority in _COLUMNS
        ],
    }
