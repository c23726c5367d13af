"""The ports of secrets: their values, and their versions for services that may not read values."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from typing import Protocol

from plat_core.model.names import SecretRef


class SecretStore(Protocol):
    """Named sets of secret values. Only `get` and the replicas themselves expose values."""

    async def put(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        """Create or replace the secret."""
        ...

    async def get(self, namespace: str, name: str) -> Mapping[str, str]:
        """Return the values; raise SecretNotFound if there is no such secret."""
        ...

    async def list(self, namespace: str) -> Mapping[str, Sequence[str]]:
        """Return the names of all secrets, each with the names of its keys."""
        ...

    async def delete(self, namespace: str, name: str) -> None:
        """Delete the secret; raise SecretNotFound if there is no such secret."""
        ...


class SecretVersions(Protocol):
    """Existence and changes of secrets, without their values."""

    async def versions(self, namespace: str, names: Collection[str]) -> Mapping[str, str]:
        """Return an opaque version of each of these secrets that exists.

        A version changes if and only if the values change, and does not disclose them.
        """
        ...

    def watch(self) -> AsyncGenerator[SecretRef, None]:
        """Yield each secret that is created, changed or deleted from this call on.

        Changes may be merged, but are never lost. Ends when it is closed.
        """
        ...
