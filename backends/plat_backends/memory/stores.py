"""Functions and secrets in dicts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count

from plat_core.model.function import Function, FunctionStatus
from plat_core.model.names import FunctionRef, SecretRef
from plat_core.notifications import Notifier, Subscription
from plat_core.ports import Record, Revision

from plat_backends.stores import record_rules
from plat_backends.stores.not_found import function_not_found, secret_not_found


class MemoryFunctionStore:
    """`FunctionStore` in a dict; `writes` counts the writes that a database would make."""

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.writes = 0
        self._records: dict[FunctionRef, Record] = {}
        self._changes: Notifier[FunctionRef] = Notifier()
        self._now = now
        self._uids = count(1)

    async def put(self, function: Function) -> Function:
        """See `FunctionStore.put`."""
        old = self._records.get(function.ref)
        new = record_rules.put(old, function, now=self._now(), uid=f"uid-{next(self._uids)}")
        if self._save(new):
            self._changes.notify(function.ref)
        return new.function

    async def get(self, ref: FunctionRef) -> Record:
        """See `FunctionStore.get`."""
        if ref not in self._records:
            raise function_not_found(ref)
        return self._records[ref]

    async def list(self, namespace: str | None = None) -> Sequence[Record]:
        """See `FunctionStore.list`."""
        refs = (ref for ref in sorted(self._records) if namespace in (None, ref.namespace))
        return [self._records[ref] for ref in refs]

    async def delete(self, ref: FunctionRef) -> None:
        """See `FunctionStore.delete`."""
        if self._save(record_rules.mark_deleted(await self.get(ref), now=self._now())):
            self._changes.notify(ref)

    async def purge(self, ref: FunctionRef) -> None:
        """See `FunctionStore.purge`."""
        if self._records.pop(ref, None) is not None:
            self.writes += 1
            self._changes.notify(ref)

    async def put_status(
        self, ref: FunctionRef, status: FunctionStatus, *, serving: int, failed: int
    ) -> None:
        """See `FunctionStore.put_status`; raises FunctionNotFound."""
        self._save(
            record_rules.put_status(await self.get(ref), status, serving=serving, failed=failed)
        )

    async def add_revision(self, revision: Revision, *, keep: int) -> None:
        """See `FunctionStore.add_revision`; raises FunctionNotFound."""
        self._save(record_rules.add_revision(await self.get(revision.ref), revision, keep=keep))

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """See `FunctionStore.watch`."""
        return self._watch(self._changes.subscribe())

    async def _watch(
        self, subscription: Subscription[FunctionRef]
    ) -> AsyncGenerator[FunctionRef, None]:
        for ref in sorted(self._records):
            subscription.add(ref)
        async for ref in subscription.keys():
            yield ref

    def _save(self, record: Record) -> bool:
        ref = record.function.ref
        if self._records.get(ref) is record:
            return False
        self._records[ref] = record
        self.writes += 1
        return True


class MemorySecretStore:
    """`SecretStore` and `SecretVersions` in a dict."""

    def __init__(self) -> None:
        self._secrets: dict[tuple[str, str], dict[str, str]] = {}
        self._versions: dict[tuple[str, str], str] = {}
        self._numbers = count(1)
        self._changes: Notifier[SecretRef] = Notifier()

    async def put(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        """See `SecretStore.put`."""
        if self._secrets.get((namespace, name)) == values:
            return
        self._secrets[namespace, name] = dict(values)
        self._versions[namespace, name] = str(next(self._numbers))
        self._changes.notify(SecretRef(name, namespace))

    async def get(self, namespace: str, name: str) -> Mapping[str, str]:
        """See `SecretStore.get`."""
        if (namespace, name) not in self._secrets:
            raise secret_not_found(name)
        return dict(self._secrets[namespace, name])

    async def list(self, namespace: str) -> Mapping[str, Sequence[str]]:
        """See `SecretStore.list`."""
        found = sorted(name for space, name in self._secrets if space == namespace)
        return {name: sorted(self._secrets[namespace, name]) for name in found}

    async def delete(self, namespace: str, name: str) -> None:
        """See `SecretStore.delete`."""
        if self._secrets.pop((namespace, name), None) is None:
            raise secret_not_found(name)
        self._changes.notify(SecretRef(name, namespace))

    async def versions(self, namespace: str, names: Collection[str]) -> Mapping[str, str]:
        """See `SecretVersions.versions`."""
        found = [name for name in names if (namespace, name) in self._secrets]
        return {name: self._versions[namespace, name] for name in found}

    def watch(self) -> AsyncGenerator[SecretRef, None]:
        """See `SecretVersions.watch`."""
        return self._changes.watch()
