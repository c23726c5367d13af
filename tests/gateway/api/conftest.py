"""An application over the memory backend, with scripted builds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from plat_backends.memory import (
    MemoryCallStore,
    MemoryFunctionStore,
    MemoryLogs,
    MemoryScaler,
    MemorySecretStore,
    MemoryWorkloads,
)
from plat_core.errors import Malformed
from plat_core.model.build import BuildEvent, BuildOptions, Finished, LogLine, Step
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.services.async_calls import AsyncCalls, CallPolicy
from plat_core.services.functions import Functions
from plat_core.services.notifying_store import NotifyingStore
from plat_gateway.app import create_app
from plat_gateway.notices import Notices
from plat_gateway.routes.documents import RuntimeView
from plat_gateway.services import Services, UploadKind
from plat_gateway.settings import GatewaySettings
from plat_gateway.wiring.assembly import create_guard

TOKEN = "a-right-token"
IMAGE = "embedded/orders@sha256:" + "0" * 64


@dataclass
class ScriptedBuilds:
    """Record the upload and yield the events of `script`."""

    script: list[BuildEvent | Exception | asyncio.Event] = field(default_factory=list)
    uploads: list[tuple[UploadKind, BuildOptions, bytes]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def build_upload(
        self, upload: AsyncIterator[bytes], kind: UploadKind, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        try:
            content = b"".join([piece async for piece in upload])
            self.uploads.append((kind, options, content))
            if not content:
                raise Malformed("the upload is empty")
            for item in self.script or default_script():
                if isinstance(item, Exception):
                    raise item
                if isinstance(item, asyncio.Event):
                    await item.wait()
                else:
                    yield item
        finally:
            self.closed.set()


def default_script() -> list[BuildEvent | Exception | asyncio.Event]:
    return [
        Step(name="unpack", seconds=0.01),
        LogLine(text="Resolved 1 package"),
        Finished(image=IMAGE, digest="sha256:" + "0" * 64, runtime="python", handler="app:handler"),
    ]


@dataclass
class Platform:
    """The services behind the API, open to the tests."""

    store: NotifyingStore
    workloads: MemoryWorkloads
    logs: MemoryLogs
    secrets: MemorySecretStore
    builds: ScriptedBuilds
    settings: GatewaySettings
    scaler: MemoryScaler = field(default_factory=MemoryScaler)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    notices: Notices | None = field(default_factory=Notices)
    reasons: dict[str, str] = field(default_factory=dict)
    queue: MemoryCallStore = field(default_factory=MemoryCallStore)
    calls: AsyncCalls | None = None
    samples: list[Any] = field(default_factory=list)

    def app(self) -> FastAPI:
        changes = self.store.changes
        functions = Functions(
            self.store,
            self.workloads,
            changes,
            scaler=self.scaler,
            url=lambda ref: f"{self.settings.url}/function/{ref.segment}",
            now=lambda: datetime.now(UTC),
        )
        services = Services(
            functions=functions,
            builds=self.builds,
            logs=self.logs,
            secrets=self.secrets,
            runtimes=lambda: [
                RuntimeView(
                    name="python",
                    language="python",
                    description="Plain Python.",
                    handler="app:handler",
                )
            ],
            guard=create_guard(self.settings, self.settings.viewer_token),
            readiness=self.readiness,
            samples=lambda: self.samples,
            buckets=(0.1, 1.0),
            backend="memory",
            version="0.1.0",
            notices=self.notices,
            closing=self.closing,
            calls=self.calls,
        )
        return create_app(services, self.settings)

    def __post_init__(self) -> None:
        self.calls = AsyncCalls(self.queue, policy=CallPolicy())

    async def readiness(self) -> dict[str, str]:
        return self.reasons


def make_platform(**settings: Any) -> Platform:
    given = {"auth_token": TOKEN, "stream_limit": 5.0} | settings
    return Platform(
        store=NotifyingStore(MemoryFunctionStore(), Notifier()),
        workloads=MemoryWorkloads(),
        logs=MemoryLogs(),
        secrets=MemorySecretStore(),
        builds=ScriptedBuilds(),
        settings=GatewaySettings(**given),
    )


def client_of(app: FastAPI, token: str | None = TOKEN) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    # raise_app_exceptions would hide the response to an exception
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://plat", headers=headers)


@pytest.fixture
def platform() -> Platform:
    return make_platform()


@pytest.fixture
def app(platform: Platform) -> FastAPI:
    return platform.app()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, None) as client:
        yield client


@pytest.fixture
def orders() -> FunctionRef:
    return FunctionRef("orders")


Put = Callable[..., Any]


@pytest.fixture
def put(client: httpx.AsyncClient) -> Put:
    async def put(name: str = "orders", **spec: Any) -> httpx.Response:
        return await client.put(f"/functions/{name}", json={"spec": {"image": IMAGE} | spec})

    return put
