"""The gateway under test in its own process, with one function."""

from __future__ import annotations

import asyncio
import hmac
import sys
from collections.abc import AsyncGenerator

import uvloop
from plat_core.errors import PlatError, Unauthenticated
from plat_core.model.names import FunctionRef
from plat_core.ports import Endpoint, Route, RouteRemoved
from plat_core.services.router import Router
from plat_gateway.proxy.proxy import FunctionProxy
from plat_gateway.server import serve

TOKEN = "dev-token"
EXPECTED = f"Bearer {TOKEN}".encode()


class FixedRoute:
    """A route to one function that is always ready."""

    def __init__(self, address: str) -> None:
        self._endpoints = (Endpoint("r1", address),)

    async def watch(self) -> AsyncGenerator[Route | RouteRemoved, None]:
        """Yield the route."""
        yield Route(
            ref=FunctionRef("hello"),
            revision="hello-1",
            state="ready",
            endpoints=self._endpoints,
            timeout=60.0,
            concurrency=1000,
            access="token",
            min=1,
            max=1,
            target=700,
            idle=60,
            forward_authorization=False,
            reason="",
            message="",
            pauses=False,
        )

    async def scale(self, ref: FunctionRef, replicas: int) -> None:
        """Raise: a replica is ready."""
        raise RuntimeError(f"{replicas} replicas of {ref} requested, but it is ready")


def authorize(authorization: bytes | None, address: str) -> PlatError | None:
    """Compare the token in constant time."""
    if authorization is not None and hmac.compare_digest(authorization, EXPECTED):
        return None
    return Unauthenticated(f"no token from {address}")


async def application(scope: object, receive: object, send: object) -> None:
    """Raise: the application is not measured."""
    raise RuntimeError("only /function/ is served here")


async def main(port: int, address: str) -> None:
    """Serve until terminated."""
    route = FixedRoute(address)
    router = Router(scaler=route)
    await router.follow(route)
    await serve(application, FunctionProxy(router, authorize=authorize), port=port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
