"""The first steps of a replica: it fences itself in, then runs the runtime in this same process.

`python -I -S launch.py LAUNCHER key=value...`, started by the platform in a new session. Nothing of
the user has run when the fence is closed. Standard library only, and little of it: each import
here is part of every cold start.

Keys: parent (pid that must live), cgroups (`cgroup.procs` files, by ':'), uid (and gid), data,
files, processes (limits).
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
    """Close the fence and become the runtime."""
    joined = _join(options.get("cgroups", "").split(os.pathsep))
    import ctypes
    import resource
    import runpy

    _limit(resource, options)
    joined.acquire()
    if "uid" in options:
        _drop(int(options["uid"]))
    # after the change of user, which clears it
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for option, value in ((PR_SET_NO_NEW_PRIVS, 1), (PR_SET_PDEATHSIG, SIGKILL)):
        if prctl(option, value, 0, 0, 0):
            _give_up(f"prctl({option}): {os.strerror(ctypes.get_errno())}")
    if os.getppid() != int(options["parent"]):
        _give_up("the platform ended meanwhile")
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.argv[:] = [launcher]
    runpy.run_path(launcher, run_name="__main__")


def _join(files: list[str]) -> _thread.LockType:
    """Enter the control groups beside the imports: the kernel may take 15 ms over the first."""
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
    wanted = int(options["files"])
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    for key, kind in (("data", resource.RLIMIT_DATA), ("processes", resource.RLIMIT_NPROC)):
        if key in options:
            resource.setrlimit(kind, (int(options[key]), int(options[key])))


def _drop(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _give_up(why: str) -> NoReturn:
    os.write(2, f"the replica cannot be fenced in: {why}\n".encode())
    os._exit(CANNOT_START)


if __name__ == "__main__":
    main(sys.argv[1], dict(option.split("=", 1) for option in sys.argv[2:]))
