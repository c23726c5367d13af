"""Environment variables that a replica receives from the platform. Pure.

`PORT` and `K_*` follow the Knative runtime contract, `PLAT_*` follows runtimes/CONTRACT.md.
"""

from __future__ import annotations

from typing import Final

from plat_core.ports import Revision

PORT: Final = 8080
SECRETS_PATH: Final = "/var/run/secrets/plat"
"""Directory of the mounted secrets in a container."""


def contract_variables(
    revision: Revision, *, secrets_path: str = SECRETS_PATH, default_handler: str = ""
) -> dict[str, str]:
    """Return the variables of the runtime contract, except `PLAT_REPLICA`.

    `default_handler` applies to a function that names no handler. An image brings its handler, so
    `PLAT_HANDLER` is left out if both are empty.
    """
    spec, name = revision.spec, revision.ref.name
    handler = spec.handler or default_handler
    return {
        "PORT": str(PORT),
        "K_SERVICE": name,
        "K_CONFIGURATION": name,
        "K_REVISION": revision.name,
        "PLAT_FUNCTION": str(revision.ref),
        "PLAT_REVISION": revision.name,
        "PLAT_TIMEOUT": f"{spec.timeout_seconds:g}",
        "PLAT_CONCURRENCY": str(spec.concurrency),
        "PLAT_LOG_TAGS": "1",
        "PLAT_SECRETS_DIR": secrets_path,
        **({"PLAT_HANDLER": handler} if handler else {}),
    }
