"""Composition of the operator: opens the backend and connects the parts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from plat_backends.kubernetes import (
    Api,
    Caches,
    KubernetesFunctionStore,
    KubernetesSecretVersions,
    KubernetesWorkloads,
    PodPolicy,
    Reflector,
    WarningStore,
    kinds,
    list_objects,
)
from plat_backends.remote import RemoteBuilds
from plat_builder.resource import ResourceBuilder
from plat_core.errors import PlatError
from plat_core.model.names import FunctionRef
from plat_core.services.background import background
from plat_core.services.controller import Controller, StatusContext
from plat_http.fixes import describe

from plat_operator.settings import OperatorSettings

log = logging.getLogger(__name__)

MANAGER = "plat-operator"
MAX_CONCURRENCY = 32
"""Functions reconciled at the same time: more would only wait for the API server in memory."""


@dataclass(slots=True)
class Operator:
    """A running operator, for kopf's handlers and the probes.

    `swept_at` is the time of the last list of all Functions, on the monotonic clock.
    """

    api: Api
    caches: Caches
    controller: Controller
    reflectors: list[Reflector]
    swept_at: float = field(default_factory=time.monotonic)

    def handle_event(self, event: str | None, function: dict[str, Any]) -> None:
        """Store the Function of an event of a watch."""
        if event == "DELETED":
            self.caches.functions.drop(function)
        else:
            self.caches.functions.put(function)

    async def sweep(self) -> None:
        """List all Functions, to find changes that the watch missed."""
        documents, version = await list_objects(self.api, kinds.FUNCTIONS)
        self.caches.functions.replace(documents, version)
        self.swept_at = time.monotonic()

    async def sweep_every(self, seconds: float) -> None:
        """Sweep periodically until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.sweep()
            except PlatError as error:
                log.warning("cannot list functions: %s", error.message)


@asynccontextmanager
async def operator(
    settings: OperatorSettings, *, kubeconfig: str | None = None
) -> AsyncIterator[Operator]:
    """Yield an operator with synced caches that reconciles; raises Unavailable.

    If a background task fails, the body is cancelled with its error.
    """
    async with Api.open(kubeconfig, rate=settings.writes) as api:
        builds = RemoteBuilds(settings.builder_url, settings.auth_token)
        caches = Caches()
        controller = _controller(settings, api, caches, builds)
        running = Operator(api, caches, controller, _reflectors(api, caches))
        async with background(*(r.run() for r in running.reflectors)) as tasks:
            await asyncio.gather(running.sweep(), *(r.synced.wait() for r in running.reflectors))
            tasks.begin(controller.run(), running.sweep_every(settings.sweep))
            try:
                yield running
            finally:
                await builds.close()


def _controller(
    settings: OperatorSettings, api: Api, caches: Caches, builds: RemoteBuilds
) -> Controller:
    policy = PodPolicy(
        namespace=settings.namespace,
        environment=settings.network,
        ipv6=":" in settings.pod_ips,
        start=settings.start,
        pull_secrets=tuple(filter(None, settings.pull_secrets.split(","))),
    )
    workloads = KubernetesWorkloads(api, caches, policy)
    store = KubernetesFunctionStore(api, caches.functions, caches.revisions, manager=MANAGER)

    def now() -> datetime:
        return datetime.now(UTC)

    def url(ref: FunctionRef) -> str:
        return ref.url_at(settings.public_url)

    return Controller(
        store=WarningStore(store, api, describe_fix=describe, now=now),
        workloads=workloads,
        builder=ResourceBuilder(builds),
        secrets=KubernetesSecretVersions(caches.secrets),
        context=StatusContext(now=now, url=url, describe_fix=describe),
        demand=workloads.demand,
        max_concurrency=MAX_CONCURRENCY,
    )


def _reflectors(api: Api, caches: Caches) -> list[Reflector]:
    managed = kinds.SELECTOR
    return [
        Reflector(api, kinds.REVISIONS, caches.revisions, selector=managed),
        Reflector(api, kinds.DEPLOYMENTS, caches.deployments, selector=managed),
        Reflector(api, kinds.PODS, caches.pods, selector=managed),
        Reflector(api, kinds.SERVICES, caches.services, selector=managed),
        Reflector(api, kinds.BUDGETS, caches.budgets, selector=managed),
        Reflector(api, kinds.ACCOUNTS, caches.accounts, selector=managed),
        Reflector(api, kinds.POLICIES, caches.policies, selector=managed),
        Reflector(api, kinds.ACCOUNTS, caches.defaults, fields="metadata.name=default"),
        Reflector(api, kinds.SECRETS, caches.secrets, metadata_only=True),
    ]
