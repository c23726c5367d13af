"""Errors at the start of a replica, reported on stderr and in the termination log.

Nothing here may raise: errors are reported even with a read-only root or a closed stderr.
"""

import json
import os
import sys
import traceback
from types import TracebackType

LOG_BYTES = 4096
_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_code = ""
_MACHINERY = ("<frozen importlib", "<frozen runpy", _HERE)


class Reason:
    """Reasons why a replica did not start; the platform shows them in a condition."""

    SYNTAX = "HandlerSyntaxError"
    IMPORT = "HandlerImportError"
    NOT_FOUND = "HandlerNotFound"
    EXITED = "HandlerExited"
    FAILED = "HandlerFailed"
    UNRECOGNISED = "HandlerUnrecognised"
    SETTING = "SettingInvalid"


class StartError(Exception):
    """The replica cannot start: ``reason`` is one of Reason, ``message`` is for the user."""

    def __init__(self, reason: str, message: str, trace: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.trace = trace


def user_traceback(error: BaseException) -> str:
    """Format ``error`` without the frames of the import machinery and of this package.

    Paths of user code are relative to its folder, such as ``app.py``.
    """
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        link.__traceback__ = _users(link.__traceback__)
        link = link.__cause__ or link.__context__
    text = "".join(traceback.format_exception(error))
    return text.replace(f'File "{_code}{os.sep}', 'File "') if _code else text


def set_code_folder(folder: str) -> None:
    """Set the folder of user code; tracebacks then show paths relative to it."""
    global _code  # noqa: PLW0603 (there is one program in a process)
    _code = folder


def _users(trace: TracebackType | None) -> TracebackType | None:
    """Drop the leading frames that are ours; the user's code may call importlib further down."""
    while trace is not None and _is_ours(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return trace


def _is_ours(filename: str) -> bool:
    return filename.startswith(_MACHINERY) or filename.endswith("importlib/__init__.py")


def report(fault: StartError, path: str) -> None:
    """Write the error to stderr and to the termination log."""
    sys.stderr.write(f"{fault.trace}plat: {fault.reason}: {fault.message}\n")
    sys.stderr.flush()
    try:
        write_termination_log(fault, path)
    except OSError as error:
        sys.stderr.write(f"plat: the termination log {path} could not be written: {error}\n")


def write_termination_log(fault: StartError, path: str) -> None:
    """Write ``{"reason", "message", "traceback"}`` to ``path``, if it is writable.

    Kubernetes keeps 4096 bytes of the file, so the traceback loses its beginning, not its end.
    """
    if not os.access(path if os.path.exists(path) else os.path.dirname(path), os.W_OK):
        return
    with open(path, "wb") as file:
        file.write(bounded(fault))


def bounded(fault: StartError) -> bytes:
    """Return the fault as JSON of at most LOG_BYTES bytes."""
    message, trace = fault.message[:1000], fault.trace[-LOG_BYTES:]
    while True:
        entry = {"reason": fault.reason, "message": message, "traceback": trace}
        body = json.dumps(entry).encode()
        excess = len(body) - LOG_BYTES
        if excess <= 0:
            return body
        if trace:
            # One character may be up to twelve bytes of JSON escapes.
            trace = trace[excess // 12 + 1 :]
        else:
            message = message[: -(excess // 12 + 1)]
