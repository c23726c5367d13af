"""uvicorn inside gunicorn's worker: the event loop for ASGI applications and async handlers."""

import asyncio
import os
import sys
from typing import Any, Protocol

from uvicorn.config import Config
from uvicorn.server import Server

from plat_runtime.faults import Reason, StartError


class ServerWorker(Protocol):
    """The part of gunicorn's worker that uvicorn needs."""

    sockets: Any
    ppid: int
    alive: bool
    cfg: Any
    program: Any

    def probe(self, path: str) -> tuple[int, str] | None:
        """Answer a probe of the platform."""

    def serving(self) -> None:
        """Record that calls can come."""

    def fail(self, fault: StartError) -> None:
        """Report a failed start and end the process."""


class ReplicaServer(Server):
    """A server that notifies its worker when it accepts calls, and stops without its parent."""

    def __init__(self, config: Config, worker: ServerWorker) -> None:
        super().__init__(config)
        self._worker = worker

    async def startup(self, sockets: object = None) -> None:
        """Run the application's own startup, then begin to accept."""
        listeners = [listener.sock for listener in self._worker.sockets]
        await super().startup(sockets=listeners)
        self._worker.serving()

    async def on_tick(self, counter: int) -> bool:
        """Run uvicorn's periodic work, ten times a second."""
        if self.should_exit or os.getppid() != self._worker.ppid:
            self._worker.alive = False
            return True
        return await super().on_tick(counter)


def serve(worker: ServerWorker) -> None:
    """Serve the worker's program until SIGTERM."""
    asyncio.run(_serve(worker))


async def _serve(worker: ServerWorker) -> None:
    config = Config(
        worker.program.asgi_endpoint(worker.probe),
        loop="asyncio",
        lifespan="auto",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips="*",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=worker.cfg.graceful_timeout,
        h11_max_incomplete_event_size=1 << 20,
    )
    server = ReplicaServer(config, worker)
    try:
        await server.serve()
    except SystemExit:
        if not server.started:
            message = "the application's lifespan startup failed"
            worker.fail(StartError(Reason.FAILED, message))
        raise
    sys.stdout.flush()
