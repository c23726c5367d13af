"""The definition as a document: versions, names, subresources and columns."""

from __future__ import annotations

from typing import Any, Final

import yaml

from plat_core.model.crd.descriptions import DESCRIPTIONS
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
    "description": "Revisions that the operator tracks, by number; 0 if there is none.",
    "properties": {
        "serving": {
            "type": "integer",
            "format": "int32",
            "description": "The revision that serves calls.",
        },
        "failed": {
            "type": "integer",
            "format": "int32",
            "description": "The newest revision that failed.",
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
    """Return the schema of the resource."""
    status = structural(FunctionStatus, OVERLAY, DESCRIPTIONS, show_defaults=False)
    status["properties"]["rollout"] = _ROLLOUT
    return {
        "type": "object",
        "description": "Function runs code on demand: a source or an image, and how it is served.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {
                "type": "object",
                "properties": {"name": {"type": "string", "maxLength": 253}},
            },
            "spec": structural(FunctionSpec, OVERLAY, DESCRIPTIONS),
            "status": status,
        },
        "x-kubernetes-validations": ROOT,
    }


def definition() -> dict[str, Any]:
    """Return the CustomResourceDefinition."""
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
    """Return the definition as YAML, as in `crds/`."""
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
