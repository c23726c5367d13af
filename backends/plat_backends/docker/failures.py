"""Why a container exited, by the reports of Docker and of the container. Pure."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from plat_core.ports import Failure

from plat_backends.docker.engine import ContainerState

LOG_LINES = 20
LOG_BYTES = 4096
_REPORT = re.compile(r"plat: ([A-Z][A-Za-z]{2,40}): (.{0,2000})")


def explain_container_exit(
    container: ContainerState, lines: Sequence[str], *, looping: bool
) -> Failure:
    """Return the failure of a container that exited.

    `lines` are its last lines; `looping` means that it failed repeatedly. The runtime reports a
    failed start as `plat: <Reason>: <sentence>` on stderr (runtimes/CONTRACT.md), because the root
    file system is read-only.
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
    return Failure(reason, f"it {describe_exit(container.exit_code)}", log)


def describe_exit(code: int) -> str:
    """Return an exit code in words; codes above 128 stand for signals, by shell convention."""
    if code > 128:
        try:
            return f"was killed by {signal.Signals(code - 128).name}"
        except ValueError:
            return f"exited with code {code}"
    return f"exited with code {code}"


def _tail(lines: Sequence[str]) -> str:
    return "\n".join(lines[-LOG_LINES:])[-LOG_BYTES:]
