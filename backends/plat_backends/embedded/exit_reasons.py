"""Why a replica process ended: the runtime's report, the memory limit, or its exit code."""

from __future__ import annotations

import json
from pathlib import Path

from plat_core.model.quantities import memory_bytes
from plat_core.ports import Failure, Revision

from plat_backends.embedded.process import ProcessExit
from plat_backends.embedded.process_starter import StartedProcess

TERMINATION_BYTES = 64 * 1024


def explain_exit(
    started: StartedProcess, ended: ProcessExit, revision: Revision, *, looping: bool, log: str
) -> Failure:
    """Return the failure of a process that ended without being stopped.

    `looping`: it failed repeatedly. `log`: its last lines.
    """
    if _exceeded_memory(started, ended, revision):
        return out_of_memory(revision, log)
    reported = _read_report(started.paths.termination, log)
    if reported is not None:
        return reported
    return Failure("CrashLoopBackOff" if looping else "Exited", f"it {ended}", log)


def out_of_memory(revision: Revision, log: str) -> Failure:
    """Return the failure of a replica that exceeded its memory limit."""
    limit = revision.spec.resources.limits.memory
    return Failure("OOMKilled", f"it used more memory than its limit of {limit}", log)


def _read_report(path: Path, log: str) -> Failure | None:
    try:
        with path.open("rb") as file:
            report = json.loads(file.read(TERMINATION_BYTES))
        log = str(report.get("traceback") or log)
        return Failure(str(report["reason"]), str(report["message"]), log)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _exceeded_memory(started: StartedProcess, ended: ProcessExit, revision: Revision) -> bool:
    if started.group is not None and started.group.oom_kills():
        return True
    limit = revision.spec.resources.limits.memory
    # without a control group, guess: killed by the kernel with a peak near the limit
    return ended.code == -9 and limit is not None and ended.peak >= 0.9 * memory_bytes(limit)
