"""Kinds and labels of the objects of this backend, and accessors of their fields. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from plat_core.model.names import FunctionRef

Document = dict[str, Any]

FUNCTION: Final = "plat.dev/function"
REVISION: Final = "plat.dev/revision"
MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MANAGER: Final = "plat"
SELECTOR: Final = f"{MANAGED_BY}={MANAGER}"


@dataclass(frozen=True, slots=True)
class ResourceKind:
    """A kind of the Kubernetes API."""

    version: str
    name: str
    plural: str

    def path(self, namespace: str | None = None, name: str = "") -> str:
        """Return the path of an object, or of all objects in a namespace or the cluster."""
        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}{within}/{self.plural}" + (f"/{name}" if name else "")


FUNCTIONS: Final = ResourceKind("plat.dev/v1alpha1", "Function", "functions")
REVISIONS: Final = ResourceKind("apps/v1", "ControllerRevision", "controllerrevisions")
DEPLOYMENTS: Final = ResourceKind("apps/v1", "Deployment", "deployments")
PODS: Final = ResourceKind("v1", "Pod", "pods")
SERVICES: Final = ResourceKind("v1", "Service", "services")
ACCOUNTS: Final = ResourceKind("v1", "ServiceAccount", "serviceaccounts")
POLICIES: Final = ResourceKind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
BUDGETS: Final = ResourceKind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
SECRETS: Final = ResourceKind("v1", "Secret", "secrets")
EVENTS: Final = ResourceKind("v1", "Event", "events")


def namespace_of(document: Document) -> str:
    """Return the namespace of an object."""
    return str(document["metadata"].get("namespace", ""))


def name_of(document: Document) -> str:
    """Return the name of an object."""
    return str(document["metadata"]["name"])


def version_of(document: Document) -> int:
    """Return the resource version, which grows with each state of an object."""
    return int(document["metadata"].get("resourceVersion") or 0)


def function_of(document: Document) -> FunctionRef | None:
    """Return the function in the label of a child, or None without the label."""
    name = document["metadata"].get("labels", {}).get(FUNCTION)
    return FunctionRef(name, namespace_of(document)) if name else None


def ref_of(document: Document) -> FunctionRef:
    """Return the reference of a `Function` resource."""
    return FunctionRef(name_of(document), namespace_of(document))


def revision_of(document: Document) -> int:
    """Return the number of the revision in the label of a child, or 0 without the label."""
    label = document["metadata"].get("labels", {}).get(REVISION, "")
    return int(label) if label.isdecimal() else 0


def owner_of(document: Document) -> str:
    """Return the uid of the controlling owner, or an empty text without one."""
    references = document["metadata"].get("ownerReferences", ())
    return next((r["uid"] for r in references if r.get("controller")), "")
