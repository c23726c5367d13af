"""The services behind the routes, created by the wiring."""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from plat_core.model.build import BuildEvent, BuildOptions
from plat_core.model.names import FunctionRef
from plat_core.ports import LogSource, SecretStore
from plat_core.services.async_calls import AsyncCalls
from plat_core.services.functions import Functions
from plat_core.services.tokens import TokenGuard
from plat_http.build_requests import UploadKind
from starlette.requests import Request

from plat_gateway.call_samples import FunctionSample
from plat_gateway.notices import Notices


class Builds(Protocol):
    """Builds uploaded sources."""

    def build_upload(
        self, upload: AsyncIterator[bytes], kind: UploadKind, options: BuildOptions, /
    ) -> AsyncGenerator[BuildEvent, None]:
        """Receive the upload, then build it, and yield the events of the build.

        The last event is `Finished` or `Failed`; an upload that cannot be unpacked is `Failed`.
        Closing the generator cancels the build.
        """
        ...


class RuntimeInfo(Protocol):
    """The description of a runtime."""

    @property
    def name(self) -> str:
        """Name of the runtime, as in `spec.runtime`."""
        ...

    @property
    def language(self) -> str:
        """Language for display, such as `Python 3`."""
        ...

    @property
    def description(self) -> str:
        """Description in one sentence."""
        ...

    @property
    def handler(self) -> str:
        """Default handler."""
        ...

    @property
    def template(self) -> Mapping[str, str]:
        """Files of a new function: path → text."""
        ...


Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""Returns the parts that are not ready, as `{part: reason}`; empty when all are ready."""


Routed = Callable[[FunctionRef], Awaitable[None]]
"""Waits until a stored function can be called, up to a timeout."""


async def skip_wait(_ref: FunctionRef) -> None:
    """Return at once, in a service without a data path."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one gateway.

    `guard` is shared with the data path. `samples` returns its counters without a reset of the
    autoscaler's averages; `buckets` are the upper bounds (s) of its duration histogram.
    """

    functions: Functions
    builds: Builds
    logs: LogSource
    secrets: SecretStore
    runtimes: Callable[[], Sequence[RuntimeInfo]]
    guard: TokenGuard
    readiness: Readiness
    samples: Callable[[], Iterable[FunctionSample]]
    buckets: Sequence[float]
    backend: str
    version: str
    routed: Routed = skip_wait
    calls: AsyncCalls | None = None
    """Asynchronous calls; None without a database for them."""
    notices: Notices | None = None
    """Notices of `plat dev`; None outside dev set-ups."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the gateway stops; streaming responses then end."""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))


async def services_of(request: Request) -> Services:
    """Return the services of the application that received the request."""
    services: Services = request.app.state.services
    return services
