"""Manifests of the objects that run a function. Pure.

The function is the controlling owner of each child, so the garbage collector deletes the children
with the function, even if no operator runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from plat_core.model.amounts import quantity
from plat_core.model.names import FunctionRef
from plat_core.ports import Revision

from plat_backends.kubernetes.kinds import (
    ACCOUNTS,
    BUDGETS,
    DEPLOYMENTS,
    FUNCTION,
    FUNCTIONS,
    MANAGED_BY,
    MANAGER,
    POLICIES,
    REVISION,
    REVISIONS,
    SERVICES,
    Document,
    ResourceKind,
)
from plat_backends.kubernetes.pods import pod_labels, template
from plat_backends.kubernetes.policy import (
    ACCOUNT,
    NETWORK_POLICY,
    PULL_SECRETS,
    PodPolicy,
)
from plat_backends.replica.environment import PORT

SERVICE_NAME_LENGTH = 63
_IPV6 = {"cidr": "::/0", "except": ["fe80::/10"]}


def deployment(revision: Revision, policy: PodPolicy, *, owner: str, replicas: int) -> Document:
    """Return the Deployment of a revision; `owner` is the uid of its function."""
    return _child(DEPLOYMENTS, revision.ref, revision.name, owner, pod_labels(revision)) | {
        "spec": {
            "replicas": replicas,
            "revisionHistoryLimit": 0,
            "progressDeadlineSeconds": policy.start,
            "selector": {
                "matchLabels": {FUNCTION: revision.ref.name, REVISION: str(revision.number)}
            },
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
            },
            "template": template(revision, policy),
        }
    }


def service(ref: FunctionRef, *, owner: str, serving: int) -> Document:
    """Return the Service through which pods of the cluster reach the serving revision."""
    return _child(SERVICES, ref, service_name(ref), owner) | {
        "spec": {
            "selector": {FUNCTION: ref.name, REVISION: str(serving)},
            "ports": [{"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP"}],
        }
    }


def service_name(ref: FunctionRef) -> str:
    """Return the name of the Service, with a prefix if the function's name starts with a digit."""
    if ref.name[0].isalpha():
        return ref.name
    name = f"fn-{ref.name}"
    if len(name) <= SERVICE_NAME_LENGTH:
        return name
    digest = hashlib.sha256(ref.name.encode()).hexdigest()[:8]
    return f"{name[: SERVICE_NAME_LENGTH - 9]}-{digest}"


def budget(ref: FunctionRef, *, owner: str) -> Document:
    """Return the disruption budget: the drain of a node evicts one replica at a time."""
    return _child(BUDGETS, ref, ref.name, owner) | {
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": {FUNCTION: ref.name}},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        }
    }


def revision_object(revision: Revision, *, owner: str) -> Document:
    """Return the ControllerRevision that stores a revision."""
    child = _child(REVISIONS, revision.ref, revision.name, owner)
    return child | {
        "revision": revision.number,
        "data": {
            "image": revision.image,
            "created": revision.created.isoformat(),
            "secrets": dict(revision.secrets),
            **({"source": revision.source} if revision.source else {}),
            **({"commit": revision.commit} if revision.commit else {}),
            "spec": revision.spec.document(),
        },
    }


def account(namespace: str, pull_secrets: Sequence[str] = ()) -> Document:
    """Return the service account of function pods, which has no permission and no token.

    Admission adds the `pull_secrets` of the account to each new pod.
    """
    document = _shared(ACCOUNTS, namespace, ACCOUNT) | {"automountServiceAccountToken": False}
    document["metadata"]["annotations"] = {PULL_SECRETS: ",".join(pull_secrets)}
    if pull_secrets:
        document["imagePullSecrets"] = [{"name": name} for name in pull_secrets]
    return document


def network_policy(namespace: str, policy: PodPolicy) -> Document:
    """Return the policy that allows calls from the platform's namespace only.

    Functions cannot call each other. They may send requests to all addresses except link-local
    ones, where clouds serve credentials.
    """
    return _shared(POLICIES, namespace, NETWORK_POLICY) | {
        "spec": {
            "podSelector": {"matchExpressions": [{"key": FUNCTION, "operator": "Exists"}]},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {
                    "from": [
                        {
                            "namespaceSelector": {
                                "matchLabels": {"kubernetes.io/metadata.name": policy.namespace}
                            }
                        }
                    ],
                    "ports": [{"port": PORT, "protocol": "TCP"}],
                }
            ],
            "egress": [
                {"to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}]},
                *([{"to": [{"ipBlock": _IPV6}]}] if policy.ipv6 else []),
                {"to": [{"namespaceSelector": {}}]},
            ],
        }
    }


def contains(live: Any, desired: Any, *, quantities: bool = False) -> bool:
    """Return whether `live` has all fields of `desired`; additional fields belong to others.

    With `quantities`, texts are compared as quantities: the API server stores `1000m` as `1`.
    """
    if isinstance(desired, dict):
        return isinstance(live, dict) and all(
            key in live and contains(live[key], value, quantities=quantities or key == "resources")
            for key, value in desired.items()
        )
    if isinstance(desired, list):
        return isinstance(live, list) and _contains_items(live, desired, quantities)
    if quantities and isinstance(desired, str) and isinstance(live, str):
        return quantity(desired) == quantity(live)
    return bool(desired == live)


def _contains_items(live: list[Any], desired: list[Any], quantities: bool) -> bool:
    """Compare named items by name, like server-side apply, and other items by position."""
    if desired and all(isinstance(item, dict) and "name" in item for item in [*desired, *live]):
        named = {item["name"]: item for item in live}
        return all(contains(named.get(d["name"]), d, quantities=quantities) for d in desired)
    return len(desired) == len(live) and all(
        contains(item, d, quantities=quantities) for item, d in zip(live, desired, strict=True)
    )


def _child(
    kind: ResourceKind,
    ref: FunctionRef,
    name: str,
    owner: str,
    labels: dict[str, str] | None = None,
) -> Document:
    document = _shared(kind, ref.namespace, name)
    document["metadata"]["labels"] = {FUNCTION: ref.name, MANAGED_BY: MANAGER, **(labels or {})}
    document["metadata"]["ownerReferences"] = [
        {
            "apiVersion": FUNCTIONS.version,
            "kind": FUNCTIONS.name,
            "name": ref.name,
            "uid": owner,
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    return document


def _shared(kind: ResourceKind, namespace: str, name: str) -> Document:
    return {
        "apiVersion": kind.version,
        "kind": kind.name,
        "metadata": {"name": name, "namespace": namespace, "labels": {MANAGED_BY: MANAGER}},
    }
