"""Starts one program of a build under limits: `python -I -S confined.py PARENT BYTES PROGRAM…`.

Run as a script by the platform's Python, never imported: the limits are set after the fork, in a
process of one thread, and the program then takes its place. It ends when its parent does.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)
NICENESS = 5


def main(parent: int, file_size: int, program: list[str]) -> None:
    """Become `program`, which can write no file of more than `file_size` bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    os.umask(0o022)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the platform ended before its build began")
    os.execvpe(program[0], program, os.environ)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
