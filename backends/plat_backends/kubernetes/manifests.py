"""From a function and its revisions to the objects that run it: pure, compared as whole documents.

Each child has the function as its controlling owner: it goes when the function goes, whoever
deletes it, and whether or not an operator runs.
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
    Kind,
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
    """The Deployment of one revision; `owner` is the uid of its function."""
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
    """The Service through which pods of the cluster reach the revision that serves."""
    return _child(SERVICES, ref, service_name(ref), owner) | {
        "spec": {
            "selector": {FUNCTION: ref.name, REVISION: str(serving)},
            "ports": [{"name": "http", "port": 80, "targetPort": PORT, "protocol": "TCP"}],
        }
    }


def service_name(ref: FunctionRef) -> str:
    """The function's name; one that begins with a digit, as a Service's may not, gets a prefix."""
    if ref.name[0].isalpha():
        return ref.name
    name = f"fn-{ref.name}"
    if len(name) <= SERVICE_NAME_LENGTH:
        return name
    digest = hashlib.sha256(ref.name.encode()).hexdigest()[:8]
    return f"{name[: SERVICE_NAME_LENGTH - 9]}-{digest}"


def budget(ref: FunctionRef, *, owner: str) -> Document:
    """At most one replica at a time is taken away by the drain of a node."""
    return _child(BUDGETS, ref, ref.name, owner) | {
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": {FUNCTION: ref.name}},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        }
    }


def revision_object(revision: Revision, *, owner: str) -> Document:
    """A revision as it is stored."""
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
    """The identity of function pods: it may do nothing, and has no token.

    Admission gives the `pull_secrets` of the account to each pod that is made from then on.
    """
    document = _shared(ACCOUNTS, namespace, ACCOUNT) | {"automountServiceAccountToken": False}
    document["metadata"]["annotations"] = {PULL_SECRETS: ",".join(pull_secrets)}
    if pull_secrets:
        document["imagePullSecrets"] = [{"name": name} for name in pull_secrets]
    return document


def network_policy(namespace: str, policy: PodPolicy) -> Document:
    """Functions are called from the platform's namespace alone, and do not call each other.

    They may call out, but for the addresses at which clouds give out credentials.
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


def holds(wanted: Any, live: Any, *, amounts: bool = False) -> bool:
    """Whether `live` has all that `wanted` says; what it has beside that is somebody else's.

    `amounts`: texts are quantities, which the API server writes in its own way (`1000m` is `1`).
    """
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(
            key in live and holds(value, live[key], amounts=amounts or key == "resources")
            for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(live, list) and _holds_items(wanted, live, amounts)
    if amounts and isinstance(wanted, str) and isinstance(live, str):
        return quantity(wanted) == quantity(live)
    return bool(wanted == live)


def _holds_items(wanted: list[Any], live: list[Any], amounts: bool) -> bool:
    """Items with a name are found by it, as server-side apply does; others stand where they do."""
    if wanted and all(isinstance(item, dict) and "name" in item for item in [*wanted, *live]):
        named = {item["name"]: item for item in live}
        return all(holds(item, named.get(item["name"]), amounts=amounts) for item in wanted)
    pairs = zip(wanted, live, strict=False)
    return len(wanted) == len(live) and all(holds(w, there, amounts=amounts) for w, there in pairs)


def _child(
    kind: Kind,
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


def _shared(kind: Kind, namespace: str, name: str) -> Document:
    return {
        "apiVersion": kind.version,
        "kind": kind.name,
        "metadata": {"name": name, "namespace": namespace, "labels": {MANAGED_BY: MANAGER}},
    }
