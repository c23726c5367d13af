"""What a replica finds in its environment: made from nothing, so that nothing of ours leaks. Pure.

The names are the runtime contract: PORT and K_* by Knative's, PLAT_* by ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plat_core.model.build import EnvironmentArtifact
from plat_core.ports import Revision

from plat_backends.embedded.places import ReplicaPlaces
from plat_backends.replica.inputs import SecretValues, user_variables

MARK = "PLAT_INSTANCE"
"""The variable by which a process is known as ours, whatever session it moved to."""
NETWORK = frozenset(
    f"{name}"
    for lower in ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
    for name in (lower, lower.upper())
) | {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"}
"""What of a company's network reaches a replica."""
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a replica is: of which platform, revision and artifact, and where it may write."""

    instance: str
    replica: str
    revision: Revision
    artifact: EnvironmentArtifact
    places: ReplicaPlaces


def environment(who: Identity, secrets: SecretValues, network: Mapping[str, str]) -> dict[str, str]:
    """All variables of a replica. Raises CannotStart for a secret or key that is missing."""
    revision, artifact, places = who.revision, who.artifact, who.places
    spec = revision.spec
    return {
        "PATH": f"{artifact.python.parent}:{SYSTEM_PATH}",
        "LANG": "C.UTF-8",
        "HOME": str(places.home),
        "TMPDIR": str(places.tmp),
        "PYTHONUNBUFFERED": "1",
        **{name: value for name, value in network.items() if name in NETWORK},
        **user_variables(spec, secrets),
        "PORT": "8080",
        "K_SERVICE": revision.ref.name,
        "K_REVISION": revision.name,
        MARK: who.instance,
        "PLAT_FUNCTION": str(revision.ref),
        "PLAT_REVISION": revision.name,
        "PLAT_REPLICA": who.replica,
        "PLAT_SOCKET": str(places.socket),
        "PLAT_CODE": str(artifact.code),
        "PLAT_SITE": ":".join(map(str, artifact.site)),
        "PLAT_HANDLER": spec.handler or artifact.handler or "",
        "PLAT_TIMEOUT": f"{spec.timeout_seconds:g}",
        "PLAT_CONCURRENCY": str(spec.concurrency),
        "PLAT_LOG_TAGS": "1",
        "PLAT_TERMINATION_LOG": str(places.termination),
        "PLAT_SECRETS_DIR": str(places.secrets),
        **({"PLAT_DEBUGPY": f"127.0.0.1:{spec.debug}"} if spec.debug else {}),
    }
