"""The one place of the operator that opens the backend and puts the parts together."""

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
"""Functions that are worked on at the same time: more would wait for the API server in memory."""


@dataclass(slots=True)
class Operator:
    """A running operator, as kopf's handlers and the probes see it.

    `swept` is when all Functions were last listed, on the monotonic clock.
    """

    api: Api
    caches: Caches
    controller: Controller
    reflectors: list[Reflector]
    swept: float = field(default_factory=time.monotonic)

    def saw(self, event: str | None, function: dict[str, Any]) -> None:
        """Take in an event about a Function."""
        if event == "DELETED":
            self.caches.functions.drop(function)
        else:
            self.caches.functions.put(function)

    async def sweep(self) -> None:
        """List all Functions: whatever no watch told of is seen now."""
        path = kinds.FUNCTIONS.path()
        documents: list[kinds.Document] = []
        page = await self.api.read(path, limit="500")
        documents += page["items"]
        while more := page["metadata"].get("continue"):
            page = await self.api.read(path, limit="500", **{"continue": more})
            documents += page["items"]
        version = int(page["metadata"]["resourceVersion"])
        self.caches.functions.replace(documents, version)
        self.swept = time.monotonic()

    async def keep_sweeping(self, seconds: float) -> None:
        """Sweep now and then, until cancelled."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self.sweep()
            except PlatError as error:
                log.warning("the functions were not listed: %s", error.message)


@asynccontextmanager
async def operator(
    settings: OperatorSettings, *, kubeconfig: str | None = None
) -> AsyncIterator[Operator]:
    """An operator that knows the cluster and reconciles; raises Unavailable.

    The body is cancelled with the error of a part that fails.
    """
    async with Api.open(kubeconfig, rate=settings.writes) as api:
        builds = RemoteBuilds(settings.builder_url, settings.auth_token)
        caches = Caches()
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
            return f"{settings.public_url.rstrip('/')}/function/{ref.segment}"

        controller = Controller(
            store=WarningStore(store, api, describe_fix=describe, now=now),
            workloads=workloads,
            builder=ResourceBuilder(builds),
            secrets=KubernetesSecretVersions(caches.secrets),
            context=StatusContext(now=now, url=url, describe_fix=describe),
            demand=workloads.wanted,
            max_concurrency=MAX_CONCURRENCY,
        )
        running = Operator(api, caches, controller, _reflectors(api, caches))
        async with background(*(r.run() for r in running.reflectors)) as beside:
            await asyncio.gather(running.sweep(), *(r.synced.wait() for r in running.reflectors))
            beside.begin(controller.run(), running.keep_sweeping(settings.sweep))
            try:
                yield running
            finally:
                await builds.close()


def _reflectors(api: Api, caches: Caches) -> list[Reflector]:
    ours = kinds.SELECTOR
    return [
        Reflector(api, kinds.REVISIONS, caches.revisions, selector=ours),
        Reflector(api, kinds.DEPLOYMENTS, caches.deployments, selector=ours),
        Reflector(api, kinds.PODS, caches.pods, selector=ours),
        Reflector(api, kinds.SERVICES, caches.services, selector=ours),
        Reflector(api, kinds.BUDGETS, caches.budgets, selector=ours),
        Reflector(api, kinds.ACCOUNTS, caches.accounts, selector=ours),
        Reflector(api, kinds.POLICIES, caches.policies, selector=ours),
        Reflector(api, kinds.ACCOUNTS, caches.defaults, fields="metadata.name=default"),
        Reflector(api, kinds.SECRETS, caches.secrets, metadata_only=True),
    ]
