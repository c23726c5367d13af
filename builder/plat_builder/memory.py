"""Memory limits for the programs of a build, which protect the builder from the OOM killer.

Their total is measured while they run. Between two measurements the kernel limits each of them,
and kills them first if memory runs out: see `confined`.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from plat_core.errors import BuildFailed

from plat_builder.settings import MIB

_NONE_LEFT = re.compile(
    r"out of memory|cannot allocate memory|memory allocation of \d+ bytes failed|"
    r"memoryerror|malloc failed|os error 12\b|bad_alloc",
    re.IGNORECASE,
)
"""How git, uv, pip and node report that memory ran out."""


def resident(session: int) -> int:
    """Bytes in memory of all processes of a session; what they share counts for each of them."""
    if sys.platform != "linux":
        return 0
    pages = sum(_pages(int(name), session) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208
    return pages * os.sysconf("SC_PAGE_SIZE")


def _pages(pid: int, session: int) -> int:
    try:
        if os.getsid(pid) != session:
            return 0
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
    except (OSError, IndexError):
        return 0  # it has ended


def ran_out(code: int, said: Sequence[str]) -> bool:
    """Return whether a program failed for lack of memory; only the OOM killer sends SIGKILL."""
    return code == -signal.SIGKILL or (code != 0 and bool(_NONE_LEFT.search("\n".join(said))))


def too_much(limit: int) -> BuildFailed:
    """Return the error of a build that used more than `limit` bytes."""
    return BuildFailed(
        f"the build took more than {limit // MIB} MiB of memory and was ended",
        fix="ask for fewer or smaller packages; who runs the platform may allow more: "
        f"PLAT_BUILD_MEMORY={2 * limit // MIB}Mi",
    )
