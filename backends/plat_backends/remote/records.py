"""Logs and secrets, over the API of the controller."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime

from plat_core.errors import NotSupported
from plat_core.model import strictjson
from plat_core.model.names import FunctionRef
from plat_core.ports import LogQuery, LogRecord

from plat_backends.remote.api import ControllerApi
from plat_backends.remote.functions import path, query

MAX_LINE_BYTES = 1024 * 1024


class RemoteLogs:
    """`LogSource` over the controller's stream of lines."""

    def __init__(self, api: ControllerApi) -> None:
        self._api = api

    async def read(self, ref: FunctionRef, query_: LogQuery) -> AsyncGenerator[LogRecord, None]:
        """See `LogSource.read`; raises Unavailable if the connection fails."""
        params: dict[str, str | int | bool] = {
            **query(ref),
            "tail": query_.tail,
            "follow": query_.follow,
        }
        if query_.call_id is not None:
            params["call"] = query_.call_id
        if query_.replica is not None:
            params["replica"] = query_.replica
        stream = self._api.stream(f"{path(ref)}/logs", accept="application/x-ndjson", params=params)
        async with stream as lines:
            async for line in lines:
                yield _record(line)


class RemoteSecretStore:
    """`SecretStore` over the API, which never returns values."""

    def __init__(self, api: ControllerApi) -> None:
        self._api = api

    async def put(self, namespace: str, name: str, values: Mapping[str, str]) -> None:
        """See `SecretStore.put`."""
        document = {"values": dict(values)}
        params = {"namespace": namespace}
        await self._api.call("PUT", f"/secrets/{name}", json=document, params=params)

    async def get(self, namespace: str, name: str) -> Mapping[str, str]:
        """Raise NotSupported: the API returns no values."""
        raise NotSupported(f"the values of the secret {name} do not leave the function controller")

    async def list(self, namespace: str) -> Mapping[str, Sequence[str]]:
        """See `SecretStore.list`."""
        answer = await self._api.call("GET", "/secrets", params={"namespace": namespace})
        return {item["name"]: item["keys"] for item in answer["items"]}

    async def delete(self, namespace: str, name: str) -> None:
        """See `SecretStore.delete`."""
        await self._api.call("DELETE", f"/secrets/{name}", params={"namespace": namespace})


def _record(line: str) -> LogRecord:
    item = strictjson.loads(line.encode(), max_bytes=MAX_LINE_BYTES)
    if not isinstance(item, dict):
        raise NotSupported("the function controller sends lines that this release cannot read")
    return LogRecord(
        time=datetime.fromisoformat(item["time"]),
        replica=item["replica"],
        revision=item["revision"],
        stream=item["stream"],
        text=item["text"],
        call_id=item.get("callId"),
    )
