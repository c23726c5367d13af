"""Lets a debugger attach to the replica with debugpy, for `plat dev --debug`."""

import errno
import importlib
import os
import socket
import threading
import time

from plat_runtime.faults import Reason, StartError
from plat_runtime.logs import log_info

PATIENCE = 120.0
"""Seconds that a replica waits for its predecessor to release the port."""
PAUSE = 0.1


def listen(address: str) -> None:
    """Listen on `host:port`; raise StartError if that fails.

    The replica that this one replaces may still hold the port, and ends only when this one is
    ready. So wait for the port in a thread while serving.
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
        log_info(f"debugpy waits for {address}")
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
            log_info(f"debugpy gave up: port {place[1]} is still taken")
            return
        time.sleep(PAUSE)
    try:
        _listen(place)
    except StartError as fault:
        log_info(fault.message)


def _listen(place: tuple[str, int]) -> None:
    try:
        importlib.import_module("debugpy").listen(place)
    except (OSError, RuntimeError) as error:
        raise StartError(Reason.FAILED, f"debugpy cannot listen on {place}: {error}") from error
    log_info(f"debugpy listens on {place[0]}:{place[1]}")
