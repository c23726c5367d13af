"""The container of a replica: its name, its labels and its document. Pure.

The document is the body of Docker's `POST /containers/create`
(https://docs.docker.com/reference/api/engine/). No field of a function grants more rights than are
given here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plat_core.model.names import FunctionRef
from plat_core.model.quantities import cpu_cores, memory_bytes
from plat_core.ports import Revision

from plat_backends.replica.environment import SECRETS_PATH, contract_variables

LOADER_PATH = "/secrets"
ANY_USER = "65532:65532"
"""User of a container whose image names no user, or root."""

STOP_GRACE = 10.0
"""Seconds to exit after SIGTERM, in addition to the timeout of the function."""

MANAGED = "plat.dev/managed"
INSTANCE = "plat.dev/instance"
FUNCTION = "plat.dev/function"
NAMESPACE = "plat.dev/namespace"
REVISION = "plat.dev/revision"
REPLICA = "plat.dev/replica"
LOADER = "plat.dev/loader"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ContainerPolicy:
    """Settings of all containers of this installation.

    `instance` distinguishes installations on one Docker; functions run in `network`. `memory` is
    the default limit in bytes. `shares` is the CPU weight of a function without a CPU request: half
    of the 1024 of the platform's services. `environment` holds proxy and CA variables. At most
    `paused` containers are frozen.
    """

    instance: str = "plat"
    network: str = "plat-functions"
    environment: Mapping[str, str] = field(default_factory=dict)
    memory: int = 512 * 1024**2
    shares: int = 512
    paused: int = 16
    pids: int = 512
    temporary: int = 64 * 1024**2
    log_size: str = "5m"


@dataclass(frozen=True, slots=True)
class ReplicaName:
    """Identity of a replica; `container` is its name in Docker."""

    ref: FunctionRef
    revision: int
    id: str
    container: str


def owner_labels(policy: ContainerPolicy) -> dict[str, str]:
    """Return the labels of all objects of this installation."""
    return {MANAGED: "true", INSTANCE: policy.instance}


def is_own_container(labels: Mapping[str, str]) -> bool:
    """Return whether the platform created the container.

    Owner labels alone do not prove it: built images carry them, and any container inherits the
    labels of its image.
    """
    return REPLICA in labels or LOADER in labels


def replica_labels(name: ReplicaName, policy: ContainerPolicy) -> dict[str, str]:
    """Return the labels of a replica's container."""
    return owner_labels(policy) | {
        FUNCTION: name.ref.name,
        NAMESPACE: name.ref.namespace,
        REVISION: str(name.revision),
        REPLICA: name.id,
    }


def read_replica_name(container: str, labels: Mapping[str, str]) -> ReplicaName | None:
    """Return the identity in the labels, or None if they are not those of a replica."""
    try:
        ref = FunctionRef(labels[FUNCTION], labels[NAMESPACE])
        return ReplicaName(ref, int(labels[REVISION]), labels[REPLICA], container)
    except (KeyError, ValueError):
        return None


def container(
    name: ReplicaName,
    revision: Revision,
    policy: ContainerPolicy,
    *,
    values: Mapping[str, str],
    user: str,
) -> Document:
    """Return the container of one replica.

    `values` are the variables of the function, `user` is the USER of the image.
    """
    document: Document = {
        "Image": revision.image,
        "Hostname": name.id[:63].rstrip("-"),
        "Env": [f"{k}={v}" for k, v in sorted(_environment(name, revision, policy, values))],
        "Labels": replica_labels(name, policy),
        "StopSignal": "SIGTERM",
        "StopTimeout": math.ceil(revision.spec.timeout_seconds + STOP_GRACE),
        "HostConfig": _host_config(name, revision, policy),
        "NetworkingConfig": {"EndpointsConfig": {policy.network: {}}},
    }
    if user.partition(":")[0] in ("", "root", "0"):
        document["User"] = ANY_USER
    return document


def _environment(
    name: ReplicaName,
    revision: Revision,
    policy: ContainerPolicy,
    values: Mapping[str, str],
) -> list[tuple[str, str]]:
    defaults = {"HOME": "/tmp", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}  # noqa: S108
    contract = contract_variables(revision) | {"PLAT_REPLICA": name.id}
    return list((defaults | dict(policy.environment) | dict(values) | contract).items())


def _host_config(name: ReplicaName, revision: Revision, policy: ContainerPolicy) -> Document:
    limits, requests = revision.spec.resources.limits, revision.spec.resources.requests
    memory = memory_bytes(limits.memory) if limits.memory else policy.memory
    config: Document = {
        "NetworkMode": policy.network,
        "RestartPolicy": {"Name": "no"},
        "Init": True,
        "ReadonlyRootfs": True,
        "Tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={policy.temporary}"},  # noqa: S108
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true"],
        "PidsLimit": policy.pids,
        "Memory": memory,
        "MemorySwap": memory,
        "LogConfig": {
            "Type": "json-file",
            "Config": {"max-size": policy.log_size, "max-file": "2"},
        },
    }
    if limits.cpu:
        config["NanoCpus"] = round(cpu_cores(limits.cpu) * 1e9)
    shares = round(cpu_cores(requests.cpu) * 1024) if requests.cpu else policy.shares
    config["CpuShares"] = max(2, shares)
    if requests.memory:
        config["MemoryReservation"] = min(memory_bytes(requests.memory), memory)
    if revision.spec.secrets:
        config["Mounts"] = [_volume(secret_volume(name), SECRETS_PATH, read_only=True)]
    return config


def secret_volume(name: ReplicaName) -> str:
    """Return the volume with the secret files of one replica."""
    return f"{name.container}-secrets"


def loader_name(name: ReplicaName) -> str:
    """Return the name of the container that fills the volume of secrets."""
    return f"{name.container}-loader"


def loader(name: ReplicaName, revision: Revision, policy: ContainerPolicy) -> Document:
    """Return a container that is never started; Docker uploads files only through a container."""
    return {
        "Image": revision.image,
        "Labels": owner_labels(policy) | {LOADER: "true"},
        "HostConfig": {
            "NetworkMode": "none",
            "Mounts": [_volume(secret_volume(name), LOADER_PATH, read_only=False)],
        },
    }


def _volume(volume: str, target: str, *, read_only: bool) -> Document:
    return {"Type": "volume", "Source": volume, "Target": target, "ReadOnly": read_only}
