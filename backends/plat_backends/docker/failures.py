"""Why a container ended, from what Docker and the container itself say: pure."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from plat_core.ports import Failure

from plat_backends.docker.engine import Container

LOG_LINES = 20
LOG_BYTES = 4096
_REPORT = re.compile(r"plat: ([A-Z][A-Za-z]{2,40}): (.{0,2000})")


def explain(container: Container, lines: Sequence[str], *, looping: bool) -> Failure:
    """The failure of a container that ended; `lines` are the last that it wrote,
    `looping` whether it did so again and again.

    The runtime's last words are `plat: <Reason>: <sentence>` on stderr (runtimes/CONTRACT.md); a
    file would not outlive the container's read-only root.
    """
    log = _tail(lines)
    if container.oom_killed:
        limit = f"{container.memory // 1024**2} MiB"
        return Failure("OOMKilled", f"it used more memory than its limit of {limit}", log)
    for line in reversed(lines):
        if report := _REPORT.match(line):
            rest = [other for other in lines if other != line]
            return Failure(report[1], report[2], _tail(rest))
    if container.error:
        return Failure("CannotStart", f"it cannot be started: {container.error}", log)
    reason = "CrashLoopBackOff" if looping else "Exited"
    return Failure(reason, f"it {ended(container.exit_code)}", log)


def ended(code: int) -> str:
    """An exit code in words; above 128 it is a signal, as every shell has it."""
    if code > 128:
        try:
            return f"was killed by {signal.Signals(code - 128).name}"
        except ValueError:
            return f"exited with code {code}"
    return f"exited with code {code}"


def _tail(lines: Sequence[str]) -> str:
    return "\n".join(lines[-LOG_LINES:])[-LOG_BYTES:]
