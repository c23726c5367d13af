"""kopf's side: events of Functions go to the operator, and nothing else is asked of kopf.

`on.event` needs no finalizer and writes nothing; what children do is watched by the backend, with a
selector, which kopf cannot. A watch of kopf's that died silently costs a minute: `Operator.sweep`.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, Final

import kopf
from kopf._core.engines.peering import Identity

from plat_operator.wiring import Operator

IDLE: Final = 0.2
"""Seconds after which kopf forgets an object until its next event."""
GROUP, VERSION, PLURAL = "plat.dev", "v1alpha1", "functions"


class _NoEssence(kopf.DiffBaseStorage):
    """What kopf keeps of an object to tell a change of it later, which nobody here asks for: to
    build it would be a copy of each object at each event.
    """

    def build(self, *, body: kopf.Body, extra_fields: object = None) -> kopf.BodyEssence:
        return kopf.BodyEssence({})

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Nothing is kept."""


def registry(operator: Operator) -> kopf.OperatorRegistry:
    """The handlers of one operator."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.startup(registry=handlers)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.posting.enabled = False
        settings.scanning.disabled = True
        # a worker that waits for more keeps the last event of its object, whole
        settings.queueing.idle_timeout = IDLE
        settings.persistence.diffbase_storage = _NoEssence()
        settings.watching.server_timeout = 270
        settings.watching.client_timeout = 300

    @kopf.on.login(registry=handlers)
    async def login(**given: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**given) or kopf.login_with_kubeconfig(**given)

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=handlers)
    async def saw(event: kopf.RawEvent, **_: Any) -> None:
        operator.saw(event["type"], dict(event["object"]))

    return handlers


async def run(operator: Operator, stop: asyncio.Event) -> None:
    """Follow Functions until `stop` is set."""
    await kopf.operator(
        registry=registry(operator),
        # kopf would name itself after the user, whom a container's uid need not have
        identity=Identity(f"plat-{uuid.uuid4().hex}"),
        clusterwide=True,
        standalone=True,
        stop_flag=stop,
    )
