"""The kinds of objects of this backend, and the labels by which it finds them. Pure."""

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
class Kind:
    """A kind of the API."""

    version: str
    name: str
    plural: str

    def path(self, namespace: str | None = None, name: str = "") -> str:
        """The path of one object, of those in a namespace, or of all."""
        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        within = f"/namespaces/{namespace}" if namespace else ""
        return f"{root}{within}/{self.plural}" + (f"/{name}" if name else "")


FUNCTIONS: Final = Kind("plat.dev/v1alpha1", "Function", "functions")
REVISIONS: Final = Kind("apps/v1", "ControllerRevision", "controllerrevisions")
DEPLOYMENTS: Final = Kind("apps/v1", "Deployment", "deployments")
PODS: Final = Kind("v1", "Pod", "pods")
SERVICES: Final = Kind("v1", "Service", "services")
ACCOUNTS: Final = Kind("v1", "ServiceAccount", "serviceaccounts")
POLICIES: Final = Kind("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies")
BUDGETS: Final = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
SECRETS: Final = Kind("v1", "Secret", "secrets")
EVENTS: Final = Kind("v1", "Event", "events")


def namespace_of(document: Document) -> str:
    """The namespace of an object."""
    return str(document["metadata"].get("namespace", ""))


def name_of(document: Document) -> str:
    """The name of an object."""
    return str(document["metadata"]["name"])


def version_of(document: Document) -> int:
    """The resource version, by which a later state of an object is told from an earlier one."""
    return int(document["metadata"].get("resourceVersion") or 0)


def function_of(document: Document) -> FunctionRef | None:
    """The function that a child belongs to by its label."""
    name = document["metadata"].get("labels", {}).get(FUNCTION)
    return FunctionRef(name, namespace_of(document)) if name else None


def ref_of(document: Document) -> FunctionRef:
    """The function that a `Function` is."""
    return FunctionRef(name_of(document), namespace_of(document))


def revision_of(document: Document) -> int:
    """The number of the revision that a child belongs to; 0 where it says none."""
    label = document["metadata"].get("labels", {}).get(REVISION, "")
    return int(label) if label.isdecimal() else 0


def owner_of(document: Document) -> str:
    """The uid of the controlling owner; empty where there is none."""
    references = document["metadata"].get("ownerReferences", ())
    return next((r["uid"] for r in references if r.get("controller")), "")
