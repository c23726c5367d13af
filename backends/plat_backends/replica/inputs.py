"""Variables and secret files that a replica receives from its user.

`fetch_secrets` reads the secret store; all other functions are pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from plat_core.errors import SecretNotFound
from plat_core.model.function import FunctionSpec
from plat_core.ports import Failure, Revision, SecretStore

SECRET_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")

SecretValues = Mapping[str, Mapping[str, str] | None]
"""The keys and values of each secret, by name; None for a secret that does not exist."""


class CannotStart(Exception):
    """A replica cannot be started, for the reason in `failure`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


async def fetch_secrets(revision: Revision, store: SecretStore) -> SecretValues:
    """Return the current values of every secret that the revision names."""
    found: dict[str, Mapping[str, str] | None] = {}
    for name in sorted(revision.spec.secret_names):
        try:
            found[name] = await store.get(revision.ref.namespace, name)
        except SecretNotFound:
            found[name] = None
    return found


def user_variables(spec: FunctionSpec, secrets: SecretValues) -> dict[str, str]:
    """Return the function's own variables; raises CannotStart."""
    variables = {}
    for variable in spec.env:
        if variable.value_from is None:
            variables[variable.name] = variable.value or ""
            continue
        reference = variable.value_from.secret_key_ref
        value = (secrets.get(reference.name) or {}).get(reference.key)
        if value is None and not reference.optional:
            key = f"key {reference.key} of " if secrets.get(reference.name) is not None else ""
            raise _missing(f"{key}secret {reference.name}", f"the variable {variable.name}")
        if value is not None and "\0" in value:
            raise CannotStart(
                Failure(
                    "SecretInvalid",
                    f"key {reference.key} of secret {reference.name} has a NUL character, "
                    f"which the variable {variable.name} cannot hold; mount it as a file",
                )
            )
        if value is not None:
            variables[variable.name] = value
    return variables


def secret_files(spec: FunctionSpec, secrets: SecretValues) -> dict[str, Mapping[str, str]]:
    """Return the files of each mounted secret, by name and key; raises CannotStart."""
    mounted: dict[str, Mapping[str, str]] = {}
    for name in spec.secrets:
        values = secrets[name]
        if values is None:
            raise _missing(f"secret {name}", "spec.secrets")
        for key in values:
            if not SECRET_KEY.fullmatch(key) or key in (".", ".."):
                message = f"a key of secret {name} cannot be the name of a file"
                raise CannotStart(Failure("SecretInvalid", message))
        mounted[name] = values
    return mounted


def _missing(subject: str, user: str) -> CannotStart:
    return CannotStart(Failure("SecretNotFound", f"there is no {subject}, which {user} needs"))
