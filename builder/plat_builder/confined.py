"""Starts one program of a build under limits: `confined.py PARENT FILE MEMORY PROGRAM…`.

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


def main(parent: int, file_size: int, memory: int, program: list[str]) -> None:
    """Become `program`, which can write no file of more than `file_size` bytes.

    It gets no more than `memory` bytes for its data, and is the first to be ended where there are
    none left at all.
    """
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    os.umask(0o022)
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:  # noqa: PTH123
            score.write("1000")
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the platform ended before its build began")
    os.execvpe(program[0], program, os.environ)  # noqa: S606


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
