"""The gateway in a cluster: it watches resources and pods, and writes Functions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from plat_backends.kubernetes import (
    Api,
    Cache,
    Caches,
    KubernetesFunctionStore,
    KubernetesLogs,
    KubernetesRoutes,
    KubernetesSecretStore,
    KubernetesWorkloads,
    PodPolicy,
    Reflector,
    gateways,
    kinds,
)
from plat_backends.remote import RemoteBuilds
from plat_builder import runtimes
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.services.autoscaler import Autoscaler
from plat_core.services.background import Work
from plat_core.services.peers import Peers
from plat_core.services.router import Router

from plat_gateway.links import GatewayLinks
from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.assembly import ROUTED_TIMEOUT
from plat_gateway.wiring.async_calls import open_queue
from plat_gateway.wiring.parts import BackendParts


@asynccontextmanager
async def open_kubernetes(settings: GatewaySettings) -> AsyncIterator[BackendParts]:
    """Open the parts. While the API server is away, calls go to the replicas known so far."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(Api.open())
        builds = RemoteBuilds(settings.builder_url, settings.auth_token)
        stack.push_async_callback(builds.close)
        caches, changes = Caches(), Notifier[FunctionRef]()
        caches.functions.add_listener(lambda document: changes.notify(kinds.ref_of(document)))
        store = KubernetesFunctionStore(
            api, caches.functions, caches.revisions, manager="plat-gateway"
        )
        routes = KubernetesRoutes(api, store, caches.functions, caches.deployments, caches.pods)
        stack.push_async_callback(routes.close)
        reflectors = _reflectors(api, caches)
        router = Router(scaler=routes, complete=reflectors[0].synced.is_set)
        peering = _Peering(settings, router)
        if settings.peers:
            reflectors.append(peering.reflector(api))
        database = settings.database
        yield BackendParts(
            backend="kubernetes",
            function_url=lambda ref: ref.url_at(settings.url),
            store=store,
            workloads=KubernetesWorkloads(api, caches, PodPolicy()),
            changes=changes,
            scaler=routes,
            resolver=routes,
            router=router,
            builds=builds,
            logs=KubernetesLogs(api, caches.pods),
            secrets=KubernetesSecretStore(api),
            readiness=partial(_readiness, reflectors, peering.peers),
            tasks=lambda: [
                *(reflector.run() for reflector in reflectors),
                *(peering.tasks() if settings.peers else ()),
            ],
            runtimes=runtimes.RuntimeCatalog(runtimes.find()).list,
            viewer_token=settings.viewer_token,
            autoscaler=Autoscaler(
                loads=peering.peers, scaler=routes, clock=router.clock, quorum=peering.peers
            ),
            routed=partial(peering.peers.wait_for, within=ROUTED_TIMEOUT),
            calls=open_queue(database, settings, stack, store.exists) if database else None,
            closing=peering.closing,
        )


async def _readiness(reflectors: Sequence[Reflector], peers: Peers) -> Mapping[str, str]:
    unseen = [r.kind.plural for r in reflectors if not r.synced.is_set()]
    missing = dict.fromkeys(unseen, "was not listed yet")
    if peers.silent_peers:
        missing["peers"] = f"nothing was heard yet of {', '.join(peers.silent_peers)}"
    return missing


def _reflectors(api: Api, caches: Caches) -> list[Reflector]:
    """Return the watches of a gateway: Functions first, then their scale and their pods."""
    ours = kinds.SELECTOR
    return [
        Reflector(api, kinds.FUNCTIONS, caches.functions),
        Reflector(api, kinds.REVISIONS, caches.revisions, selector=ours),
        Reflector(api, kinds.DEPLOYMENTS, caches.deployments, selector=ours),
        Reflector(api, kinds.PODS, caches.pods, selector=ours),
    ]


class _Peering:
    """The other gateways: the pods that `PLAT_PEERS` selects, and the links to them."""

    def __init__(self, settings: GatewaySettings, router: Router) -> None:
        self._settings = settings
        self._links = GatewayLinks(settings.pod_name, settings.auth_token)
        self.peers = Peers(settings.pod_name, router, send=self._links.send)
        self.closing = asyncio.Event()

    def reflector(self, api: Api) -> Reflector:
        """Return the watch that keeps the list of gateways up to date."""
        settings = self._settings
        pods = Cache(lambda _: None)

        def update(_: kinds.Document) -> None:
            found = gateways(pods, settings.pod_name)
            port = settings.peer_port
            self._links.set_members(
                {name: f"{host}:{port}" for name, host in found.addresses.items()}
            )
            self.peers.members(found.ready)

        pods.add_listener(update)
        selector, namespace = settings.peers, settings.pod_namespace
        return Reflector(api, kinds.PODS, pods, selector=selector, namespace=namespace)

    def tasks(self) -> Iterable[Work]:
        """Return the coroutines that exchange load with the peers."""
        host, port = self._settings.host, self._settings.peer_port
        return self.peers.run(), self._links.run(self.peers, host, port), self._leave()

    async def _leave(self) -> None:
        # A gateway that stops makes no more decisions.
        await self.closing.wait()
        self.peers.stop_deciding()
