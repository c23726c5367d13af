"""A controller on a real socket over the memory backend, which can be stopped and restarted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from plat_backends.remote import ControllerApi
from plat_controller import routes
from plat_controller.server import ControllerServer
from plat_core.model.build import BuildEvent, BuildOptions, Failed
from plat_core.model.source import Source
from plat_core.services.controller import Controller
from plat_core.services.router import Router
from plat_gateway.proxy.limits import HttpLimits
from plat_gateway.proxy.proxy import FunctionProxy

from tests.route_fixtures import status_context

from ..gateway.api.conftest import TOKEN, Platform, make_platform


class NoBuilder:
    async def build_source(
        self, source: Source, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        yield Failed(message="nothing is built here")


class Service:
    """The controller; `platform` keeps its state across a restart."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.port = 0

    async def start(self) -> None:
        platform = self.platform
        self.controller = Controller(
            store=platform.store,
            workloads=platform.workloads,
            builder=NoBuilder(),
            secrets=platform.secrets,
            context=status_context("http://localhost"),
        )
        app = platform.app()
        app.state.sources = routes.RouteServices(platform.store, self.controller, self.controller)
        app.include_router(routes.router)
        proxy = FunctionProxy(
            Router(scaler=self.controller), authorize=lambda _header, _client: None
        )
        self.server = ControllerServer(app, proxy, limits=HttpLimits(), trusted_proxies=())
        await self.server.start(host="127.0.0.1", port=self.port, sock=None)
        self.port = self.server.port
        self.task = asyncio.create_task(self.controller.run())

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.server.close(0.1)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service(make_platform())
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
async def api(service: Service) -> AsyncIterator[ControllerApi]:
    api = ControllerApi(service.url, TOKEN)
    yield api
    await api.close()
