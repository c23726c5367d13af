"""Messages of failed probes, which the kubelet reports in Events only."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from plat_core.errors import PlatError

from plat_backends.kubernetes.api import Api
from plat_backends.kubernetes.kinds import EVENTS, Document, namespace_of

log = logging.getLogger(__name__)

MAX_MESSAGES: Final = 1000
MAX_EVENTS: Final = "50"


class ProbeEvents:
    """Reads the Events of a pod until it finds one, and again after a restart of its container."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._messages: dict[tuple[str, int], str] = {}

    async def messages(self, pods: Sequence[Document]) -> dict[str, str]:
        """Return the last message about each pod, by uid; a pod without one is skipped."""
        found = {}
        for pod in pods:
            uid = pod["metadata"]["uid"]
            key = (uid, _restarts(pod))
            if key not in self._messages and (message := await self._read(pod)):
                while len(self._messages) >= MAX_MESSAGES:
                    del self._messages[next(iter(self._messages))]
                self._messages[key] = message
            if stored := self._messages.get(key):
                found[uid] = stored
        return found

    async def _read(self, pod: Document) -> str:
        selector = f"involvedObject.uid={pod['metadata']['uid']},reason=Unhealthy"
        path = EVENTS.path(namespace_of(pod))
        try:
            page = await self._api.read(path, fieldSelector=selector, limit=MAX_EVENTS)
        except PlatError as error:
            # the conditions of the pod still show that it is not ready
            log.info("cannot read the events of a pod: %s", error.message)
            return ""
        events = sorted(page["items"] or (), key=_time)
        return str(events[-1].get("message", "")).strip() if events else ""


def _restarts(pod: Document) -> int:
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return sum(int(status.get("restartCount", 0)) for status in statuses)


def _time(event: Document) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")
