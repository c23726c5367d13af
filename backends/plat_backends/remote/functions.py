"""Functions and their replicas, over the API of the controller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any

from plat_core.errors import NotSupported, PlatError
from plat_core.model.function import Function, FunctionSpec, FunctionStatus
from plat_core.model.names import FunctionRef
from plat_core.ports import Failure, Record, Replica, Revision, Workload

from plat_backends.remote.api import ControllerApi, RetryLoop


class RemoteFunctionStore:
    """`FunctionStore` over the API; operations of the controller itself raise NotSupported."""

    def __init__(self, api: ControllerApi) -> None:
        self._api = api

    async def put(self, function: Function) -> Function:
        """See `FunctionStore.put`."""
        document = function.model_copy(update={"status": None}).document()
        ref = function.ref
        answer = await self._api.call("PUT", path(ref), json=document, params=query(ref))
        return Function.model_validate(answer)

    async def get(self, ref: FunctionRef) -> Record:
        """See `FunctionStore.get`."""
        function, revisions = await asyncio.gather(
            self._api.call("GET", path(ref), params=query(ref)),
            self._api.call("GET", f"{path(ref)}/revisions", params=query(ref)),
        )
        items = revisions["items"]
        return Record(
            Function.model_validate(function),
            tuple(_revision(ref, item) for item in items),
            serving=next((int(item["number"]) for item in items if item["serving"]), 0),
        )

    async def list(self, namespace: str | None = None) -> Sequence[Record]:
        """See `FunctionStore.list`; the records come without their revisions."""
        params = {"namespace": namespace} if namespace else None
        answer = await self._api.call("GET", "/functions", params=params)
        return [Record(Function.model_validate(item)) for item in answer["items"]]

    async def delete(self, ref: FunctionRef) -> None:
        """See `FunctionStore.delete`."""
        await self._api.call("DELETE", path(ref), params=query(ref))

    async def purge(self, ref: FunctionRef) -> None:
        """Raise NotSupported: only the controller does this."""
        raise _not_supported(f"purge {ref}")

    async def put_status(
        self, ref: FunctionRef, status: FunctionStatus, *, serving: int, failed: int
    ) -> None:
        """Raise NotSupported: only the controller does this."""
        raise _not_supported(f"set the status of {ref}")

    async def add_revision(self, revision: Revision, *, keep: int) -> None:
        """Raise NotSupported: only the controller does this."""
        raise _not_supported(f"add the revision {revision.name}")

    async def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """Yield every function, then each change, also of the status; reconnects forever."""
        retries = RetryLoop("the watch of functions")
        known: set[FunctionRef] = set()
        while True:
            try:
                async with self._api.stream("/events", accept="text/event-stream") as lines:
                    retries.succeeded()
                    for ref in known:
                        yield ref
                    async for line in lines:
                        if line.startswith("data: "):
                            ref = Function.model_validate_json(line.removeprefix("data: ")).ref
                            known.add(ref)
                            yield ref
            except PlatError as error:
                await retries.failed(error)


class RemoteWorkloads:
    """`Workloads` for reading; only the controller changes replicas."""

    def __init__(self, api: ControllerApi) -> None:
        self._api = api

    async def observe(self, ref: FunctionRef) -> Sequence[Replica]:
        """See `Workloads.observe`; without endpoints."""
        answer = await self._api.call("GET", f"{path(ref)}/replicas", params=query(ref))
        return [_replica(item) for item in answer["items"]]

    async def apply(self, workload: Workload) -> None:
        """Raise NotSupported: only the controller does this."""
        raise _not_supported(f"change the replicas of {workload.ref}")

    def watch(self) -> AsyncGenerator[FunctionRef, None]:
        """Raise NotSupported: only the controller does this."""
        raise _not_supported("watch replicas")

    async def forget(self, ref: FunctionRef) -> None:
        """Raise NotSupported: only the controller does this."""
        raise _not_supported(f"remove the data of {ref}")

    async def close(self) -> None:
        """Do nothing: replicas outlive a gateway."""


def path(ref: FunctionRef) -> str:
    """Return the path of a function."""
    return f"/functions/{ref.name}"


def query(ref: FunctionRef) -> dict[str, str]:
    """Return the query parameters of a function."""
    return {"namespace": ref.namespace}


def _revision(ref: FunctionRef, item: dict[str, Any]) -> Revision:
    spec = FunctionSpec.model_validate(item["spec"])
    created = datetime.fromisoformat(item["created"])
    return Revision(ref, int(item["number"]), item["image"], spec, created)


def _replica(item: dict[str, Any]) -> Replica:
    failure = item.get("failure")
    return Replica(
        id=item["id"],
        revision=int(item["revision"].rpartition("-")[2]),
        state=item["state"],
        since=datetime.fromisoformat(item["since"]).timestamp(),
        restarts=int(item["restarts"]),
        failure=Failure(**failure) if failure else None,
    )


def _not_supported(what: str) -> NotSupported:
    return NotSupported(f"only the function controller can do this: {what}")
