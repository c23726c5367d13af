"""The errors for a function or a secret that does not exist."""

from __future__ import annotations

from plat_core.errors import FunctionNotFound, SecretNotFound
from plat_core.fix import Fix
from plat_core.model.names import FunctionRef


def function_not_found(ref: FunctionRef) -> FunctionNotFound:
    """Return the error for a function that is not stored."""
    return FunctionNotFound(f"there is no function {ref}", fix=Fix("list-functions"))


def secret_not_found(name: str) -> SecretNotFound:
    """Return the error for a secret that is not stored."""
    return SecretNotFound(f"there is no secret {name}", fix=Fix("set-secret", {"name": name}))
