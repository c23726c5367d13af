"""Runs external programs, and turns their failures into errors."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress

from plat_core.errors import Unavailable

SHORT_TIMEOUT = 60.0
"""Timeout (s) of a query."""
LONG_TIMEOUT = 1800.0
"""Timeout (s) of a download or build."""
OUTPUT_LINES = 200
"""Number of output lines kept for the error message."""

INSTALL = {
    "docker": "install Docker: https://docs.docker.com/engine/install",
    "kind": "install kind: https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
}
"""How to install a missing program."""

OnProgress = Callable[[str], None]


class CommandNotFound(Unavailable):
    """A program is not installed."""

    def __init__(self, program: str) -> None:
        fix = INSTALL.get(program, f"install {program}")
        super().__init__(f"{program} is not installed, or not on the PATH", fix=fix)
        self.program = program


class CommandFailed(Unavailable):
    """A program failed or timed out.

    `output` holds the last lines that it printed, `tail` the few that a message shows.
    """

    def __init__(self, command: tuple[str, ...], output: str, *, fix: str = "") -> None:
        text = output.strip() or "it exited without output"
        shown = shlex.join(command[:6]) + (" …" if len(command) > 6 else "")
        self.output, self.tail = text, _tail(text)
        super().__init__(f"`{shown}` failed: {self.tail}", fix=fix)


def run(*command: str, text: str | None = None, timeout: float = SHORT_TIMEOUT) -> str:
    """Run a program and return its stdout. Raises CommandNotFound and CommandFailed."""
    try:
        done = subprocess.run(
            command,
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise CommandNotFound(command[0]) from error
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(command, f"timed out after {timeout:g} s") from error
    if done.returncode:
        raise CommandFailed(command, done.stderr or done.stdout)
    return done.stdout


def stream(
    *command: str,
    on_progress: OnProgress,
    text: str | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = LONG_TIMEOUT,
) -> None:
    """Run a long program and pass each line of its output to `on_progress`.

    `environment` extends the current environment. Raises CommandNotFound and CommandFailed.
    """
    kept: deque[str] = deque(maxlen=OUTPUT_LINES)
    begun = time.monotonic()
    with _start_process(command, text, environment) as process:
        clock = threading.Timer(timeout, _kill, [process])
        clock.start()
        try:
            for line in process.stdout or ():
                if line.strip():
                    kept.append(line.rstrip())
                    on_progress(line.strip())
            process.wait()
        except BaseException:
            _kill(process)
            raise
        finally:
            clock.cancel()
    if process.returncode:
        if time.monotonic() - begun >= timeout:
            kept.append(f"timed out after {timeout:g} s")
        raise CommandFailed(command, "\n".join(kept))


def _start_process(
    command: tuple[str, ...], text: str | None, environment: Mapping[str, str] | None
) -> subprocess.Popen[str]:
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise CommandNotFound(command[0]) from error
    if process.stdin is not None and text is not None:
        with process.stdin as stdin:
            stdin.write(text)
    return process


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a process and its children, which would keep its output open."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _tail(text: str, lines: int = 8) -> str:
    return "\n  ".join(line[:300] for line in text.splitlines()[-lines:])
