"""The gateways of an installation, derived from their pods. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plat_backends.kubernetes.kinds import Document, name_of


@dataclass(frozen=True, slots=True)
class Gateways:
    """The peers of a gateway: `ready` are the names of ready ones, `addresses` the hosts of all."""

    ready: frozenset[str]
    addresses: Mapping[str, str]


def gateways(pods: Iterable[Document], own: str) -> Gateways:
    """Return the gateways except the pod `own`; a pod that is being deleted is not ready."""
    ready, addresses = set(), {}
    for pod in pods:
        status, name = pod.get("status", {}), name_of(pod)
        host = status.get("podIP")
        if name == own or not host or status.get("phase") in ("Succeeded", "Failed"):
            continue
        addresses[name] = f"[{host}]" if ":" in host else str(host)
        conditions = {c["type"]: c["status"] for c in status.get("conditions", ())}
        if conditions.get("Ready") == "True" and "deletionTimestamp" not in pod["metadata"]:
            ready.add(name)
    return Gateways(frozenset(ready), addresses)
