"""From a revision to the pod template that runs it. Pure.

Pod Security `restricted` holds for every pod, and there is no field of a function through which a
user could ask for more. The template is as lean as a quick start wants it: no service links, no
token, no init container, a readiness probe each second from the first one on.
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
    """The labels by which the pods of a revision are found."""
    return {
        FUNCTION: revision.ref.name,
        REVISION: str(revision.number),
        MANAGED_BY: MANAGER,
        "app.kubernetes.io/name": revision.ref.name,
    }


def template(revision: Revision, policy: PodPolicy) -> Document:
    """The pod template."""
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
        # the API server leaves an empty value out
        value = {"value": _literal(variable.value)} if variable.value else {}
        return {"name": variable.name, **value}
    reference = variable.value_from.secret_key_ref
    wanted: Document = {"name": reference.name, "key": reference.key}
    if reference.optional:
        wanted["optional"] = True
    return {"name": variable.name, "valueFrom": {"secretKeyRef": wanted}}


def _literal(value: str) -> str:
    """Kubernetes would put other variables in for `$(NAME)`; elsewhere a value is what it says."""
    return value.replace("$(", "$$(")


def _resources(spec: FunctionSpec, policy: PodPolicy) -> Document:
    asked, limited = spec.resources.requests, spec.resources.limits
    memory_limit = limited.memory or _most(policy.memory_limit, asked.memory)
    limits = {"memory": memory_limit} | ({"cpu": limited.cpu} if limited.cpu else {})
    memory = asked.memory or min(policy.memory, memory_limit, key=memory_bytes)
    cpu = asked.cpu or min(policy.cpu, limited.cpu or policy.cpu, key=cpu_cores)
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": limits}


def _most(default: str, asked: str | None) -> str:
    return max(default, asked or default, key=memory_bytes)
