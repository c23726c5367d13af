"""What pods wrote, by the pod log API; the kubelet bounds it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

from plat_core.errors import PlatError
from plat_core.model.names import FunctionRef
from plat_core.ports import LogQuery, LogRecord

from plat_backends.kubernetes.api import Api
from plat_backends.kubernetes.cache import Cache
from plat_backends.kubernetes.kinds import PODS, Document, name_of, revision_of

BACKLOG: Final = 256
LINE_CHARACTERS: Final = 16 * 1024
SCANNED: Final = 10_000
"""Lines of a pod that are looked through for those of one call."""
QUIET: Final = 300.0
"""Seconds after which a pod that writes nothing is asked again."""
RELOOK: Final = 1.0
"""Seconds between two looks for pods that are new, while lines are followed."""
_CALL = re.compile(r"\[call ([A-Za-z0-9._:-]{1,128})\] ?")


class KubernetesLogs:
    """`LogSource` over the pods that are there; lines of a pod that is gone went with it."""

    def __init__(self, api: Api, pods: Cache) -> None:
        self._api = api
        self._pods = pods

    async def read(self, ref: FunctionRef, query: LogQuery) -> AsyncGenerator[LogRecord, None]:
        """See `LogSource.read`."""
        pods = self._of(ref, query)
        past = [line for pod in pods for line in await self._past(ref, pod, query)]
        past.sort(key=lambda record: record.time)
        for record in past[-query.tail :] if query.tail > 0 else []:
            yield record
        if query.follow:
            since = max((r.time for r in past), default=datetime.now(UTC))
            async with aclosing(self._follow(ref, query, since)) as records:
                async for record in records:
                    yield record

    def _of(self, ref: FunctionRef, query: LogQuery) -> list[Document]:
        return [p for p in self._pods.of(ref) if query.replica in (None, name_of(p))]

    async def _past(self, ref: FunctionRef, pod: Document, query: LogQuery) -> list[LogRecord]:
        lines = str(query.tail if query.call_id is None else SCANNED)
        runs: list[dict[str, str]] = [{}]
        statuses: list[Document] = pod.get("status", {}).get("containerStatuses") or []
        if any(status.get("restartCount") for status in statuses):
            runs.insert(0, {"previous": "true"})
        found = []
        for run in runs:
            try:
                async for record in self._lines(ref, pod, tailLines=lines, **run):
                    found.append(record)
            except PlatError:
                # a container that waits for its first start, or an earlier one that was removed
                continue
        return [r for r in found if query.call_id in (None, r.call_id)]

    async def _follow(
        self, ref: FunctionRef, query: LogQuery, since: datetime
    ) -> AsyncGenerator[LogRecord, None]:
        queue: asyncio.Queue[LogRecord] = asyncio.Queue(BACKLOG)
        readers: dict[str, asyncio.Task[None]] = {}
        look = asyncio.create_task(self._look(ref, query, since, queue, readers))
        try:
            while True:
                record = await queue.get()
                if query.call_id in (None, record.call_id):
                    yield record
        finally:
            tasks = [look, *readers.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(
        self,
        ref: FunctionRef,
        query: LogQuery,
        since: datetime,
        queue: asyncio.Queue[LogRecord],
        readers: dict[str, asyncio.Task[None]],
    ) -> None:
        """Begin to read each pod, also those that come later; one whose stream ended goes on
        after the last line that was read of it.
        """
        read: dict[str, datetime] = {}
        while True:
            for pod in self._of(ref, query):
                name = name_of(pod)
                if name not in readers or readers[name].done():
                    read.setdefault(name, since)
                    readers[name] = asyncio.create_task(self._stream(ref, pod, read, queue))
            await asyncio.sleep(RELOOK)

    async def _stream(
        self,
        ref: FunctionRef,
        pod: Document,
        read: dict[str, datetime],
        queue: asyncio.Queue[LogRecord],
    ) -> None:
        name = name_of(pod)
        begun = read[name]
        stamp = begun.isoformat().replace("+00:00", "Z")
        try:
            async for record in self._lines(ref, pod, follow="true", sinceTime=stamp):
                if record.time > begun:
                    await queue.put(record)
                    read[name] = record.time
        except PlatError:
            return

    async def _lines(
        self, ref: FunctionRef, pod: Document, **parameters: str
    ) -> AsyncGenerator[LogRecord, None]:
        path = PODS.path(ref.namespace, name_of(pod)) + "/log"
        lines = self._api.lines(path, silence=QUIET, timestamps="true", **parameters)
        revision = f"{ref.name}-{revision_of(pod)}"
        async with aclosing(lines):
            async for line in lines:
                if record := parse(line, replica=name_of(pod), revision=revision):
                    yield record


def parse(line: bytes, *, replica: str, revision: str) -> LogRecord | None:
    """A line as the kubelet gives it, `<time> <text>`; None where it is no such line."""
    stamp, _, text = line.decode(errors="replace").partition(" ")
    try:
        # nanoseconds, of which Python keeps six digits
        time = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", stamp))
    except ValueError:
        return None
    call = _CALL.match(text)
    text = text[call.end() :] if call else text
    call_id = call[1] if call else None
    return LogRecord(time, replica, revision, "stdout", text[:LINE_CHARACTERS], call_id)
