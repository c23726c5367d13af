"""One replica: its container is created, started, watched, started again, and at last removed.

Level-based. Each step looks at the container as it is now and does the one thing that is missing;
an event only makes the next look come sooner. So it does not matter what happened outside, or
whether an event was lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from plat_core.backoff import backoff_delay
from plat_core.errors import PlatError, Unavailable
from plat_core.ports import Endpoint, Failure, Replica, ReplicaState, Revision

from plat_backends.docker import creation, ending, spec
from plat_backends.docker.engine import Container, ImageMissing, Refused
from plat_backends.docker.failures import explain
from plat_backends.docker.surroundings import Surroundings
from plat_backends.replica import probe
from plat_backends.replica.inputs import CannotStart

log = logging.getLogger(__name__)

CRASH_LOOP = 3
OK = 200
EAGER_SECONDS, EAGER_PERIOD, PERIOD = 1.0, 0.01, 0.1
RETRY_SECONDS = 1.0


class Life:
    """Keeps one replica running until it is told to end."""

    def __init__(
        self,
        name: spec.ReplicaName,
        revision: Revision | None,
        around: Surroundings,
        *,
        created_at: float,
        gone: Callable[[Life], None],
    ) -> None:
        """`gone` is told when it is over, by `end` or because it was not to be mended."""
        self.name = name
        self.made_of = revision
        self.created_at = created_at
        self.looked = asyncio.Event()
        """Set once it is known whether a container that was adopted is ready."""
        self._around = around
        self._engine = around.engine
        self._timing = around.timing
        self._state: ReplicaState = "starting"
        self._since = time.time()
        self._endpoint: Endpoint | None = None
        self._failure: Failure | None = None
        self._killed: Failure | None = None
        self._restarts = 0
        self._existed = False
        self._started = ""
        self._heard = 0.0
        self._misses = 0
        self._troubles = 0
        self._ready_at: float | None = None
        self._was_ready = False
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._gone = gone
        self._dozes = False
        self._ends = False

    @property
    def id(self) -> str:
        """The replica's name within its function."""
        return self.name.id

    @property
    def revision(self) -> int:
        """The number of its revision."""
        return self.name.revision

    @property
    def state(self) -> ReplicaState:
        """As in `Replica`."""
        return self._state

    def seen(self) -> Replica:
        """The replica as it is now."""
        return Replica(
            id=self.id,
            revision=self.revision,
            state=self._state,
            since=self._since,
            endpoint=self._endpoint if self._state == "ready" else None,
            restarts=0 if self._settled() else self._restarts,
            failure=None if self._state == "ready" else self._failure,
        )

    def begin(self) -> None:
        """Start, or go on with a container that is there already."""
        self._task = asyncio.create_task(self._live(), name=self.name.container)

    def nudge(self) -> None:
        """Something may have happened to the container: look at it now."""
        self._wake.set()

    def doze(self) -> None:
        """Take no calls any more, and freeze once none can be on its way."""
        self._become("paused")
        self._dozes = True
        self.nudge()

    def rouse(self) -> None:
        """Go on after `doze`, whether or not it was frozen by then."""
        self._dozes, self._ready_at = False, None
        self._heard = asyncio.get_running_loop().time()
        self._become("starting")
        self.nudge()

    def end(self) -> None:
        """Let calls in flight finish, then stop and remove it."""
        if self._ends:
            return
        self._dozes, self._ends = False, True
        living, self._task = self._task, asyncio.create_task(self._end())
        if living is not None:
            living.cancel()
        self._become("stopping")

    async def let_go(self) -> None:
        """Watch it no longer; the container goes on as it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def over(self) -> None:
        """Wait for the end of an `end`."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _live(self) -> None:
        while True:
            try:
                await self._step()
                self._troubles = 0
            except (Unavailable, Refused) as error:
                await self._bear(error)
            except Exception:
                # a replica outlives any failing step; it is looked at again
                log.exception("looking after %s failed", self.name.container)
                await asyncio.sleep(RETRY_SECONDS)

    async def _bear(self, error: PlatError) -> None:
        """Docker or a registry has trouble: try again after a growing while, and say it once."""
        if not self._troubles:
            log.warning("%s: %s", self.name.container, error.message)
        away = isinstance(error, Unavailable) and self._state == "ready"
        if away and not await self._still_answers():
            self._without_docker(error)
        self._troubles = min(self._troubles + 1, 4)
        await asyncio.sleep(RETRY_SECONDS * 2.0 ** (self._troubles - 1) / 2)

    async def _step(self) -> None:
        self._wake.clear()
        seen = await self._look()
        if self._dozes:
            await self._doze(seen)
        elif seen is None:
            await self._create()
        elif seen.status == "running":
            await self._attend(seen)
        elif seen.status == "paused":
            log.warning("%s was paused from outside, and is woken", self.name.container)
            self._trouble("unready", Failure("Paused", "it was paused from outside, and is woken"))
            await self._engine.unpause(seen.id)
        elif seen.status == "created":
            await self._start(seen)
        elif seen.status in ("exited", "dead"):
            await self._fell(await self._explained(seen))
            await self._start(seen)
        else:
            await self._rest(PERIOD)

    async def _doze(self, seen: Container | None) -> None:
        """Freeze it, and let it lie until it is wanted; one that is gone needs no mending."""
        if seen is None or seen.status not in ("running", "paused"):
            log.warning("%s ended while it was paused", self.name.container)
            self.end()
            return
        if seen.status == "running" and not await self._frozen(seen):
            return
        await self._wake.wait()
        self._wake.clear()
        if not self._dozes:
            # no look at it first: a call waits
            await self._engine.unpause(seen.id)
            await self._look_ready(seen, 0)

    async def _frozen(self, seen: Container) -> bool:
        """Freeze it, unless it is wanted again before calls under way had their time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timing.drain):
                while self._dozes:
                    await self._wake.wait()
                    self._wake.clear()
        if not self._dozes:
            return False
        try:
            await self._engine.pause(seen.id)
        except Refused as error:
            log.warning("%s is ended instead of paused: %s", self.name.container, error.message)
            self.end()
        return True

    async def _look(self) -> Container | None:
        return await self._engine.inspect(self.name.container, self._around.policy.network)

    async def _create(self) -> None:
        if self._existed:
            self._existed = False
            await self._fell(Failure("Removed", "its container was removed from outside"))
        revision = self.made_of
        if revision is None:
            await self._rest(RETRY_SECONDS)
            return
        try:
            await creation.create(self.name, revision, self._around)
        except CannotStart as cannot:
            await self._fell(cannot.failure)
        except ImageMissing as error:
            message = f"there is no image {revision.image}: {error.message}"
            await self._fell(Failure("ImageNotFound", message))
        except Unavailable as error:
            # nothing of the function's: it comes back by itself, and no attempt is counted
            self._trouble("waiting", Failure("ImageUnavailable", error.message))
            raise
        else:
            self._existed = True

    async def _start(self, seen: Container) -> None:
        try:
            await self._engine.start(seen.id)
        except Refused as error:
            # a start that failed leaves the container `created`; the next look comes here again
            await self._fell(Failure("CannotStart", f"it cannot be started: {error.message}"))

    async def _attend(self, seen: Container) -> None:
        """Look after a running container until something happens to it."""
        self._existed = True
        loop = asyncio.get_running_loop()
        if seen.started != self._started:
            self._started, self._heard, self._ready_at = seen.started, loop.time(), None
            self._killed = None
            self._become("starting")
        if seen.health == "unhealthy":
            await self._kill("Unhealthy", "its own HEALTHCHECK says that it is unhealthy")
            return
        while not self._wake.is_set():
            look = self._look_ready if self._ready_at is None else self._look_healthy
            await self._rest(await look(seen, loop.time() - self._heard))

    async def _look_ready(self, seen: Container, waited: float) -> float:
        """Is it ready for the first time? Returns the seconds until the next question."""
        ready = await self._ask(seen, probe.READY) == OK
        if ready:
            self._answered(seen)
        self.looked.set()
        if ready:
            return self._timing.probe
        if waited > self._timing.start and await self._runs_on(seen):
            await self._kill("StartTimeout", f"it was not ready within {self._timing.start:g} s")
        return EAGER_PERIOD if waited < EAGER_SECONDS else PERIOD

    async def _look_healthy(self, seen: Container, quiet: float) -> float:
        """Is it still alive, and ready? Returns the seconds until the next question."""
        health = await self._ask(seen, probe.HEALTH)
        if health == OK:
            self._misses, self._heard = 0, asyncio.get_running_loop().time()
            if await self._ask(seen, probe.READY) in (OK, None):
                self._answered(seen)
            else:
                self._trouble("unready", Failure("Unready", "it says that it is not ready"))
            return self._timing.probe
        self._misses += 1
        if self._misses >= self._timing.misses and await self._runs_on(seen):
            # one that computes without a pause may be silent for as long as a call may take
            if health is not None or quiet > self._patience():
                await self._kill("Unhealthy", f"its health probe failed {self._misses} times")
            else:
                self._trouble("unready", Failure("Unhealthy", "it does not answer"))
        return self._timing.probe / 4

    async def _runs_on(self, seen: Container) -> bool:
        """Whether a container that is silent runs on: its silence means something only then.

        Where Docker itself goes away its containers fall silent, through no fault of the function.
        """
        try:
            now = await self._look()
        except Unavailable as error:
            self._without_docker(error)
            return False
        if now is not None and (now.status, now.started) == ("running", seen.started):
            return True
        self.nudge()
        return False

    def _without_docker(self, error: PlatError) -> None:
        self._trouble("unready", Failure("DockerUnavailable", error.message))

    async def _still_answers(self) -> bool:
        endpoint = self._endpoint
        if endpoint is None:
            return False
        return (
            await probe.probe_status(endpoint.address, probe.READY, deadline=self._timing.probe)
            == OK
        )

    async def _ask(self, seen: Container, path: str) -> int | None:
        address = f"tcp:{seen.address}:{spec.PORT}"
        return await probe.probe_status(address, path, deadline=self._timing.probe)

    def _answered(self, seen: Container) -> None:
        self._endpoint = Endpoint(self.id, f"tcp:{seen.address}:{spec.PORT}")
        if self._ready_at is None:
            log.info("%s is ready", self.name.container)
            self._heard = self._ready_at = asyncio.get_running_loop().time()
            self._misses = 0
            self._was_ready = True
        self._failure = None if self._settled() else self._failure
        self._become("ready")

    def _patience(self) -> float:
        return self.made_of.spec.timeout_seconds if self.made_of else 0.0

    async def _kill(self, reason: str, message: str) -> None:
        self._killed = Failure(reason, message)
        self._trouble("unready", self._killed)
        log.warning("%s is killed: %s", self.name.container, message)
        await self._engine.kill(self.name.container, "SIGKILL")
        await self._rest(RETRY_SECONDS)

    async def _explained(self, seen: Container) -> Failure:
        """Why it ended: what we killed it for, or what it and Docker say."""
        lines = await self._around.archive.tail(self.name, seen.id)
        killed, self._killed = self._killed, None
        if killed is not None:
            return replace(killed, log="\n".join(lines))
        looping = self._restarts + 1 >= CRASH_LOOP and not self._settled()
        return explain(seen, lines, looping=looping)

    async def _fell(self, failure: Failure) -> None:
        """It ended by itself: say so, and wait before the next attempt."""
        self._restarts = 1 if self._settled() else self._restarts + 1
        self._ready_at = None
        log.warning("%s: %s: %s", self.name.container, failure.reason, failure.message)
        self._trouble("waiting", failure)
        initial, maximum = self._timing.backoff, self._timing.max_backoff
        await asyncio.sleep(backoff_delay(self._restarts, initial=initial, maximum=maximum))

    def _settled(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self._ready_at is not None and now - self._ready_at >= self._timing.settled

    async def _rest(self, seconds: float) -> None:
        await ending.rest(self._wake, seconds)

    def _trouble(self, state: ReplicaState, failure: Failure) -> None:
        if not self._dozes and (state, failure) != (self._state, self._failure):
            self._failure = failure
            self._state = state
            self._since = time.time()
            self._around.changed(self.name)

    def _become(self, state: ReplicaState) -> None:
        if not self._dozes and state != self._state:
            self._state, self._since = state, time.time()
            self._around.changed(self.name)

    async def _end(self) -> None:
        done = False
        while not done:
            try:
                await ending.stop(self.name, self._around, self._wake, served=self._was_ready)
                done = True
            except PlatError as error:
                log.warning("%s is not gone yet: %s", self.name.container, error.message)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("ending %s failed", self.name.container)
                await asyncio.sleep(RETRY_SECONDS)
        self._gone(self)
