"""What a replica gets from the user: variables and secret files, and why it cannot have them.

The lookup asks the secret store; all else is pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from plat_core.errors import SecretNotFound
from plat_core.model.function import FunctionSpec
from plat_core.ports import Failure, Revision, SecretStore

SECRET_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")

Secrets = Mapping[str, Mapping[str, str] | None]
"""By name; None for one that is missing."""


class CannotStart(Exception):
    """A replica cannot even be started; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


async def look_up(revision: Revision, store: SecretStore) -> Secrets:
    """Every secret that the revision names, as it is now."""
    found: dict[str, Mapping[str, str] | None] = {}
    for name in sorted(revision.spec.secret_names):
        try:
            found[name] = await store.get(revision.ref.namespace, name)
        except SecretNotFound:
            found[name] = None
    return found


def user_variables(spec: FunctionSpec, secrets: Secrets) -> dict[str, str]:
    """The function's own variables. Raises CannotStart."""
    found = {}
    for variable in spec.env:
        if variable.value_from is None:
            found[variable.name] = variable.value or ""
            continue
        wanted = variable.value_from.secret_key_ref
        value = (secrets.get(wanted.name) or {}).get(wanted.key)
        if value is None and not wanted.optional:
            key = f"key {wanted.key} of " if secrets.get(wanted.name) is not None else ""
            raise missing(f"{key}secret {wanted.name}", f"the variable {variable.name}")
        if value is not None and "\0" in value:
            raise CannotStart(
                Failure(
                    "SecretInvalid",
                    f"key {wanted.key} of secret {wanted.name} has a NUL character, "
                    f"which the variable {variable.name} cannot hold; mount it as a file",
                )
            )
        if value is not None:
            found[variable.name] = value
    return found


def secret_files(spec: FunctionSpec, secrets: Secrets) -> dict[str, Mapping[str, str]]:
    """The secrets that are mounted, each with its files. Raises CannotStart."""
    mounted: dict[str, Mapping[str, str]] = {}
    for name in spec.secrets:
        values = secrets[name]
        if values is None:
            raise missing(f"secret {name}", "spec.secrets")
        for key in values:
            if not SECRET_KEY.fullmatch(key) or key in (".", ".."):
                message = f"a key of secret {name} cannot be the name of a file"
                raise CannotStart(Failure("SecretInvalid", message))
        mounted[name] = values
    return mounted


def missing(what: str, who: str) -> CannotStart:
    """The failure of a secret that is not there."""
    return CannotStart(Failure("SecretNotFound", f"there is no {what}, which {who} needs"))
