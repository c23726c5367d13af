"""The gateway in a cluster: it watches resources and pods, and writes Functions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version

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
from plat_core.services.background import background
from plat_core.services.call_metrics import BUCKETS
from plat_core.services.functions import Functions
from plat_core.services.peers import Peers
from plat_core.services.router import Router

from plat_gateway.app import create_app
from plat_gateway.links import GatewayLinks
from plat_gateway.services import Services
from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.calls import dispatching, intake_of, queue_at
from plat_gateway.wiring.parts import ROUTED, Platform, guard_of, proxy_of, runtime_view


@asynccontextmanager
async def kubernetes(settings: GatewaySettings) -> AsyncIterator[Platform]:
    """A gateway in a cluster: with the API server away, calls go on to the replicas it knows."""
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(Api.open())
        builds = RemoteBuilds(settings.builder_url, settings.auth_token)
        stack.push_async_callback(builds.close)
        queue = queue_at(settings.database, settings, stack) if settings.database else None
        caches = Caches()
        changes: Notifier[FunctionRef] = Notifier()
        caches.functions.add_listener(lambda document: changes.notify(kinds.ref_of(document)))
        store = KubernetesFunctionStore(
            api, caches.functions, caches.revisions, manager="plat-gateway"
        )
        routes = KubernetesRoutes(api, store, caches.functions, caches.deployments, caches.pods)
        stack.push_async_callback(routes.close)
        reflectors = _reflectors(api, caches)
        router = Router(scaler=routes, complete=reflectors[0].synced.is_set)
        links = GatewayLinks(settings.pod_name, settings.auth_token)
        peers = Peers(settings.pod_name, router, send=links.send)
        if settings.peers:
            reflectors.append(_gateways(api, settings, peers, links))
        guard = guard_of(settings)

        def url(ref: FunctionRef) -> str:
            return f"{settings.url}/function/{ref.segment}"

        async def readiness() -> Mapping[str, str]:
            unseen = [r.kind.plural for r in reflectors if not r.synced.is_set()]
            missing = dict.fromkeys(unseen, "was not listed yet")
            if peers.silent_peers:
                missing["peers"] = f"nothing was heard yet of {', '.join(peers.silent_peers)}"
            return missing

        catalogue = runtimes.RuntimeCatalog(runtimes.find())
        services = Services(
            functions=Functions(
                store,
                KubernetesWorkloads(api, caches, PodPolicy()),
                changes,
                scaler=routes,
                url=url,
                now=lambda: datetime.now(UTC),
            ),
            builds=builds,
            logs=KubernetesLogs(api, caches.pods),
            secrets=KubernetesSecretStore(api),
            runtimes=lambda: [runtime_view(runtime) for runtime in catalogue.list()],
            guard=guard,
            readiness=readiness,
            samples=router.totals,
            buckets=BUCKETS,
            routed=partial(peers.wait_for, within=ROUTED),
            backend=settings.backend,
            version=version("plat-faas"),
            calls=queue.calls if queue else None,
        )
        await stack.enter_async_context(
            background(
                *(reflector.run() for reflector in reflectors),
                router.follow(routes),
                Autoscaler(loads=peers, scaler=routes, clock=router.clock, quorum=peers).run(),
                *(_meet(peers, links, services, settings) if settings.peers else ()),
            )
        )
        proxy = proxy_of(router, services, settings)
        if queue is not None:
            await stack.enter_async_context(
                dispatching(
                    *(queue.store, proxy, services, settings),
                    alone=queue.alone,
                    exists=store.exists,
                )
            )
        intake = intake_of(proxy, services.calls, settings)
        yield Platform(create_app(services, settings), proxy, services, intake)


def _reflectors(api: Api, caches: Caches) -> list[Reflector]:
    """What a gateway watches: Functions first of all, their sizes and their pods."""
    ours = kinds.SELECTOR
    return [
        Reflector(api, kinds.FUNCTIONS, caches.functions),
        Reflector(api, kinds.REVISIONS, caches.revisions, selector=ours),
        Reflector(api, kinds.DEPLOYMENTS, caches.deployments, selector=ours),
        Reflector(api, kinds.PODS, caches.pods, selector=ours),
    ]


def _gateways(api: Api, settings: GatewaySettings, peers: Peers, links: GatewayLinks) -> Reflector:
    """What tells who the other gateways are: the pods that `PLAT_PEERS` selects."""
    pods = Cache(lambda _: None)

    def changed(_: kinds.Document) -> None:
        found = gateways(pods, settings.pod_name)
        port = settings.peer_port
        links.set_members({name: f"{host}:{port}" for name, host in found.addresses.items()})
        peers.members(found.ready)

    pods.add_listener(changed)
    selector, namespace = settings.peers, settings.pod_namespace
    return Reflector(api, kinds.PODS, pods, selector=selector, namespace=namespace)


def _meet(
    peers: Peers, links: GatewayLinks, services: Services, settings: GatewaySettings
) -> Iterable[Coroutine[None, None, None]]:
    """Speak with the other gateways; one that stops decides no more."""

    async def leave() -> None:
        await services.closing.wait()
        peers.stop_deciding()

    return peers.run(), links.run(peers, settings.host, settings.peer_port), leave()
