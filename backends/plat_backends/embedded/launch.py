"""First code in a replica process: restrict this process, then run the runtime in it.

The platform starts `python -I -S launch.py LAUNCHER key=value...` in a new session. All limits are
set before any code of the user runs. Imports are few and from the standard library only, because
each one is part of every cold start.

Keys: parent (pid of the platform), cgroups (`cgroup.procs` files, separated by ':'), uid (and gid),
data, files, processes (limits).
"""

from __future__ import annotations

import _thread
import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` itself would cost 5 ms
    from types import ModuleType
    from typing import NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
SIGKILL = 9
CANNOT_START = 70


def main(launcher: str, options: dict[str, str]) -> None:
    """Apply all restrictions and run the runtime."""
    joined = _join(options.get("cgroups", "").split(os.pathsep))
    import ctypes
    import resource
    import runpy

    _limit(resource, options)
    joined.acquire()
    if "uid" in options:
        _drop(int(options["uid"]))
    # set PDEATHSIG after the change of user, which clears it
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for option, value in ((PR_SET_NO_NEW_PRIVS, 1), (PR_SET_PDEATHSIG, SIGKILL)):
        if prctl(option, value, 0, 0, 0):
            _give_up(f"prctl({option}): {os.strerror(ctypes.get_errno())}")
    if os.getppid() != int(options["parent"]):
        _give_up("the platform exited meanwhile")
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.argv[:] = [launcher]
    runpy.run_path(launcher, run_name="__main__")


def _join(files: list[str]) -> _thread.LockType:
    """Enter the control groups on a thread: the kernel may need 15 ms for the first."""
    joined = _thread.allocate_lock()
    joined.acquire()

    def enter() -> None:
        try:
            for file in filter(None, files):
                with open(file, "w") as procs:  # noqa: PTH123 (pathlib costs 4 ms)
                    procs.write("0")
        except OSError as error:
            _give_up(str(error))
        finally:
            joined.release()

    _thread.start_new_thread(enter, ())
    return joined


def _limit(resource: ModuleType, options: dict[str, str]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limit = int(options["files"])
    files = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    for key, kind in (("data", resource.RLIMIT_DATA), ("processes", resource.RLIMIT_NPROC)):
        if key in options:
            resource.setrlimit(kind, (int(options[key]), int(options[key])))


def _drop(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _give_up(reason: str) -> NoReturn:
    os.write(2, f"the replica cannot be isolated: {reason}\n".encode())
    os._exit(CANNOT_START)


if __name__ == "__main__":
    main(sys.argv[1], dict(option.split("=", 1) for option in sys.argv[2:]))
