"""Environment of a replica process. Pure.

It is built from scratch: a replica inherits no variable of the platform except proxies and CAs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plat_core.model.build import EnvironmentArtifact
from plat_core.ports import Revision

from plat_backends.embedded.paths import ReplicaPaths
from plat_backends.replica.environment import contract_variables
from plat_backends.replica.inputs import SecretValues, user_variables

INSTANCE_VARIABLE = "PLAT_INSTANCE"
"""Variable that marks a process as a replica of one platform, in whatever session it runs."""
NETWORK_VARIABLES = frozenset(
    f"{name}"
    for lower in ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
    for name in (lower, lower.upper())
) | {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"}
"""Variables of the platform that a replica inherits."""
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A replica process: its platform, name, revision and artifact, and its paths."""

    instance: str
    replica: str
    revision: Revision
    artifact: EnvironmentArtifact
    paths: ReplicaPaths


def process_environment(
    identity: ProcessIdentity, secrets: SecretValues, network: Mapping[str, str]
) -> dict[str, str]:
    """Return all variables of a replica; raises CannotStart for a missing secret or key."""
    revision, artifact, paths = identity.revision, identity.artifact, identity.paths
    spec = revision.spec
    return {
        "PATH": f"{artifact.python.parent}:{SYSTEM_PATH}",
        "LANG": "C.UTF-8",
        "HOME": str(paths.home),
        "TMPDIR": str(paths.tmp),
        "PYTHONUNBUFFERED": "1",
        **{name: value for name, value in network.items() if name in NETWORK_VARIABLES},
        **user_variables(spec, secrets),
        # overrides a PLAT_HANDLER among the user's variables if spec and artifact name no handler
        "PLAT_HANDLER": "",
        **contract_variables(
            revision, secrets_path=str(paths.secrets), default_handler=artifact.handler or ""
        ),
        INSTANCE_VARIABLE: identity.instance,
        "PLAT_REPLICA": identity.replica,
        "PLAT_SOCKET": str(paths.socket),
        "PLAT_CODE": str(artifact.code),
        "PLAT_SITE": ":".join(map(str, artifact.site)),
        "PLAT_TERMINATION_LOG": str(paths.termination),
        **({"PLAT_DEBUGPY": f"127.0.0.1:{spec.debug}"} if spec.debug else {}),
    }
