"""What the kubelet said of failed probes: that stands in Events alone, read where it is needed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from plat_core.errors import PlatError

from plat_backends.kubernetes.api import Api
from plat_backends.kubernetes.kinds import EVENTS, Document, namespace_of

log = logging.getLogger(__name__)

REMEMBERED: Final = 1000
EVENTS_OF_A_POD: Final = "50"


class ProbeEvents:
    """Reads the Events of a pod once per start of its container, and until there is one."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._said: dict[tuple[str, int], str] = {}

    async def of(self, pods: Sequence[Document]) -> dict[str, str]:
        """The last words about each of the pods, by its uid; what cannot be read is left out."""
        found = {}
        for pod in pods:
            uid = pod["metadata"]["uid"]
            key = (uid, _starts(pod))
            if key not in self._said and (words := await self._read(pod)):
                while len(self._said) >= REMEMBERED:
                    del self._said[next(iter(self._said))]
                self._said[key] = words
            if known := self._said.get(key):
                found[uid] = known
        return found

    async def _read(self, pod: Document) -> str:
        selector = f"involvedObject.uid={pod['metadata']['uid']},reason=Unhealthy"
        path = EVENTS.path(namespace_of(pod))
        try:
            page = await self._api.read(path, fieldSelector=selector, limit=EVENTS_OF_A_POD)
        except PlatError as error:
            # without it the condition still says that the pod is not ready
            log.info("the events of a pod were not read: %s", error.message)
            return ""
        events = sorted(page["items"] or (), key=_time)
        return str(events[-1].get("message", "")).strip() if events else ""


def _starts(pod: Document) -> int:
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return sum(int(status.get("restartCount", 0)) for status in statuses)


def _time(event: Document) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")
