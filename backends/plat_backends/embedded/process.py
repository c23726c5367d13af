"""One process and its group: start it, read its output, wait for it, kill it and its children.

The leader stays a zombie until its group is killed, so that its pid cannot be reused before.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plat_backends.embedded.cgroups import Cgroup
from plat_backends.embedded.marked_processes import kill_marked

READ_BYTES = 32 * 1024
DRAIN_SECONDS = 1.0

Output = Callable[[Literal["stdout", "stderr"], bytes], None]


@dataclass(frozen=True, slots=True)
class ProcessCommand:
    """A command to start; `mark` names a variable of `env` whose value no other process has."""

    argv: Sequence[str]
    env: Mapping[str, str]
    directory: Path
    mark: str


@dataclass(frozen=True, slots=True)
class ProcessExit:
    """The exit code, or the negative number of the signal, and the peak memory in bytes."""

    code: int
    peak: int

    def __str__(self) -> str:
        """Return the exit as words of a log line."""
        if self.code >= 0:
            return f"exited with code {self.code}"
        with suppress(ValueError):
            return f"was killed by {signal.Signals(-self.code).name}"
        return f"was killed by signal {-self.code}"


class ReplicaProcess:
    """A started process. `exited` is done when its leader has exited."""

    def __init__(self, command: ProcessCommand, group: Cgroup | None, output: Output) -> None:
        """Start the process; raises OSError."""
        self._loop = asyncio.get_running_loop()
        self._command = command
        self._group = group
        self._output = output
        self._open: dict[int, Literal["stdout", "stderr"]] = {}
        self._drained = asyncio.Event()
        self.exited: asyncio.Future[None] = self._loop.create_future()
        # PDEATHSIG is sent when the parent thread exits, so start it on a thread that never does
        self._popen = subprocess.Popen(
            command.argv,
            env=command.env,
            cwd=command.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
        )
        self.pid = self._popen.pid
        self._pidfd = os.pidfd_open(self.pid)
        self._loop.add_reader(self._pidfd, self._on_exit)
        self._listen()

    def terminate(self) -> None:
        """Send SIGTERM to the leader."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGTERM)

    async def destroy(self) -> ProcessExit:
        """Kill all that remains of it, and read the rest of its output. Call it once."""
        self._kill_group()
        try:
            await asyncio.to_thread(self._kill_strays)
            await self.exited
            await self._drain()
        finally:
            self._close()
            ended = self._reap()
        return ended

    def _listen(self) -> None:
        for name, pipe in (("stdout", self._popen.stdout), ("stderr", self._popen.stderr)):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
                self._open[pipe.fileno()] = "stdout" if name == "stdout" else "stderr"
                self._loop.add_reader(pipe.fileno(), self._read, pipe.fileno())

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, READ_BYTES)
        except BlockingIOError:
            return
        if data:
            self._output(self._open[descriptor], data)
            return
        self._loop.remove_reader(descriptor)
        del self._open[descriptor]
        if not self._open:
            self._drained.set()

    def _on_exit(self) -> None:
        self._loop.remove_reader(self._pidfd)
        if not self.exited.done():
            self.exited.set_result(None)

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def _kill_strays(self) -> None:
        if self._group is not None:
            self._group.kill()
        else:
            kill_marked(self._command.mark, self._command.env[self._command.mark])

    async def _drain(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._drained.wait()

    def _close(self) -> None:
        for descriptor in self._open:
            self._loop.remove_reader(descriptor)
        self._open.clear()
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        for pipe in (self._popen.stdout, self._popen.stderr):
            if pipe is not None:
                pipe.close()

    def _reap(self) -> ProcessExit:
        _, status, usage = os.wait4(self.pid, 0)
        self._popen.returncode = os.waitstatus_to_exitcode(status)
        return ProcessExit(self._popen.returncode, usage.ru_maxrss * 1024)
