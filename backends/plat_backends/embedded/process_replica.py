"""One replica as a process: started, probed, restarted after a failure, and stopped.

One task per replica and no other timer, so that a function without replicas costs nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from plat_core.ports import Endpoint, Failure, Replica, Revision

from plat_backends.embedded.cgroups import Cgroup
from plat_backends.embedded.exit_reasons import explain_exit, out_of_memory
from plat_backends.embedded.logs import ReplicaOutput
from plat_backends.embedded.process_starter import ProcessStarter, StartedProcess
from plat_backends.replica import probe
from plat_backends.replica.health import OK
from plat_backends.replica.inputs import CannotStart
from plat_backends.replica.managed import ManagedReplica
from plat_backends.replica.timing import ReplicaTiming

MEMORY_SECONDS = 0.5
SOCKET_CHECK_SECONDS = 0.5


class ProcessReplica(ManagedReplica):
    """One replica that runs as a process until `stop`."""

    def __init__(
        self,
        revision: Revision,
        token: str,
        starter: ProcessStarter,
        output: ReplicaOutput,
        *,
        timing: ReplicaTiming,
        on_changed: Callable[[], None],
        on_removed: Callable[[ProcessReplica, asyncio.Task[None]], None],
    ) -> None:
        super().__init__(
            f"{revision.name}-{token}",
            revision.number,
            timing=timing,
            created_at=time.time(),
            on_changed=on_changed,
        )
        self._revision = revision
        self._token = token
        self._starter = starter
        self._output = output
        self._on_removed = on_removed
        self._stopping = asyncio.Event()
        self._drain = 0.0
        self._task: asyncio.Task[None] | None = None

    def snapshot(self) -> Replica:
        """Return the replica in its current state."""
        return self._snapshot(_now())

    def start(self) -> None:
        """Start the process, and restart it until `stop`."""
        task = self._task = asyncio.get_running_loop().create_task(self._run(), name=self.id)
        task.add_done_callback(lambda done: self._on_removed(self, done))
        self._on_changed()

    def stop(self, *, drain: bool = True) -> None:
        """Finish the calls in flight, then end; a second call is a no-op."""
        if not self._stopping.is_set():
            was_ready = self._restarts.ready_at is not None
            self._drain = self._timing.drain if drain and was_ready else 0.0
            self._stopping.set()
            self._hold("stopping")

    async def wait_removed(self) -> None:
        """Wait until the process has ended and its files are removed; if cancelled, kill it."""
        if self._task is None:
            return
        try:
            await asyncio.wait([self._task])
        except asyncio.CancelledError:
            self._task.cancel()
            await asyncio.wait([self._task])
            raise

    async def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                failure = await self._run_once()
                if failure is not None and not self._stopping.is_set():
                    await self._back_off(failure)
        finally:
            await self._remove_files()

    async def _remove_files(self) -> None:
        await asyncio.to_thread(self._starter.remove_files, self._token)

    async def _run_once(self) -> Failure | None:
        """Run one process until it ended; return None if it was stopped."""
        self._become("starting")
        self._restarts.ready_at = None
        self._output.forget_last()
        try:
            started = await self._starter.start(self._revision, self.id, self._token, self._output)
        except CannotStart as cannot:
            return cannot.failure
        verdict: Failure | None = None
        try:
            verdict = await self._supervise(started)
        finally:
            if self.state == "ready":
                self._become("unready")
            ended = await started.process.destroy()
            self._output.end()
            failure = None
            if not self._stopping.is_set():
                looping = self._restarts.is_crash_looping(_now())
                failure = verdict or explain_exit(
                    started, ended, self._revision, looping=looping, log=self._output.last()
                )
            await self._remove_files()
        self._output.platform(f"{ended}")
        self._restarts.count_exit(_now())
        return failure

    async def _supervise(self, started: StartedProcess) -> Failure | None:
        """Wait until the process ended or must be killed; return the reason to kill it."""
        watches = [asyncio.create_task(self._watch_health(started))]
        if started.group is not None and self._revision.spec.resources.limits.memory:
            watches.append(asyncio.create_task(self._watch_memory(started.group)))
        stop = asyncio.create_task(self._stopping.wait())
        try:
            awaited: set[asyncio.Future[Any]] = {*watches, stop, started.process.exited}
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                await self._terminate(started)
                return None
            if started.process.exited.done():
                return None
            return next(watch.result() for watch in watches if watch.done())
        finally:
            for task in (*watches, stop):
                task.cancel()

    async def _watch_health(self, started: StartedProcess) -> Failure:
        begun = _now()
        socket = started.paths.socket
        if not await self._wait_ready(socket):
            message = f"it was not ready within {self._timing.start:g} s"
            return Failure("StartTimeout", message, self._output.last())
        self._restarts.ready_at = _now()
        self._health.reset()
        self._output.platform(f"ready after {(_now() - begun) * 1000:.0f} ms")
        self._become_ready(self._endpoint_at(socket))
        return await self._probe_health(socket)

    async def _wait_ready(self, socket: Path) -> bool:
        begun = _now()
        while (passed := _now() - begun) < self._timing.start:
            left = min(self._timing.start - passed, self._timing.probe)
            listening = _exists(socket)
            if listening and await self._probe(socket, probe.READY, deadline=left) == OK:
                return True
            await asyncio.sleep(_start_poll_delay(passed, listening=listening))
        return False

    async def _probe_health(self, socket: Path) -> Failure:
        """Probe a replica that was ready; return why it must be killed."""
        while True:
            await self._wait_next_probe(socket)
            if self._stopping.is_set():
                continue
            status = await self._probe(socket, probe.HEALTH, deadline=self._timing.probe)
            timeout = self._revision.spec.timeout_seconds
            health = self._health.observe(status, now=_now(), timeout=timeout)
            if health == "healthy":
                await self._probe_readiness(socket)
            elif health != "missed":
                self._lose_readiness()
            if health == "dead":
                result = "timed out" if status is None else f"returned {status}"
                message = f"its health probe {result} {self._health.misses} times"
                return Failure("Unhealthy", message, self._output.last())

    async def _wait_next_probe(self, socket: Path) -> None:
        """Wait for the time of the next probe.

        A replica that removed its socket received SIGTERM from outside. It finishes its calls, so
        it is stopped in order, and a new replica may start at once.
        """
        end = _now() + (self._timing.probe if self.state == "ready" else SOCKET_CHECK_SECONDS)
        while _now() < end:
            await asyncio.sleep(min(self._timing.probe, SOCKET_CHECK_SECONDS))
            if not _exists(socket) and not self._stopping.is_set():
                self._output.platform("no longer listens, so another replica replaces it")
                self.stop(drain=False)

    async def _probe_readiness(self, socket: Path) -> None:
        status = await self._probe(socket, probe.READY, deadline=self._timing.probe)
        if status == OK and self.state == "unready":
            self._output.platform("ready again")
            self._become_ready(self._endpoint_at(socket))
        elif status not in (OK, None):
            self._lose_readiness()

    def _lose_readiness(self) -> None:
        if self.state == "ready":
            self._output.platform("no longer ready")
            self._become("unready")

    async def _watch_memory(self, group: Cgroup) -> Failure:
        """Wait until the kernel killed one of its processes, which need not be the leader."""
        while not group.oom_kills():  # noqa: ASYNC110 (the kernel reports it in a file)
            await asyncio.sleep(MEMORY_SECONDS)
        return out_of_memory(self._revision, self._output.last())

    async def _terminate(self, started: StartedProcess) -> None:
        """Send SIGTERM and wait for the calls in flight."""
        calls = self._revision.spec.timeout_seconds if self._restarts.ready_at is not None else 0
        patience = calls + self._timing.grace
        if self._drain:
            await asyncio.wait({started.process.exited}, timeout=self._drain)
        started.process.terminate()
        try:
            async with asyncio.timeout(patience):
                await asyncio.shield(started.process.exited)
        except TimeoutError:
            self._output.platform(f"killed: it did not end within {patience:g} s")

    async def _back_off(self, failure: Failure) -> None:
        delay = self._restarts.next_delay()
        reason = f"{failure.reason}: {failure.message}"
        self._output.platform(f"{reason}; starts again in {delay:g} s")
        self._fail("waiting", failure)
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._stopping.wait()

    def _endpoint_at(self, socket: Path) -> Endpoint:
        return Endpoint(self.id, f"unix:{socket}")

    async def _probe(self, socket: Path, path: str, *, deadline: float) -> int | None:
        return await probe.probe_status(f"unix:{socket}", path, deadline=deadline)


def _now() -> float:
    return asyncio.get_running_loop().time()


def _start_poll_delay(passed: float, *, listening: bool) -> float:
    """Return the delay (s) between two checks of a replica that has been starting for `passed`."""
    if passed > 1:
        return 0.1
    return 0.01 if listening else 0.002


def _exists(socket: Path) -> bool:
    return socket.exists()
