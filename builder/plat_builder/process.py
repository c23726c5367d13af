"""Run an untrusted program for a build, with limits, and end all processes that it started.

The program gets only the given environment, no input, and a session of its own.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from plat_core.errors import BuildFailed

from plat_builder import memory

CHUNK = 64 * 1024
LINE_LENGTH = 4096
MAX_LINES = 5_000
TAIL = 200
LAST_WORDS = 20
CHECK_SECONDS = 0.2
LINGER_SECONDS = 2.0
SWEEPS = 5
BURST = 2
"""Factor by which one process may exceed the memory limit between two checks."""
MARK = "PLAT_BUILD"
"""The variable that marks all processes of a build."""

_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_CREDENTIALS = re.compile(r"(://)[^/@\s]+@")
_CONFINED = Path(__file__).with_name("confined.py")


@dataclass(frozen=True, slots=True)
class SandboxCommand:
    """What to run. `deadline` is a time of `time.monotonic`; `file_size` and `memory` are bytes,
    of one file that it writes, and of all its processes together.

    `mark` names the build: whatever it started bears it, and can be ended by `end_marked`.
    """

    program: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    python: Path
    deadline: float
    file_size: int
    memory: int
    mark: str


async def _nothing() -> None:
    """Default `watch`: does nothing."""


@dataclass
class SandboxProcess:
    """One run of a command, as an async context: outside of the block nothing of it is left."""

    command: SandboxCommand
    watch: Callable[[], Awaitable[None]] = _nothing
    code: int | None = None
    tail: list[str] = field(default_factory=list)

    async def __aenter__(self) -> SandboxProcess:
        """Start it; raises BuildFailed where it cannot be."""
        command = self.command
        self._output, writing = os.pipe()
        os.set_blocking(self._output, False)
        confined = (str(command.python), "-I", "-S", str(_CONFINED))
        limits = (str(os.getpid()), str(command.file_size), str(BURST * command.memory))
        try:
            self._process = await asyncio.create_subprocess_exec(
                *confined,
                *limits,
                *command.program,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                cwd=command.folder,
                env={**command.environment, MARK: self.command.mark},
                start_new_session=True,
            )
        except OSError as error:
            os.close(self._output)
            raise BuildFailed(f"cannot start {command.program[0]}: {error}") from None
        finally:
            os.close(writing)
        self._exit = asyncio.ensure_future(self._process.wait())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Kill what is left, the program first, then what escaped from its group."""
        self._kill_group()
        await self._exit
        await asyncio.to_thread(end_marked, self.command.mark)
        os.close(self._output)

    async def lines(self) -> AsyncGenerator[str, None]:
        """What it prints, as it does, until its end; then `code` is known.

        Lines are cut at LINE_LENGTH characters, without colours and credentials; beyond MAX_LINES
        they are only counted. Raises BuildFailed when the deadline passes, when it takes too much
        memory, or when `watch` does.
        """
        count = 0
        async with aclosing(self._chunks()) as chunks, aclosing(_clean_lines(chunks)) as cleaned:
            async for line in cleaned:
                count += 1
                self.tail = [*self.tail[-TAIL + 1 :], line]
                if count <= MAX_LINES:
                    yield line
        if count > MAX_LINES:
            yield f"… {count - MAX_LINES} more lines are left out"
        self.code = await self._exit
        if memory.ran_out(self.code, self.tail[-LAST_WORDS:]):
            raise memory.too_much(self.command.memory)

    async def _chunks(self) -> AsyncGenerator[bytes, None]:
        reading = asyncio.ensure_future(self._read())
        try:
            while True:
                await self._wait(reading)
                if not reading.done():
                    return
                if not (chunk := reading.result()):
                    return
                yield chunk
                reading = asyncio.ensure_future(self._read())
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self) -> bytes:
        """The next output; empty when nobody can write any more.

        Not through `connect_read_pipe`: uvloop closes its file descriptor twice, and between the
        two a thread may have opened another file under the same number.
        """
        while True:
            try:
                return os.read(self._output, CHUNK)
            except BlockingIOError:
                await self._readable()

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready = loop.create_future()
        loop.add_reader(self._output, _settle, ready)
        try:
            await ready
        finally:
            loop.remove_reader(self._output)

    async def _wait(self, reading: asyncio.Future[bytes]) -> None:
        """Until there is output, or its end; the program's end cuts off those that outlive it."""
        lingering = None
        while not reading.done():
            await asyncio.wait({reading}, timeout=CHECK_SECONDS)
            now = time.monotonic()
            if now > self.command.deadline:
                raise BuildFailed(
                    "the build took too long and was ended",
                    fix="who runs the platform may allow more: PLAT_BUILD_TIMEOUT=10m",
                )
            if memory.resident(self._process.pid) > self.command.memory:
                raise memory.too_much(self.command.memory)
            await self.watch()
            if self._exit.done() and not reading.done():
                self._kill_group()
                lingering = lingering or now + LINGER_SECONDS
                if now > lingering:
                    return

    def _kill_group(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def end_marked(mark: str) -> int:
    """Kill every process whose environment bears the mark, and wait until it is gone.

    Looks again until there is none, as a process may start another one meanwhile. Returns how many
    there were.
    """
    ended = 0
    for _ in range(SWEEPS):
        found = [process for process in psutil.process_iter() if _bears(process, mark)]
        if not found:
            break
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=LINGER_SECONDS)
        ended += len(found)
    return ended


def _bears(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


async def _clean_lines(chunks: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
    """Split a stream into printable lines; a line without an end is cut, not collected."""
    rest = b""
    async for chunk in chunks:
        *whole, rest = (rest + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            yield clean(line)
        if len(rest) > 4 * LINE_LENGTH:
            yield clean(rest)
            rest = b""
    if rest:
        yield clean(rest)


def clean(line: bytes) -> str:
    """A line for showing: no terminal codes, no credentials, and not too long."""
    text = _ANSI.sub("", line[: 4 * LINE_LENGTH].decode(errors="replace"))
    text = _CREDENTIALS.sub(r"\1***@", _CONTROL.sub("", text)).rstrip()
    return text if len(text) <= LINE_LENGTH else text[:LINE_LENGTH] + " …"


def base_python() -> Path:
    """The interpreter below any virtual environment, so that no package of plat is visible."""
    return Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()
