"""Reflector: lists and watches the objects of one kind to keep a cache current.

It follows "Efficient detection of changes" of the Kubernetes documentation: a watch starts at the
version of a list, continues from the last version received, and after 410 Gone lists again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

from plat_core.backoff import Backoff
from plat_core.errors import PlatError

from plat_backends.kubernetes.api import JSON, WATCH_TIMEOUT, Api
from plat_backends.kubernetes.api_errors import WatchExpired, error_of_status
from plat_backends.kubernetes.cache import Cache
from plat_backends.kubernetes.kinds import Document, ResourceKind
from plat_backends.kubernetes.listing import list_objects

log = logging.getLogger(__name__)

INITIAL_BACKOFF: Final = 0.2
MAX_BACKOFF: Final = 10.0
METADATA: Final = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"
READ_TIMEOUT: Final = 100.0
"""Seconds without a byte after which a watch is restarted; a bookmark arrives each minute."""
MIN_WATCH: Final = 1.0
"""Seconds that a watch has to last, or the next attempt is delayed."""


class Reflector:
    """Keeps a cache current; `last_event_at` is the time of the last response or event.

    `selector` is a label selector and `fields` a field selector, both in the API's syntax. With
    `metadata_only`, the content of the objects, such as the data of secrets, is not requested.
    """

    def __init__(
        self,
        api: Api,
        kind: ResourceKind,
        cache: Cache,
        *,
        selector: str = "",
        fields: str = "",
        namespace: str | None = None,
        metadata_only: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kind = kind
        self.last_event_at = clock()
        self.synced = asyncio.Event()
        self._api = api
        self._cache = cache
        self._namespace = namespace
        selectors = {"labelSelector": selector, "fieldSelector": fields}
        self._selectors = {name: value for name, value in selectors.items() if value}
        # with the media type of a list, a watch ends immediately and without an event
        self._accept = METADATA.format("") if metadata_only else JSON
        self._accept_list = METADATA.format("List") if metadata_only else JSON
        self._clock = clock

    async def run(self) -> None:
        """List and watch until cancelled, and back off while the API server is unavailable."""
        backoff = Backoff(initial=INITIAL_BACKOFF, maximum=MAX_BACKOFF)
        version = ""
        while True:
            started_at, succeeded = self._clock(), False
            try:
                version = await self._watch(version or await self._list())
                succeeded = True
            except WatchExpired:
                version, succeeded = "", True
            except PlatError as error:
                log.warning("watch of %s failed: %s", self.kind.plural, error.message)
                version = ""
            if succeeded and self._clock() - started_at > MIN_WATCH:
                backoff.reset()
                continue
            await asyncio.sleep(backoff.next_delay())

    async def _list(self) -> str:
        documents, version = await list_objects(
            self._api,
            self.kind,
            namespace=self._namespace,
            accept=self._accept_list,
            **self._selectors,
        )
        self._cache.replace(documents, version)
        self.last_event_at = self._clock()
        self.synced.set()
        return str(version)

    async def _watch(self, version: str) -> str:
        """Watch from `version` until the API server ends it; return the last version received."""
        parameters = {
            **self._selectors,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_TIMEOUT - 30),
        }
        path = self.kind.path(self._namespace)
        lines = self._api.lines(path, accept=self._accept, read_timeout=READ_TIMEOUT, **parameters)
        async with aclosing(lines):
            async for line in lines:
                version = self._handle_event(json.loads(line)) or version
        return version

    def _handle_event(self, event: Document) -> str:
        document = event["object"]
        self.last_event_at = self._clock()
        match event["type"]:
            case "ADDED" | "MODIFIED":
                self._cache.put(document)
            case "DELETED":
                self._cache.drop(document)
            case "ERROR":
                raise error_of_status(
                    int(document.get("code", 500)),
                    document.get("reason", ""),
                    document.get("message", ""),
                )
        return str(document["metadata"].get("resourceVersion", ""))
