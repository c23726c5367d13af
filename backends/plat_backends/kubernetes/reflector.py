"""List, then watch, for ever: the loop that keeps a cache true.

Source: the Kubernetes documentation, "Efficient detection of changes": a watch begins at the
version of a list, goes on from the last version it heard of, and after 410 Gone lists anew.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Final

from plat_core.errors import PlatError

from plat_backends.kubernetes.api import JSON, WATCH_TIMEOUT, Api, Expired, error_of
from plat_backends.kubernetes.cache import Cache
from plat_backends.kubernetes.kinds import Document, Kind

log = logging.getLogger(__name__)

PAGE: Final = "500"
FIRST_RETRY: Final = 0.2
LAST_RETRY: Final = 10.0
METADATA: Final = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"
SILENCE: Final = 100.0
"""Seconds of silence after which a watch is begun anew: there is a bookmark each minute."""
SHORT: Final = 1.0
"""Seconds within which the end of a watch is no regular one."""


class Reflector:
    """Keeps `cache` as the cluster is; `heard` is when it last heard from the API server.

    `selector` is one of labels, `fields` one of fields; both as the API takes them.
    With `metadata_only`, the content of the objects (secrets, say) is never asked for.
    """

    def __init__(
        self,
        api: Api,
        kind: Kind,
        cache: Cache,
        *,
        selector: str = "",
        fields: str = "",
        namespace: str | None = None,
        metadata_only: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kind = kind
        self.heard = clock()
        self.synced = asyncio.Event()
        self._api = api
        self._cache = cache
        self._path = kind.path(namespace)
        selectors = {"labelSelector": selector, "fieldSelector": fields}
        self._selector = {name: value for name, value in selectors.items() if value}
        # asked for a list's metadata, a watch would end at once and say nothing
        self._accept = METADATA.format("") if metadata_only else JSON
        self._accept_list = METADATA.format("List") if metadata_only else JSON
        self._clock = clock

    async def run(self) -> None:
        """Reflect until cancelled; an API server that is away is tried again, ever more slowly."""
        delay = FIRST_RETRY
        version = ""
        while True:
            begun, well = self._clock(), False
            try:
                if not version:
                    version = await self._list()
                version = await self._watch(version)
                well = True
            except Expired:
                version, well = "", True
            except PlatError as error:
                log.warning("watching %s: %s", self.kind.plural, error.message)
                version = ""
            if well and self._clock() - begun > SHORT:
                delay = FIRST_RETRY
                continue
            await asyncio.sleep(delay)
            delay = min(2 * delay, LAST_RETRY)

    async def _list(self) -> str:
        documents: list[Document] = []
        parameters = {**self._selector, "limit": PAGE}
        while True:
            page = await self._api.read(self._path, accept=self._accept_list, **parameters)
            # an item of a list does not say what it is, as the same object in a watch does;
            # an empty list of metadata has null for its items
            documents += [
                {"apiVersion": self.kind.version, "kind": self.kind.name, **item}
                for item in page["items"] or ()
            ]
            if not (more := page["metadata"].get("continue")):
                break
            parameters["continue"] = more
        version = str(page["metadata"]["resourceVersion"])
        self._cache.replace(documents, int(version))
        self.heard = self._clock()
        self.synced.set()
        return version

    async def _watch(self, version: str) -> str:
        """Follow from `version` until the API server ends it; returns the last version heard of."""
        parameters = {
            **self._selector,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_TIMEOUT - 30),
        }
        lines = self._api.lines(self._path, accept=self._accept, silence=SILENCE, **parameters)
        async with aclosing(lines):
            async for line in lines:
                version = self._take(json.loads(line)) or version
        return version

    def _take(self, event: Document) -> str:
        document = event["object"]
        self.heard = self._clock()
        match event["type"]:
            case "ADDED" | "MODIFIED":
                self._cache.put(document)
            case "DELETED":
                self._cache.drop(document)
            case "ERROR":
                raise error_of(
                    int(document.get("code", 500)),
                    document.get("reason", ""),
                    document.get("message", ""),
                )
        return str(document["metadata"].get("resourceVersion", ""))
