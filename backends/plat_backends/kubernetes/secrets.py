"""Secrets of functions, stored as Kubernetes Secrets."""

from __future__ import annotations

import base64
import builtins
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence

from plat_core.errors import Conflict, SecretNotFound
from plat_core.fix import Fix
from plat_core.model.names import SecretRef
from plat_core.notifications import Notifier

from plat_backends.kubernetes.api import Api
from plat_backends.kubernetes.api_errors import ObjectNotFound
from plat_backends.kubernetes.cache import Cache
from plat_backends.kubernetes.kinds import (
    MANAGED_BY,
    MANAGER,
    SECRETS,
    SELECTOR,
    Document,
    name_of,
    namespace_of,
    version_of,
)

FIELD_MANAGER = "plat-gateway"


class KubernetesSecretStore:
    """`SecretStore` over Secrets with plat's label; others are never read or replaced."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def put(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        """See `SecretStore.put`; raises Conflict if a Secret without the label has the name."""
        path = SECRETS.path(namespace, name)
        try:
            live = await self._api.read(path)
        except ObjectNotFound:
            live = None
        if live is not None and not _is_managed(live):
            raise Conflict(
                f"secret {name} exists already and is not managed by plat",
                fix=Fix("choose-secret-name", {"name": name, "namespace": namespace}),
            )
        document: Document = {
            "apiVersion": SECRETS.version,
            "kind": SECRETS.name,
            "metadata": {"name": name, "namespace": namespace, "labels": {MANAGED_BY: MANAGER}},
            "data": {k: base64.b64encode(v.encode()).decode() for k, v in values.items()},
        }
        await self._api.apply(path, document, manager=FIELD_MANAGER)

    async def get(self, namespace: str, name: str) -> Mapping[str, str]:
        """See `SecretStore.get`."""
        found = await self._find(namespace, name)
        data = found.get("data") or {}
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    async def list(self, namespace: str) -> Mapping[str, Sequence[str]]:
        """See `SecretStore.list`."""
        page = await self._api.read(SECRETS.path(namespace), labelSelector=SELECTOR)
        items: builtins.list[Document] = page["items"]
        return {name_of(item): sorted(item.get("data") or {}) for item in items}

    async def delete(self, namespace: str, name: str) -> None:
        """See `SecretStore.delete`."""
        found = await self._find(namespace, name)
        path = SECRETS.path(namespace, name)
        await self._api.delete(path, uid=found["metadata"]["uid"])

    async def _find(self, namespace: str, name: str) -> Document:
        try:
            found = await self._api.read(SECRETS.path(namespace, name))
        except ObjectNotFound:
            found = {"metadata": {}}
        if not _is_managed(found):
            raise SecretNotFound(
                f"there is no secret {name}", fix=Fix("set-secret", {"name": name})
            )
        return found


class KubernetesSecretVersions:
    """`SecretVersions` over the metadata of Secrets: the operator never requests a value."""

    def __init__(self, secrets: Cache) -> None:
        self._secrets = secrets
        self._changes: Notifier[SecretRef] = Notifier()
        secrets.add_listener(lambda s: self._changes.notify(SecretRef(name_of(s), namespace_of(s))))

    async def versions(self, namespace: str, names: Collection[str]) -> Mapping[str, str]:
        """See `SecretVersions.versions`."""
        live = {name: self._secrets.get(namespace, name) for name in names}
        return {
            name: f"{secret['metadata']['uid']}.{version_of(secret)}"
            for name, secret in live.items()
            if secret is not None
        }

    def watch(self) -> AsyncGenerator[SecretRef, None]:
        """See `SecretVersions.watch`."""
        return self._changes.watch()


def _is_managed(document: Document) -> bool:
    return bool(document["metadata"].get("labels", {}).get(MANAGED_BY) == MANAGER)
