"""What the programs of a build may take of memory, so that none of them takes the builder along.

What they have together is looked at while they run. Between two looks the kernel bounds each of
them, and it ends them before anybody else where there is none left at all: see `confined`.
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
"""How git, uv, pip and node say that they got no more."""


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
    """Whether a program that failed did so for want of memory; nobody else ends it with SIGKILL."""
    return code == -signal.SIGKILL or (code != 0 and bool(_NONE_LEFT.search("\n".join(said))))


def too_much(limit: int) -> BuildFailed:
    """The error of a build that took more than `limit` bytes."""
    return BuildFailed(
        f"the build took more than {limit // MIB} MiB of memory and was ended",
        fix="ask for fewer or smaller packages; who runs the platform may allow more: "
        f"PLAT_BUILD_MEMORY={2 * limit // MIB}Mi",
    )
