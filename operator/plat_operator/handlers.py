"""kopf handlers: forward the events of Functions to the operator.

`on.event` needs no finalizer and writes nothing. The backend watches the children, because kopf
cannot watch with a label selector. kopf's watch can stop without an error, so `Operator.sweep`
lists all Functions once a minute.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, Final

import kopf

from plat_operator.wiring import Operator

IDLE: Final = 0.2
"""Seconds without an event after which kopf ends the worker of an object."""
GROUP, VERSION, PLURAL = "plat.dev", "v1alpha1", "functions"


class NoDiffStorage(kopf.DiffBaseStorage):
    """Disables kopf's diffs, which would copy each object at each event."""

    def build(self, *, body: kopf.Body, extra_fields: object = None) -> kopf.BodyEssence:
        """Return an empty essence."""
        return kopf.BodyEssence({})

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        """Return None, because nothing is stored."""
        return None

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Store nothing."""


def registry(operator: Operator) -> kopf.OperatorRegistry:
    """Return the handlers of an operator."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.startup(registry=handlers)
    async def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
        settings.posting.enabled = False
        settings.scanning.disabled = True
        # a worker holds the last event of its object in memory while it waits for the next one
        settings.queueing.idle_timeout = IDLE
        settings.persistence.diffbase_storage = NoDiffStorage()
        settings.watching.server_timeout = 270
        settings.watching.client_timeout = 300

    @kopf.on.login(registry=handlers)
    async def login(**options: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**options) or kopf.login_with_kubeconfig(**options)

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=handlers)
    async def handle_event(event: kopf.RawEvent, **_: Any) -> None:
        operator.handle_event(event["type"], dict(event["object"]))

    return handlers


async def run(operator: Operator, stop: asyncio.Event) -> None:
    """Watch Functions until `stop` is set."""
    await kopf.operator(
        registry=registry(operator),
        # the default needs a user name, which the uid of a container may lack; the type is a
        # NewType of str that kopf does not export
        identity=f"plat-{uuid.uuid4().hex}",  # type: ignore[arg-type]
        clusterwide=True,
        standalone=True,
        stop_flag=stop,
    )
