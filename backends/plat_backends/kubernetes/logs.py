"""Logs of pods, read with the pod log API. The kubelet limits how much it stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import Final

from plat_core.errors import PlatError
from plat_core.model.names import FunctionRef
from plat_core.ports import LogQuery, LogRecord

from plat_backends.kubernetes.api import Api
from plat_backends.kubernetes.cache import Cache
from plat_backends.kubernetes.kinds import FUNCTION, PODS, Document, name_of, revision_of
from plat_backends.replica.log_follow import OpenLogStream, follow_replicas
from plat_backends.replica.log_lines import log_record, matches_query, parse_timestamped_line

MAX_SCANNED_LINES: Final = 10_000
"""Lines of a pod that are searched for those of one call."""
READ_TIMEOUT: Final = 300.0
"""Seconds without a line after which the log of a pod is requested again."""
POD_CHECK_INTERVAL: Final = 1.0
"""Seconds between two checks for new pods while logs are followed."""


class KubernetesLogs:
    """`LogSource` over the present pods; the lines of a deleted pod are lost."""

    def __init__(self, api: Api, pods: Cache) -> None:
        self._api = api
        self._pods = pods

    async def read(self, ref: FunctionRef, query: LogQuery) -> AsyncGenerator[LogRecord, None]:
        """See `LogSource.read`."""
        past = [line for pod in self._selected(ref, query) for line in await self._past(pod, query)]
        past.sort(key=lambda record: record.time)
        for record in past[-query.tail :] if query.tail > 0 else []:
            yield record
        if query.follow:
            since = max((r.time for r in past), default=datetime.now(UTC))
            async with aclosing(self._follow(ref, query, since)) as records:
                async for record in records:
                    yield record

    def _selected(self, ref: FunctionRef, query: LogQuery) -> list[Document]:
        return [p for p in self._pods.of_function(ref) if query.replica in (None, name_of(p))]

    async def _past(self, pod: Document, query: LogQuery) -> list[LogRecord]:
        max_lines = str(query.tail if query.call_id is None else MAX_SCANNED_LINES)
        runs: list[dict[str, str]] = [{}]
        statuses: list[Document] = pod.get("status", {}).get("containerStatuses") or []
        if any(status.get("restartCount") for status in statuses):
            runs.insert(0, {"previous": "true"})
        found = []
        for run in runs:
            try:
                async for record in self._records(pod, tailLines=max_lines, **run):
                    found.append(record)
            except PlatError:
                # the container has not started yet, or its previous run was removed
                continue
        return [record for record in found if matches_query(record, query)]

    async def _follow(
        self, ref: FunctionRef, query: LogQuery, since: datetime
    ) -> AsyncGenerator[LogRecord, None]:
        last_read: dict[str, datetime] = {}

        async def list_streams() -> Mapping[str, OpenLogStream]:
            pods = self._selected(ref, query)
            return {name_of(pod): partial(self._stream, pod, last_read, since) for pod in pods}

        records = follow_replicas(list_streams, lambda: asyncio.sleep(POD_CHECK_INTERVAL))
        async with aclosing(records):
            async for record in records:
                if matches_query(record, query):
                    yield record

    async def _stream(
        self, pod: Document, last_read: dict[str, datetime], since: datetime
    ) -> AsyncGenerator[LogRecord, None]:
        """Follow one pod from the last line read of it, or from `since`."""
        name = name_of(pod)
        start = last_read.get(name, since)
        stamp = start.isoformat().replace("+00:00", "Z")
        records = self._records(pod, follow="true", sinceTime=stamp)
        async with aclosing(records):
            async for record in records:
                # the API rounds the time down to seconds
                if record.time > start:
                    yield record
                    last_read[name] = record.time

    async def _records(self, pod: Document, **parameters: str) -> AsyncGenerator[LogRecord, None]:
        namespace, name = pod["metadata"]["namespace"], name_of(pod)
        revision = f"{pod['metadata']['labels'][FUNCTION]}-{revision_of(pod)}"
        lines = self._api.lines(
            f"{PODS.path(namespace, name)}/log",
            read_timeout=READ_TIMEOUT,
            timestamps="true",
            **parameters,
        )
        async with aclosing(lines):
            async for raw in lines:
                if line := parse_timestamped_line(raw):
                    yield log_record(line, replica=name, revision=revision)
