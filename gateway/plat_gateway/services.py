"""What the routes need from the rest of the platform, put together by the wiring."""

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
from typing import TYPE_CHECKING, Literal, Protocol

from plat_core.model.build import BuildEvent, BuildOptions
from plat_core.model.names import FunctionRef
from plat_core.ports import LogSource, SecretStore
from plat_core.services.async_calls import AsyncCalls
from plat_core.services.functions import Functions
from plat_core.services.tokens import TokenGuard
from starlette.requests import Request

from plat_gateway.notices import Notices

if TYPE_CHECKING:
    from plat_gateway.metrics import FunctionSample

UploadKind = Literal["zip", "file", "source"]


class Builds(Protocol):
    """Builds what was uploaded."""

    def build_upload(
        self, upload: AsyncIterator[bytes], kind: UploadKind, options: BuildOptions, /
    ) -> AsyncGenerator[BuildEvent, None]:
        """Take in the upload, then build it: events as they happen, the last one ends it.

        An upload that cannot be unpacked is a `Failed` with its code. Closing the iterator ends
        the build.
        """
        ...


class RuntimeInfo(Protocol):
    """What a runtime says about itself."""

    @property
    def name(self) -> str:
        """As it stands in `spec.runtime`."""
        ...

    @property
    def language(self) -> str:
        """For people: `Python 3`."""
        ...

    @property
    def description(self) -> str:
        """One sentence."""
        ...

    @property
    def handler(self) -> str:
        """The handler where none is given."""
        ...

    @property
    def template(self) -> Mapping[str, str]:
        """The files a function of it begins with: path → text."""
        ...


Readiness = Callable[[], Awaitable[Mapping[str, str]]]
"""What is not ready yet, as `{part: why}`; empty when all is."""


Routed = Callable[[FunctionRef], Awaitable[None]]
"""Returns when a function that was just stored can be called, or after a while of waiting."""


async def at_once(_ref: FunctionRef) -> None:
    """Where there is no data path, nobody waits for it."""


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one gateway.

    `guard` is shared with the data path. `samples` tells what it counted, and may not disturb the
    autoscaler's means; `buckets` are the upper bounds of its duration histogram, in seconds.
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
    routed: Routed = at_once
    calls: AsyncCalls | None = None
    """Asynchronous calls; None where there is no database for them."""
    notices: Notices | None = None
    """Where `plat dev` may say what is wrong; None outside dev set-ups."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the gateway stops: answers that go on end then."""
    started: datetime = field(default_factory=lambda: datetime.now(UTC))


async def services_of(request: Request) -> Services:
    """The services of the application that got this request."""
    services: Services = request.app.state.services
    return services
