"""Lets a debugger attach to the replica: debugpy, where `plat dev --debug` asks for it."""

import errno
import importlib
import os
import socket
import threading
import time

from plat_runtime.faults import Reason, StartError
from plat_runtime.logs import say

PATIENCE = 120.0
"""Seconds that a replica waits for its predecessor to give the port free."""
PAUSE = 0.1


def listen(address: str) -> None:
    """Listen on `host:port`; raise StartError where that cannot be.

    A port that is taken belongs to the replica that this one replaces: it is waited for beside
    the serving, since the old one leaves only when this one is ready.
    """
    host, _, port = address.rpartition(":")
    if not port.isdigit():
        raise StartError(Reason.SETTING, f"PLAT_DEBUGPY={address[:100]!r} is not host:port")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    try:
        importlib.import_module("debugpy")
    except ImportError:
        message = "PLAT_DEBUGPY is set but debugpy is not installed; add it to requirements.txt"
        raise StartError(Reason.IMPORT, message) from None
    place = (host or "127.0.0.1", int(port))
    if _taken(place):
        say(f"debugpy waits for {address}")
        threading.Thread(target=_wait_and_listen, args=(place,), daemon=True).start()
    else:
        _listen(place)


def _taken(place: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise StartError(Reason.FAILED, f"debugpy cannot listen: {error}") from error
    return False


def _wait_and_listen(place: tuple[str, int]) -> None:
    deadline = time.monotonic() + PATIENCE
    while _taken(place):
        if time.monotonic() > deadline:
            say(f"debugpy gave up: port {place[1]} is still taken")
            return
        time.sleep(PAUSE)
    try:
        _listen(place)
    except StartError as fault:
        say(fault.message)


def _listen(place: tuple[str, int]) -> None:
    try:
        importlib.import_module("debugpy").listen(place)
    except (OSError, RuntimeError) as error:
        raise StartError(Reason.FAILED, f"debugpy cannot listen on {place}: {error}") from error
    say(f"debugpy listens on {place[0]}:{place[1]}")
