"""The life of one replica: start, become ready, be watched, crash, wait, start again, end.

One task per replica and nothing besides: a function without replicas has no timer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plat_core.model.quantities import memory_bytes
from plat_core.ports import Endpoint, Failure, Replica, ReplicaState, Revision

from plat_backends.embedded.cgroups import Cgroup
from plat_backends.embedded.logs import Sink
from plat_backends.embedded.process import Exit
from plat_backends.embedded.start import Started, Starter
from plat_backends.replica import probe
from plat_backends.replica.inputs import CannotStart

CRASH_LOOP = 3
TERMINATION_BYTES = 64 * 1024
MEMORY_SECONDS = 0.5
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, but for `misses`, which counts probes."""

    start: float = 60.0
    """How long a replica may take until it is ready."""
    probe: float = 5.0
    """Between two looks at a ready replica, and how long each may take."""
    misses: int = 3
    """Failed health probes after which it is killed."""
    leave: float = 0.5
    """Between the moment a ready replica leaves the routes and SIGTERM: calls that are on their way
    to it, written but not read yet, would be lost in a server that closes what seems idle."""
    grace: float = 10.0
    """What a replica has beside the function's timeout to end after SIGTERM."""
    backoff: float = 0.5
    """The first delay before a restart; it doubles."""
    backoff_most: float = 30.0
    settled: float = 10.0
    """After so long in readiness, earlier crashes are forgotten."""


class Supervisor:
    """One replica, kept alive until `stop`."""

    def __init__(
        self,
        revision: Revision,
        token: str,
        starter: Starter,
        sink: Sink,
        *,
        timing: Timing,
        now: Callable[[], float],
        changed: Callable[[], None],
    ) -> None:
        self.id = f"{revision.name}-{token}"
        self.revision = revision.number
        self.state: ReplicaState = "starting"
        self.created_at = self._since = now()
        self._revision = revision
        self._token = token
        self._starter = starter
        self._sink = sink
        self._timing = timing
        self._now = now
        self._changed = changed
        self._stopping = asyncio.Event()
        self._endpoint: Endpoint | None = None
        self._failure: Failure | None = None
        self._restarts = 0
        self._attempts = 0
        self._ready_at: float | None = None
        self._leave = 0.0

    def view(self) -> Replica:
        """It, as it is now."""
        settled = self.state == "ready" and self._settled()
        return Replica(
            self.id,
            self.revision,
            self.state,
            self._since,
            endpoint=self._endpoint,
            restarts=0 if settled else self._restarts,
            failure=self._failure,
        )

    def stop(self, *, called: bool = True) -> None:
        """Let it finish its calls and end; a second call is a no-op.

        `called`: callers may still be on their way to it, who only now learn that it leaves.
        """
        if not self._stopping.is_set():
            self._leave = self._timing.leave if called and self._ready_at is not None else 0.0
            self._stopping.set()
            self._become("stopping")

    async def run(self) -> None:
        """Keep it running until `stop`; cancelled, it is killed."""
        try:
            while not self._stopping.is_set():
                failure = await self._live()
                if failure is not None and not self._stopping.is_set():
                    await self._wait(failure)
        finally:
            await self._clear()

    async def _clear(self) -> None:
        await asyncio.to_thread(self._starter.clear, self._token)

    async def _live(self) -> Failure | None:
        """One process from start to end; None where it was stopped."""
        self._become("starting")
        self._ready_at = None
        self._sink.forget_last()
        try:
            started = await self._starter.start(self._revision, self.id, self._token, self._sink)
        except CannotStart as cannot:
            return cannot.failure
        verdict: Failure | None = None
        try:
            verdict = await self._until_end(started)
        finally:
            self._leave_routes()
            ended = await started.process.destroy()
            self._sink.end()
            failure = None if self._stopping.is_set() else verdict or self._explain(started, ended)
            await self._clear()
        self._sink.platform(f"{ended}")
        self._count_restart()
        return failure

    def _leave_routes(self) -> None:
        self._endpoint = None
        if self.state == "ready":
            self._become("unready")

    async def _until_end(self, started: Started) -> Failure | None:
        """Until the process ended, or must be ended; says why where it is known here."""
        watches = [asyncio.create_task(self._watch(started))]
        if started.group is not None and self._revision.spec.resources.limits.memory:
            watches.append(asyncio.create_task(self._watch_memory(started.group)))
        stop = asyncio.create_task(self._stopping.wait())
        try:
            waited: set[asyncio.Future[Any]] = {*watches, stop, started.process.exited}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                await self._finish(started)
                return None
            if started.process.exited.done():
                return None
            return next(watch.result() for watch in watches if watch.done())
        finally:
            for task in (*watches, stop):
                task.cancel()

    async def _watch(self, started: Started) -> Failure:
        begun = self._now()
        failure = await self._until_ready(started.places.socket)
        if failure is not None:
            return failure
        self._ready_at = self._now()
        self._sink.platform(f"ready after {(self._ready_at - begun) * 1000:.0f} ms")
        self._endpoint = Endpoint(self.id, f"unix:{started.places.socket}")
        self._failure = None
        self._become("ready")
        return await self._guard(started)

    async def _until_ready(self, socket: Path) -> Failure | None:
        begun = asyncio.get_running_loop().time()
        while (passed := asyncio.get_running_loop().time() - begun) < self._timing.start:
            left = min(self._timing.start - passed, self._timing.probe)
            listening = _is_there(socket)
            if (
                listening
                and await probe.probe_status(f"unix:{socket}", probe.READY, deadline=left) == 200
            ):
                return None
            await asyncio.sleep(_pause(passed, listening=listening))
        message = f"it was not ready within {self._timing.start:g} s"
        return Failure("StartTimeout", message, self._sink.last())

    async def _guard(self, started: Started) -> Failure:
        """Watch a replica that was ready; returns why it must be killed."""
        misses, silent_since = 0, 0.0
        while True:
            socket, limit = started.places.socket, self._timing.probe
            await self._rest(socket)
            if self._stopping.is_set():
                continue
            health = await probe.probe_status(f"unix:{socket}", probe.HEALTH, deadline=limit)
            if health == 200:
                misses = 0
                await self._look_ready(socket)
                continue
            now = asyncio.get_running_loop().time()
            silent_since = silent_since if misses else now
            misses += 1
            if misses >= self._timing.misses:
                self._lose_readiness()
                # one that computes without a pause may be silent for as long as a call may take
                patience = self._revision.spec.timeout_seconds if health is None else 0
                if now - silent_since >= patience:
                    said = "did not answer" if health is None else f"answered {health}"
                    message = f"its health probe {said} {misses} times"
                    return Failure("Unhealthy", message, self._sink.last())

    async def _rest(self, socket: Path) -> None:
        """Until the next probe; one that listens no longer was told to stop by somebody else.

        It has calls to finish, so it leaves in order, and another may take its place at once.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + (self._timing.probe if self.state == "ready" else LOOK_SECONDS)
        while loop.time() < end:
            await asyncio.sleep(min(self._timing.probe, LOOK_SECONDS))
            if not _is_there(socket) and not self._stopping.is_set():
                self._sink.platform("listens no longer; another takes its place")
                self.stop(called=False)

    async def _look_ready(self, socket: Path) -> None:
        ready = await probe.probe_status(f"unix:{socket}", probe.READY, deadline=self._timing.probe)
        if ready == 200 and self.state == "unready":
            self._endpoint = Endpoint(self.id, f"unix:{socket}")
            self._sink.platform("ready again")
            self._become("ready")
        elif ready is not None and ready != 200:
            self._lose_readiness()

    def _lose_readiness(self) -> None:
        if self.state == "ready":
            self._endpoint = None
            self._sink.platform("not ready any more")
            self._become("unready")

    async def _watch_memory(self, group: Cgroup) -> Failure:
        """Until the kernel killed one of its processes, which need not be the leader."""
        while not group.oom_kills():  # noqa: ASYNC110 (the kernel tells by a file)
            await asyncio.sleep(MEMORY_SECONDS)
        return self._out_of_memory()

    def _out_of_memory(self) -> Failure:
        limit = self._revision.spec.resources.limits.memory
        message = f"it used more memory than its limit of {limit}"
        return Failure("OOMKilled", message, self._sink.last())

    async def _finish(self, started: Started) -> None:
        """SIGTERM, and time for the calls in flight."""
        calls = self._revision.spec.timeout_seconds if self._ready_at is not None else 0
        patience = calls + self._timing.grace
        if self._leave:
            await asyncio.wait({started.process.exited}, timeout=self._leave)
        started.process.terminate()
        try:
            async with asyncio.timeout(patience):
                await asyncio.shield(started.process.exited)
        except TimeoutError:
            self._sink.platform(f"killed: it did not end within {patience:g} s")

    def _explain(self, started: Started, ended: Exit) -> Failure:
        """Why a process that nobody stopped has ended."""
        told = _termination(started.places.termination, self._sink.last())
        if _used_too_much(started, ended, self._revision):
            return self._out_of_memory()
        if told is not None:
            return told
        looping = self._restarts + 1 >= CRASH_LOOP and not self._settled()
        reason = "CrashLoopBackOff" if looping else "Exited"
        return Failure(reason, f"it {ended}", self._sink.last())

    def _count_restart(self) -> None:
        if self._settled():
            self._restarts = self._attempts = 0
        self._restarts += 1

    async def _wait(self, failure: Failure) -> None:
        delay = min(self._timing.backoff * 2 ** min(self._attempts, 30), self._timing.backoff_most)
        self._attempts += 1
        self._failure = failure
        self._sink.platform(f"{failure.reason}: {failure.message}; starts again in {delay:g} s")
        self._become("waiting")
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._stopping.wait()

    def _settled(self) -> bool:
        return self._ready_at is not None and self._now() - self._ready_at >= self._timing.settled

    def _become(self, state: ReplicaState) -> None:
        if state == "stopping":
            self._endpoint = None
        elif self._stopping.is_set():
            return
        if state != self.state:
            self.state, self._since = state, self._now()
        self._changed()


def _pause(passed: float, *, listening: bool) -> float:
    """Seconds until the next look at what has been starting for `passed` seconds."""
    if passed > 1:
        return 0.1
    return 0.01 if listening else 0.002


def _is_there(socket: Path) -> bool:
    return socket.exists()


def _termination(path: Path, log: str) -> Failure | None:
    """What the runtime left about its end; None where it left nothing that can be read."""
    try:
        with path.open("rb") as file:
            told = json.loads(file.read(TERMINATION_BYTES))
        return Failure(str(told["reason"]), str(told["message"]), str(told.get("traceback") or log))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _used_too_much(started: Started, ended: Exit, revision: Revision) -> bool:
    if started.group is not None and started.group.oom_kills():
        return True
    limit = revision.spec.resources.limits.memory
    # without a control group: the kernel's own killer, near the limit
    return ended.code == -9 and limit is not None and ended.peak >= 0.9 * memory_bytes(limit)
