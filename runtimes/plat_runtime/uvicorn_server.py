"""uvicorn inside gunicorn's worker: the event loop for ASGI applications and async handlers."""

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from uvicorn.config import Config
from uvicorn.server import Server

from plat_runtime.faults import Reason, StartError

if TYPE_CHECKING:
    from plat_runtime.serving import ReplicaWorker


class ReplicaServer(Server):
    """A server that tells its worker when it can serve, and stops when the parent is gone."""

    def __init__(self, config: Config, worker: "ReplicaWorker") -> None:
        super().__init__(config)
        self._worker = worker

    async def startup(self, sockets: object = None) -> None:
        """Run the application's own startup, then begin to accept."""
        listeners = [listener.sock for listener in self._worker.sockets]
        await super().startup(sockets=listeners)
        self._worker.serving()

    async def on_tick(self, counter: int) -> bool:
        """Do uvicorn's chores, ten times a second."""
        if self.should_exit or os.getppid() != self._worker.ppid:
            self._worker.alive = False
            return True
        return await super().on_tick(counter)


def serve(worker: "ReplicaWorker") -> None:
    """Serve the worker's program until SIGTERM."""
    asyncio.run(_serve(worker))


async def _serve(worker: "ReplicaWorker") -> None:
    config = Config(
        worker.program.asgi_edge(worker.probe),
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
