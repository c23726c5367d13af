"""The port of functions and their revisions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from plat_core.model.function import Function, FunctionSpec, FunctionStatus
from plat_core.model.names import FunctionRef


@dataclass(frozen=True, slots=True)
class Revision:
    """An artifact and the spec it runs with: immutable, numbered from 1 within its function.

    `secrets` maps the names of existing secrets to their versions at creation; after one changes, a
    new revision is due. `source` is the key of the source that the image was built from, `commit`
    its git commit; each is empty if there is none.
    """

    ref: FunctionRef
    number: int
    image: str
    spec: FunctionSpec
    created: datetime
    secrets: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    commit: str = ""

    @property
    def name(self) -> str:
        """Name of the revision, such as `orders-7`."""
        return f"{self.ref.name}-{self.number}"


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that a store holds for one function.

    `serving` is the number of the revision that serves calls, `failed` that of the newest revision
    that was given up; each is 0 if there is none.
    """

    function: Function
    revisions: tuple[Revision, ...] = ()
    serving: int = 0
    failed: int = 0

    @property
    def latest(self) -> Revision | None:
        """The newest revision."""
        return self.revisions[-1] if self.revisions else None

    def revision(self, number: int) -> Revision | None:
        """Return the revision with that number, or None if it is not stored."""
        return next((r for r in self.revisions if r.number == number), None)


class FunctionStore(Protocol):
    """Desired state. A function that `put` returned survives a power failure.

    Every write to a function, including its status, changes its `metadata.resourceVersion`. A
    write that changes nothing keeps it.
    """

    async def put(self, function: Function) -> Function:
        """Store metadata and spec; return the function with uid, generation and creation time.

        A changed spec increments the generation; storing an equal spec again changes nothing.
        Ignores the given status. Raises Conflict if the function is being deleted, or if
        `metadata.resourceVersion` is set and differs from the stored one.
        """
        ...

    async def get(self, ref: FunctionRef) -> Record:
        """Return the stored record; raise FunctionNotFound if there is none."""
        ...

    async def list(self, namespace: str | None = None) -> Sequence[Record]:
        """Return the records of all namespaces, or of one, sorted by name."""
        ...

    async def delete(self, ref: FunctionRef) -> None:
        """Mark the function for deletion: `get` shows a deletionTimestamp until `purge`.

        Raises FunctionNotFound; a second call is a no-op.
        """
        ...

    async def purge(self, ref: FunctionRef) -> None:
        """Remove the function and its revisions; a second call is a no-op."""
        ...

    async def put_status(
        self, ref: FunctionRef, status: FunctionStatus, *, serving: int, failed: int
    ) -> None:
        """Replace the observed state; write nothing if it is equal. Never changes the spec."""
        ...

    async def add_revision(self, revision: Revision, *, keep: int) -> None:
        """Append a revision; keep the newest `keep` ones and the serving one.

        Raises Conflict if its number is not the next one.
        """
        ...

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """Yield every function, then each one whose spec changed or that was deleted.

        Level-based: changes may be merged, but are never lost. Ends when it is closed.
        """
        ...
