"""One replica as a container: created, started, probed, restarted and at last removed.

Level-triggered: each step inspects the container and performs the one action that is missing. An
event only makes the next step run earlier, so a lost event or a change from outside does no harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

from plat_core.backoff import Backoff
from plat_core.errors import PlatError, Unavailable
from plat_core.ports import Endpoint, Failure, Replica, Revision

from plat_backends.docker import container_creation, removal, spec
from plat_backends.docker.context import ReplicaContext
from plat_backends.docker.engine import ContainerState, DockerRejected, ImageNotFound
from plat_backends.docker.failures import explain_container_exit
from plat_backends.replica import probe
from plat_backends.replica.environment import PORT
from plat_backends.replica.health import OK
from plat_backends.replica.inputs import CannotStart
from plat_backends.replica.managed import ManagedReplica

log = logging.getLogger(__name__)

FAST_PROBE_WINDOW, FAST_PROBE_PERIOD, START_PROBE_PERIOD = 1.0, 0.01, 0.1
RETRY_SECONDS = 1.0
MIN_BACKOFF, MAX_BACKOFF = 0.5, 4.0
"""Bounds of the delay after errors of Docker or a registry."""


class ContainerReplica(ManagedReplica):
    """One replica that runs as a container until `stop`."""

    def __init__(
        self,
        name: spec.ReplicaName,
        revision: Revision | None,
        context: ReplicaContext,
        *,
        created_at: float,
        on_removed: Callable[[ContainerReplica], None],
    ) -> None:
        """`on_removed` is called when the container is removed or has been given up.

        `revision` is None for an adopted container, until `Workloads.apply` brings it.
        """
        super().__init__(
            name.id,
            name.revision,
            timing=context.timing,
            created_at=created_at,
            on_changed=lambda: context.on_changed(name),
        )
        self.name = name
        self.spec_revision = revision
        self.probed = asyncio.Event()
        """Set after the first probe of an adopted container."""
        self._context = context
        self._engine = context.engine
        self._on_removed = on_removed
        self._kill_reason: Failure | None = None
        self._existed = False
        self._container_started = ""
        self._started_at = 0.0
        self._backoff = Backoff(initial=MIN_BACKOFF, maximum=MAX_BACKOFF)
        self._was_ready = False
        self._pausing = False
        self._stopping = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def snapshot(self) -> Replica:
        """Return the replica in its current state."""
        return self._snapshot(_now())

    def start(self) -> None:
        """Start the container, or continue with the one that exists."""
        self._task = asyncio.create_task(self._run(), name=self.name.container)

    def notify(self) -> None:
        """Inspect the container now, because an event may concern it."""
        self._wake.set()

    def pause(self) -> None:
        """Withdraw the endpoint, and freeze the container after `drain`."""
        self._hold("paused")
        self._pausing = True
        self.notify()

    def resume(self) -> None:
        """Continue after `pause`, whether or not the container was frozen by then."""
        self._pausing, self._restarts.ready_at = False, None
        self._started_at = _now()
        self._release("starting")
        self.notify()

    def stop(self, *, drain: bool = True) -> None:
        """Finish the calls in flight, then stop and remove it; a second call is a no-op."""
        if self._stopping:
            return
        self._pausing, self._stopping = False, True
        running, self._task = self._task, asyncio.create_task(self._remove(drain=drain))
        if running is not None:
            running.cancel()
        self._hold("stopping")

    async def detach(self) -> None:
        """Stop managing the container, which keeps running."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def wait_removed(self) -> None:
        """Wait until `stop` has removed it."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                await self._step()
                self._backoff.reset()
            except (Unavailable, DockerRejected) as error:
                await self._back_off(error)
            except Exception:
                # a bug in one step must not end the supervision of the replica
                log.exception("supervising %s failed", self.name.container)
                await asyncio.sleep(RETRY_SECONDS)

    async def _back_off(self, error: PlatError) -> None:
        """Wait after an error of Docker or a registry; log only the first of a series."""
        if not self._backoff.failures:
            log.warning("%s: %s", self.name.container, error.message)
        unreachable = isinstance(error, Unavailable) and self.state == "ready"
        if unreachable and not await self._is_reachable():
            self._fail_without_docker(error)
        await asyncio.sleep(self._backoff.next_delay())

    async def _step(self) -> None:
        self._wake.clear()
        seen = await self._inspect()
        if self._pausing:
            await self._step_paused(seen)
        elif seen is None:
            await self._create()
        elif seen.status == "running":
            await self._supervise(seen)
        elif seen.status == "paused":
            log.warning("%s was paused from outside and is resumed", self.name.container)
            self._fail("unready", Failure("Paused", "it was paused from outside and is resumed"))
            await self._engine.unpause(seen.id)
        elif seen.status == "created":
            await self._start_container(seen)
        elif seen.status in ("exited", "dead"):
            await self._count_failure(await self._explain(seen))
            await self._start_container(seen)
        else:
            await self._rest(START_PROBE_PERIOD)

    async def _step_paused(self, seen: ContainerState | None) -> None:
        """Freeze the container and wait for `resume`; do not restart one that has exited."""
        if seen is None or seen.status not in ("running", "paused"):
            log.warning("%s exited while it was paused", self.name.container)
            self.stop()
            return
        if seen.status == "running" and not await self._freeze(seen):
            return
        await self._wake.wait()
        self._wake.clear()
        if not self._pausing:
            # a call waits, so unpause without another inspection
            await self._engine.unpause(seen.id)
            await self._probe_start(seen, 0)

    async def _freeze(self, seen: ContainerState) -> bool:
        """Freeze the container after `drain`; return False if it was resumed before."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timing.drain):
                while self._pausing:
                    await self._wake.wait()
                    self._wake.clear()
        if not self._pausing:
            return False
        try:
            await self._engine.pause(seen.id)
        except DockerRejected as error:
            log.warning("%s is stopped, not paused: %s", self.name.container, error.message)
            self.stop()
        return True

    async def _inspect(self) -> ContainerState | None:
        return await self._engine.inspect(self.name.container, self._context.policy.network)

    async def _create(self) -> None:
        if self._existed:
            self._existed = False
            failure = Failure("Removed", "its container was removed from outside")
            await self._count_failure(failure)
        revision = self.spec_revision
        if revision is None:
            await self._rest(RETRY_SECONDS)
            return
        try:
            await container_creation.create_container(self.name, revision, self._context)
        except CannotStart as cannot:
            await self._count_failure(cannot.failure)
        except ImageNotFound as error:
            message = f"there is no image {revision.image}: {error.message}"
            await self._count_failure(Failure("ImageNotFound", message))
        except Unavailable as error:
            # not the fault of the function, so it does not count as a restart
            self._fail("waiting", Failure("ImageUnavailable", error.message))
            raise
        else:
            self._existed = True

    async def _start_container(self, seen: ContainerState) -> None:
        try:
            await self._engine.start(seen.id)
        except DockerRejected as error:
            # the container stays `created`, so the next step tries again
            failure = Failure("CannotStart", f"it cannot be started: {error.message}")
            await self._count_failure(failure)

    async def _supervise(self, seen: ContainerState) -> None:
        """Probe a running container until an event concerns it."""
        self._existed = True
        if seen.started != self._container_started:
            self._container_started, self._started_at = seen.started, _now()
            self._restarts.ready_at = None
            self._kill_reason = None
            self._become("starting")
        if seen.health == "unhealthy":
            await self._kill("Unhealthy", "its own HEALTHCHECK reports that it is unhealthy")
            return
        while not self._wake.is_set():
            if self._restarts.ready_at is None:
                delay = await self._probe_start(seen, _now() - self._started_at)
            else:
                delay = await self._probe_health(seen)
            await self._rest(delay)

    async def _probe_start(self, seen: ContainerState, waited: float) -> float:
        """Probe a starting replica; return the delay before the next probe."""
        ready = await self._probe(seen, probe.READY) == OK
        if ready:
            self._set_ready(seen)
        self.probed.set()
        if ready:
            return self._timing.probe
        if waited > self._timing.start and await self._still_running(seen):
            await self._kill("StartTimeout", f"it was not ready within {self._timing.start:g} s")
        return FAST_PROBE_PERIOD if waited < FAST_PROBE_WINDOW else START_PROBE_PERIOD

    async def _probe_health(self, seen: ContainerState) -> float:
        """Probe a replica that was ready; return the delay before the next probe."""
        status = await self._probe(seen, probe.HEALTH)
        timeout = self.spec_revision.spec.timeout_seconds if self.spec_revision else 0.0
        health = self._health.observe(status, now=_now(), timeout=timeout)
        if health == "healthy":
            if await self._probe(seen, probe.READY) in (OK, None):
                self._set_ready(seen)
            else:
                self._fail("unready", Failure("Unready", "its readiness probe failed"))
            return self._timing.probe
        if health != "missed" and await self._still_running(seen):
            if health == "dead":
                misses = self._health.misses
                await self._kill("Unhealthy", f"its health probe failed {misses} times")
            else:
                failure = Failure("Unhealthy", "it does not respond to its health probe")
                self._fail("unready", failure)
        return self._timing.probe / 4

    async def _still_running(self, seen: ContainerState) -> bool:
        """Return whether a silent container still runs and is therefore itself unresponsive.

        Containers also fall silent when Docker itself is stopped.
        """
        try:
            current = await self._inspect()
        except Unavailable as error:
            self._fail_without_docker(error)
            return False
        if current and (current.status, current.started) == ("running", seen.started):
            return True
        self.notify()
        return False

    def _fail_without_docker(self, error: PlatError) -> None:
        self._fail("unready", Failure("DockerUnavailable", error.message))

    async def _is_reachable(self) -> bool:
        if self._endpoint is None:
            return False
        address, deadline = self._endpoint.address, self._timing.probe
        return await probe.probe_status(address, probe.READY, deadline=deadline) == OK

    async def _probe(self, seen: ContainerState, path: str) -> int | None:
        address = f"tcp:{seen.address}:{PORT}"
        return await probe.probe_status(address, path, deadline=self._timing.probe)

    def _set_ready(self, seen: ContainerState) -> None:
        if self._restarts.ready_at is None:
            log.info("%s is ready", self.name.container)
            self._restarts.ready_at = _now()
            self._health.reset()
            self._was_ready = True
        self._become_ready(Endpoint(self.id, f"tcp:{seen.address}:{PORT}"))

    async def _kill(self, reason: Literal["Unhealthy", "StartTimeout"], message: str) -> None:
        self._kill_reason = Failure(reason, message)
        self._fail("unready", self._kill_reason)
        log.warning("%s is killed: %s", self.name.container, message)
        await self._engine.kill(self.name.container, "SIGKILL")
        await self._rest(RETRY_SECONDS)

    async def _explain(self, seen: ContainerState) -> Failure:
        """Return the reason for which it was killed, or the one that it and Docker report."""
        lines = await self._context.archive.tail(self.name, seen.id)
        killed, self._kill_reason = self._kill_reason, None
        if killed is not None:
            return replace(killed, log="\n".join(lines))
        return explain_container_exit(seen, lines, looping=self._restarts.is_crash_looping(_now()))

    async def _count_failure(self, failure: Failure) -> None:
        """Report a failed start or an exit, and wait before the next attempt."""
        self._restarts.count_exit(_now())
        log.warning("%s: %s: %s", self.name.container, failure.reason, failure.message)
        self._fail("waiting", failure)
        await asyncio.sleep(self._restarts.next_delay())

    async def _rest(self, seconds: float) -> None:
        await removal.wait_woken(self._wake, seconds)

    async def _remove(self, *, drain: bool) -> None:
        removed = False
        while not removed:
            try:
                await removal.stop_container(
                    self.name, self._context, self._wake, served=self._was_ready, drain=drain
                )
                removed = True
            except PlatError as error:
                log.warning("%s is not removed yet: %s", self.name.container, error.message)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("removing %s failed", self.name.container)
                await asyncio.sleep(RETRY_SECONDS)
        self._on_removed(self)


def _now() -> float:
    return asyncio.get_running_loop().time()
