"""From a revision to the container that runs it: pure, compared as whole documents in the tests.

The document is the body of Docker's `POST /containers/create`
(https://docs.docker.com/reference/api/engine/). There is no field through which a user could ask
for more than is given here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from plat_core.model.names import FunctionRef
from plat_core.model.quantities import cpu_cores, memory_bytes
from plat_core.ports import Revision

PORT = 8080
SECRETS_PATH = "/var/run/secrets/plat"
LOADER_PATH = "/secrets"
ANY_USER = "65532:65532"
"""Who runs in an image that names nobody, or root."""

STOP_GRACE = 10.0
"""Seconds that a replica has beside the function's timeout to end after SIGTERM."""

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
    """What holds for every container of this installation.

    `instance` keeps two installations on one Docker apart; `network` is where functions run;
    `memory`, in bytes, is the limit of a function that names none; `shares` is the weight of one
    that requests no processor, where all are busy: half of that of the platform's own services,
    which have Docker's 1024. `environment` is what a company's network needs in every container;
    `paused` is how many may be frozen at once.
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
    """Which replica a container is; `container` is its name in Docker."""

    ref: FunctionRef
    revision: int
    id: str
    container: str


def owner_labels(policy: ContainerPolicy) -> dict[str, str]:
    """The labels of everything that this installation owns."""
    return {MANAGED: "true", INSTANCE: policy.instance}


def ours(labels: Mapping[str, str]) -> bool:
    """Whether we made that container. The images that we build carry the labels of their owner,
    and a container that somebody runs of one inherits them.
    """
    return REPLICA in labels or LOADER in labels


def replica_labels(name: ReplicaName, policy: ContainerPolicy) -> dict[str, str]:
    """The labels by which a container is found again."""
    return owner_labels(policy) | {
        FUNCTION: name.ref.name,
        NAMESPACE: name.ref.namespace,
        REVISION: str(name.revision),
        REPLICA: name.id,
    }


def named(container: str, labels: Mapping[str, str]) -> ReplicaName | None:
    """Read the labels back; None where they are not those of a replica."""
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
    """The container of one replica; `values` are the user's variables, `user` the image's USER."""
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
    spec = revision.spec
    ours = {
        "PORT": str(PORT),
        "K_SERVICE": name.ref.name,
        "K_CONFIGURATION": name.ref.name,
        "K_REVISION": revision.name,
        "PLAT_FUNCTION": str(name.ref),
        "PLAT_REVISION": revision.name,
        "PLAT_REPLICA": name.id,
        "PLAT_TIMEOUT": f"{spec.timeout_seconds:g}",
        "PLAT_CONCURRENCY": str(spec.concurrency),
        "PLAT_LOG_TAGS": "1",
        "PLAT_SECRETS_DIR": SECRETS_PATH,
    }
    if spec.handler:
        ours["PLAT_HANDLER"] = spec.handler
    ground = {"HOME": "/tmp", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}  # noqa: S108
    return list((ground | dict(policy.environment) | dict(values) | ours).items())


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
    """The volume that holds the secret files of one replica."""
    return f"{name.container}-secrets"


def loader_name(name: ReplicaName) -> str:
    """The container through which the secret files get into their volume."""
    return f"{name.container}-loader"


def loader(name: ReplicaName, revision: Revision, policy: ContainerPolicy) -> Document:
    """A container that is never started: Docker fills a volume only through one that mounts it."""
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
