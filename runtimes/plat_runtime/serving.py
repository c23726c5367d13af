"""The servers: gunicorn with threads for WSGI, uvicorn inside a gunicorn worker for ASGI.

The parent process binds the socket and never loads user code. The worker loads it, so threads and
connections that are opened at import belong to the serving process.
"""

import math
import mmap
import os
import signal
import sys
import threading
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.workers.gthread import ThreadWorker

from plat_runtime import program
from plat_runtime.faults import Reason, StartError, report
from plat_runtime.logs import log_info
from plat_runtime.settings import Settings

KEEP_ALIVE = 75
HEADER_BYTES = 65536
SPARE_THREADS = 4
LINGER = 2.0
_LOADING, _REPORTED, _SERVING = b"\0", b"\1", b"\2"


class StderrLogger:
    """gunicorn's logger: writes warnings and errors to stderr, and drops the rest."""

    def __init__(self, cfg: Any) -> None:
        self.cfg = cfg

    def __getattr__(self, name: str) -> Any:
        """Ignore gunicorn's other calls (info, debug, access, reopen_files)."""
        return _silence

    def warning(self, sentence: str, *args: object, **_: object) -> None:
        """Write ``sentence`` to stderr."""
        sys.stderr.write(f"plat: {sentence % args if args else sentence}\n")
        sys.stderr.flush()

    critical = error = warning

    def exception(self, sentence: str, *args: object, **_: object) -> None:
        """Write ``sentence`` and the current exception to stderr."""
        self.warning(f"{sentence % args if args else sentence}: {sys.exc_info()[1]!r}")


def _silence(*_: object, **__: object) -> None:
    """Do nothing."""


class ReplicaWorker(ThreadWorker):  # type: ignore[misc]
    """A worker that loads the user's code and serves it with the server its shape needs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Shared with the parent, which does not restart a worker that never served.
        self.stage = mmap.mmap(-1, 1)

    def load_wsgi(self) -> None:
        """Load the user's code; report an error and end the worker."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        settings: Settings = self.app.settings
        try:
            self.program = program.load(settings)
        except StartError as fault:
            self.fail(fault)
        signal.signal(signal.SIGTERM, self.handle_exit)
        server = "uvicorn" if self.program.asynchronous else "gunicorn"
        log_info(f"serving {self.program.description} with {server}")

    def fail(self, fault: StartError) -> None:
        """Report the error and end this process, even with threads of user code."""
        report(fault, self.app.settings.termination_log)
        self.stage[:] = _REPORTED
        sys.stdout.flush()
        os._exit(0)

    def probe(self, path: str) -> tuple[int, str] | None:
        """Respond to a probe (see Probes)."""
        if path == "/_/health":
            return (503, "stuck") if self.program.exhausted() else (200, "alive")
        if path == "/_/ready":
            return (200, "ready") if self.alive else (503, "stopping")
        return None

    def serving(self) -> None:
        """Record that the code is loaded and calls can come."""
        self.stage[:] = _SERVING

    def run(self) -> None:
        """Serve until SIGTERM."""
        if self.program.asynchronous:
            from plat_runtime.uvicorn_server import serve

            serve(self)
        else:
            self.wsgi = self.program.wsgi_endpoint(self.probe)
            self.serving()
            super().run()
        self._leave_soon()

    def _leave_soon(self) -> None:
        """End the process even if threads of user code still run."""
        leave = threading.Timer(LINGER, os._exit, (0,))
        leave.daemon = True
        leave.start()


class ReplicaApplication(BaseApplication):  # type: ignore[misc]
    """gunicorn's settings for one replica."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        for name, value in self._config().items():
            self.cfg.set(name, value)

    def _config(self) -> dict[str, Any]:
        settings = self.settings
        return {
            "bind": settings.bind,
            # A Unix socket then has mode 0660.
            "umask": 0o117,
            "worker_class": ReplicaWorker,
            "workers": settings.workers,
            # Threads for as many stuck calls as running ones, and for the probes.
            "threads": 2 * settings.concurrency + SPARE_THREADS,
            "worker_connections": 4 * settings.concurrency + 1000,
            "keepalive": KEEP_ALIVE,
            # The platform's liveness probe judges a worker, not the arbiter's heartbeat.
            "timeout": 0,
            "graceful_timeout": math.ceil(settings.timeout) + 1,
            "limit_request_line": 0,
            "limit_request_fields": 2000,
            "limit_request_field_size": HEADER_BYTES,
            "permit_unconventional_http_method": True,
            # The gateway is the only client and has settled X-Forwarded-*; nobody may set
            # SCRIPT_NAME or PATH_INFO by a header.
            "forwarded_allow_ips": "*",
            "forwarder_headers": "",
            "secure_scheme_headers": {"X-FORWARDED-PROTO": "https"},
            "logger_class": StderrLogger,
            "control_socket_disable": True,
            "child_exit": _child_exit,
        }


class ReplicaArbiter(Arbiter):  # type: ignore[misc]
    """The arbiter: restarts a worker that dies while serving, not one that never served."""

    # gunicorn would end the server when a worker exits with 3 or 4, which user code may do;
    # _child_exit judges by the stage that the worker reached, so no status is special here.
    WORKER_BOOT_ERROR = -1
    APP_LOAD_ERROR = -1
    stopping = False

    def stop(self, graceful: bool = True) -> None:
        """Stop the workers."""
        self.stopping = True
        super().stop(graceful)

    def halt(self, reason: str | None = None, exit_status: int = 0) -> None:
        """Stop and exit; any error was reported already."""
        self.stop()
        sys.exit(exit_status)


def _child_exit(supervisor: ReplicaArbiter, worker: ReplicaWorker) -> None:
    """Stop the replica if a worker ended before it served."""
    stage = worker.stage[:]
    worker.stage.close()
    if supervisor.stopping:
        return
    if stage == _LOADING:
        message = "the process ended while it loaded the code (killed, crashed, or os._exit)"
        report(StartError(Reason.EXITED, message), supervisor.app.settings.termination_log)
    if stage != _SERVING:
        raise HaltServer("the replica could not start", 1)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM; does not return."""
    ReplicaArbiter(ReplicaApplication(settings)).run()
