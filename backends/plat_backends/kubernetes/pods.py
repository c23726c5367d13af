"""Pod template of a revision. Pure.

Every pod meets the Pod Security Standard `restricted`, and no field of a function can change that.
For a fast start the template has no service links, no token and no init container, and it is probed
every second from the start.
"""

from __future__ import annotations

import math

from plat_core.model.function import EnvVar, FunctionSpec
from plat_core.model.quantities import cpu_cores, memory_bytes
from plat_core.ports import Revision

from plat_backends.kubernetes.kinds import FUNCTION, MANAGED_BY, MANAGER, REVISION, Document
from plat_backends.kubernetes.policy import (
    ACCOUNT,
    ANY_USER,
    DRAIN,
    STOP_GRACE,
    PodPolicy,
)
from plat_backends.replica.environment import PORT, SECRETS_PATH, contract_variables


def pod_labels(revision: Revision) -> dict[str, str]:
    """Return the labels of the pods of a revision."""
    return {
        FUNCTION: revision.ref.name,
        REVISION: str(revision.number),
        MANAGED_BY: MANAGER,
        "app.kubernetes.io/name": revision.ref.name,
    }


def template(revision: Revision, policy: PodPolicy) -> Document:
    """Return the pod template of a revision."""
    return {"metadata": {"labels": pod_labels(revision)}, "spec": _pod(revision, policy)}


def _pod(revision: Revision, policy: PodPolicy) -> Document:
    spec = revision.spec
    return {
        "serviceAccountName": ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": math.ceil(spec.timeout_seconds) + DRAIN + STOP_GRACE,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": ANY_USER,
            "runAsGroup": ANY_USER,
            "fsGroup": ANY_USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "topologySpreadConstraints": [_spread(revision)],
        "containers": [_container(revision, policy)],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": policy.temporary}},
            *(
                {"name": f"secret-{index}", "secret": {"secretName": name, "defaultMode": 0o440}}
                for index, name in enumerate(spec.secrets)
            ),
        ],
    }


def _spread(revision: Revision) -> Document:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {
            "matchLabels": {FUNCTION: revision.ref.name, REVISION: str(revision.number)}
        },
    }


def _container(revision: Revision, policy: PodPolicy) -> Document:
    return {
        "name": "function",
        "image": revision.image,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "env": _environment(revision, policy),
        "resources": _resources(revision.spec, policy),
        "readinessProbe": _probe("/_/ready", period=1, failures=3, timeout=2),
        "livenessProbe": _probe("/_/health", period=10, failures=6, timeout=5),
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN}}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - in the pod
            *(
                {
                    "name": f"secret-{index}",
                    "mountPath": f"{SECRETS_PATH}/{name}",
                    "readOnly": True,
                }
                for index, name in enumerate(revision.spec.secrets)
            ),
        ],
    }


def _probe(path: str, *, period: int, failures: int, timeout: int) -> Document:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period,
        "failureThreshold": failures,
        "timeoutSeconds": timeout,
    }


def _environment(revision: Revision, policy: PodPolicy) -> list[Document]:
    spec = revision.spec
    contract = contract_variables(revision)
    own = {variable.name for variable in spec.env}
    defaults = {"HOME": "/tmp", "LANG": "C.UTF-8", **policy.environment}  # noqa: S108
    plain = {name: value for name, value in defaults.items() if name not in own} | contract
    return [
        *({"name": name, "value": value} for name, value in plain.items()),
        {"name": "PLAT_REPLICA", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        *(_variable(variable) for variable in spec.env),
    ]


def _variable(variable: EnvVar) -> Document:
    if variable.value_from is None:
        # the API server drops an empty value
        value = {"value": _literal(variable.value)} if variable.value else {}
        return {"name": variable.name, **value}
    reference = variable.value_from.secret_key_ref
    selector: Document = {"name": reference.name, "key": reference.key}
    if reference.optional:
        selector["optional"] = True
    return {"name": variable.name, "valueFrom": {"secretKeyRef": selector}}


def _literal(value: str) -> str:
    """Escape `$(NAME)`, which Kubernetes would replace with another variable."""
    return value.replace("$(", "$$(")


def _resources(spec: FunctionSpec, policy: PodPolicy) -> Document:
    requests, limits = spec.resources.requests, spec.resources.limits
    memory_limit = limits.memory or _larger(policy.memory_limit, requests.memory)
    memory = requests.memory or min(policy.memory, memory_limit, key=memory_bytes)
    cpu = requests.cpu or min(policy.cpu, limits.cpu or policy.cpu, key=cpu_cores)
    return {
        "requests": {"cpu": cpu, "memory": memory},
        "limits": {"memory": memory_limit} | ({"cpu": limits.cpu} if limits.cpu else {}),
    }


def _larger(default: str, request: str | None) -> str:
    return max(default, request or default, key=memory_bytes)
