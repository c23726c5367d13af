"""The ports: what the services need, and nothing of how it is done.

Each Protocol's docstring is a contract about time: what holds before, during and after a call, and
on a second one. Every backend passes the same suite (`tests/contract`). A backend that cannot do a
thing raises `NotSupported`; it never pretends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from plat_core.callstore import CallStore as CallStore
from plat_core.model.build import BuildEvent, BuildOptions
from plat_core.model.function import Access, Function, FunctionSpec, FunctionStatus
from plat_core.model.names import FunctionRef, SecretRef


@dataclass(frozen=True, slots=True)
class Revision:
    """An artifact and the spec it runs with: immutable, numbered from 1 within its function.

    `secrets` are the versions of the secrets that were there when it was made, by name: where one
    has changed since, another revision is due. `source` is the key of the source that the image was
    built from, `commit` its git commit; both are empty where there is none.
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
        """`orders-7`."""
        return f"{self.ref.name}-{self.number}"


@dataclass(frozen=True, slots=True)
class Record:
    """All that a store knows of one function.

    `serving` is the number of the revision that answers calls, 0 where none ever became ready;
    `failed` the newest revision that was given up, 0 where none was.
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
        """The revision of that number, if it is still kept."""
        return next((r for r in self.revisions if r.number == number), None)


class FunctionStore(Protocol):
    """Desired state. What `put` returned survives a power cut.

    Every write of a function, its status included, gives it another `metadata.resourceVersion`; a
    write that changes nothing leaves it.
    """

    async def put(self, function: Function) -> Function:
        """Store the metadata and spec; returns it with uid, generation and creation time.

        A new spec counts the generation up by one; the same spec again changes nothing at all.
        The status that comes with it is ignored. Raises Conflict while it is being deleted, or
        where `metadata.resourceVersion` is given and is not the stored one.
        """
        ...

    async def get(self, ref: FunctionRef) -> Record:
        """What is stored now; raises FunctionNotFound."""
        ...

    async def list(self, namespace: str | None = None) -> Sequence[Record]:
        """All functions (of one namespace), by name."""
        ...

    async def delete(self, ref: FunctionRef) -> None:
        """Mark it for deletion: `get` shows a deletionTimestamp until `purge`.

        Raises FunctionNotFound; a second call is a no-op.
        """
        ...

    async def purge(self, ref: FunctionRef) -> None:
        """Forget it with its revisions; a second call is a no-op."""
        ...

    async def put_status(
        self, ref: FunctionRef, status: FunctionStatus, *, serving: int, failed: int
    ) -> None:
        """Replace the observed state; no write where it is the same. Never touches the spec."""
        ...

    async def add_revision(self, revision: Revision, *, keep: int) -> None:
        """Append a revision; keeps the newest `keep` ones and the serving one.

        Raises Conflict where its number is not the next one.
        """
        ...

    def watch(self) -> AsyncIterator[FunctionRef]:
        """Every existing function first, then each one whose spec changed or that was deleted.

        Level-based: changes may be merged, never lost. Ends when the iterator is closed.
        """
        ...


ReplicaState = Literal["starting", "ready", "unready", "stopping", "waiting", "paused"]
"""`waiting`: it crashed and will be started again after a backoff. `paused`: it was ready, and is
frozen with its memory until it is wanted again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a replica is not ready: a stable reason, a sentence, and the end of what it printed.

    `final`: its time to become ready is over, whatever the reason.
    """

    reason: str
    message: str
    log: str = ""
    final: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a replica answers: `unix:/run/x.sock` or `tcp:10.0.0.3:8080`."""

    replica: str
    address: str


@dataclass(frozen=True, slots=True)
class Replica:
    """One running instance of a revision, as it is seen now.

    `restarts` counts how often it ended by itself since it was last ready for ten seconds;
    `since` is when its present state began, in seconds of the wall clock.
    """

    id: str
    revision: int
    state: ReplicaState
    since: float
    endpoint: Endpoint | None = None
    restarts: int = 0
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """How many replicas of which revisions are to run; what is not named is to be gone.

    `serving` is the revision that answers calls, 0 where there is none. `paused` is how many of
    those that are not to run any more may be kept frozen.
    """

    ref: FunctionRef
    counts: Mapping[int, int]
    revisions: Mapping[int, Revision] = field(default_factory=dict)
    serving: int = 0
    paused: Mapping[int, int] = field(default_factory=dict)


class Workloads(Protocol):
    """Replicas. The backend keeps a crashed one coming back, with a growing delay.

    After the platform itself was killed, `observe` tells of no replica that is not really there,
    and no process or container of an earlier life goes on unobserved.
    """

    async def observe(self, ref: FunctionRef) -> Sequence[Replica]:
        """Its replicas as they are now, each with its state; empty where there is none."""
        ...

    async def apply(self, workload: Workload) -> None:
        """Make it so, without waiting for readiness. A second call with the same is a no-op.

        Fewer replicas: unready ones go first, then the youngest; each stops taking new calls,
        finishes those in flight up to its timeout, and is then ended with all it started. Of
        ready ones, up to `paused` are frozen instead of ended, and go on before another is
        started; none is started in order to be paused. A backend may keep fewer of them, or none.
        """
        ...

    def watch(self) -> AsyncIterator[FunctionRef]:
        """A function one of whose replicas changed its state; merged, never lost."""
        ...

    async def forget(self, ref: FunctionRef) -> None:
        """The function is gone for good: what is kept of it, its log lines too, may go.

        Called when it has no replica any more; a second call is a no-op.
        """
        ...

    async def close(self) -> None:
        """Stop every replica gracefully; a second call is a no-op."""
        ...


RouteState = Literal["ready", "asleep", "starting", "suspended", "failed"]


@dataclass(frozen=True, slots=True)
class Route:
    """All that the data path needs to know of a function; it is read without waiting.

    `failed`: no replica can be had, and `reason`/`message` say why; a wake is still tried.
    """

    ref: FunctionRef
    revision: str
    state: RouteState
    endpoints: tuple[Endpoint, ...]
    timeout: float
    concurrency: int
    access: Access
    min: int
    max: int
    target: float
    idle: float
    forward_authorization: bool = False
    reason: str = ""
    message: str = ""
    pauses: bool = False
    """Asleep, its replica is frozen, and with it a call that has just reached it."""


@dataclass(frozen=True, slots=True)
class RouteRemoved:
    """The function is gone."""

    ref: FunctionRef


class Resolver(Protocol):
    """Where functions answer."""

    def watch(self) -> AsyncIterator[Route | RouteRemoved]:
        """Every route first, then each change; the latest state wins."""
        ...


class Scaler(Protocol):
    """How many replicas the load asks for. The autoscaler and the activator speak to it."""

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        """Ask for `replicas` within the function's bounds; returns before they are there.

        Idempotent. Raises FunctionNotFound.
        """
        ...


class Builder(Protocol):
    """Turns a source into an artifact."""

    def build(self, source: Path, options: BuildOptions) -> AsyncIterator[BuildEvent]:
        """Build the folder `source`, which is read and never written.

        Events come as things happen; the last one is Finished or Failed. Closing the iterator
        ends the build with everything it started. The same source gives the same digest, and a
        second build of it installs nothing.
        """
        ...


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line that a replica wrote."""

    time: datetime
    replica: str
    revision: str
    stream: Literal["stdout", "stderr", "platform"]
    text: str
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which lines: the last `tail` of them, those of one call or replica, and then new ones."""

    tail: int = 100
    follow: bool = False
    call_id: str | None = None
    replica: str | None = None


class LogSource(Protocol):
    """What replicas wrote, bounded: old lines go first."""

    def read(self, ref: FunctionRef, query: LogQuery) -> AsyncIterator[LogRecord]:
        """Lines in order of time; with `follow` it goes on until the iterator is closed.

        Lines of replicas that are gone stay readable as long as the bound allows.
        """
        ...


class SecretStore(Protocol):
    """Named sets of secret values. Values come out only here and in the replica itself."""

    async def put(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        """Create or replace the secret."""
        ...

    async def get(self, namespace: str, name: str) -> Mapping[str, str]:
        """Its values; raises SecretNotFound."""
        ...

    async def list(self, namespace: str) -> Mapping[str, Sequence[str]]:
        """Names of the secrets, each with the names of its keys."""
        ...

    async def delete(self, namespace: str, name: str) -> None:
        """Forget it; raises SecretNotFound."""
        ...


class SecretVersions(Protocol):
    """Which secrets there are and whether they changed, for who may not see a value."""

    async def versions(self, namespace: str, names: Collection[str]) -> Mapping[str, str]:
        """An opaque version of each of these secrets that exists; it tells nothing of the values.

        It stays while the values stay, and is another one after each change.
        """
        ...

    def watch(self) -> AsyncIterator[SecretRef]:
        """Each secret that was made, changed or deleted from this call on; merged, never lost.

        Ends when the iterator is closed.
        """
        ...
