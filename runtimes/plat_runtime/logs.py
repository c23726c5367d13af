"""Standard streams that write whole lines, each tagged with its call.

The tag is ``[call <id>] ``. Lines of several threads or tasks never mix: an unfinished line stays
with its call until a newline, the end of the call, or LINE_LIMIT characters.
"""

import io
import os
import sys
import threading
from typing import TextIO

from plat_runtime.calls import Call, current

LINE_LIMIT = 65536


class TaggedStream(io.TextIOBase):
    """A text stream over a file descriptor that tags the lines of the current call."""

    def __init__(self, inner: TextIO, name: str) -> None:
        super().__init__()
        self._inner = inner
        self._name = name
        self._lock = threading.Lock()
        self.buffer = inner.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of the stream below."""
        return self._inner.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """What the stream below does with characters it cannot encode."""
        return self._inner.errors

    @property
    def name(self) -> str:
        """``<stdout>`` or ``<stderr>``."""
        return f"<{self._name}>"

    def fileno(self) -> int:
        """Return the descriptor below, for subprocesses and C code (their lines stay untagged)."""
        return self._inner.fileno()

    def isatty(self) -> bool:
        """Return False: this is a log."""
        return False

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Write the lines that ``text`` completes."""
        call = current.get()
        if call is None:
            self._put(text)
            return len(text)
        *lines, rest = (call.partial.pop(self._name, "") + text).split("\n")
        if len(rest) > LINE_LIMIT:
            lines.append(rest)
            rest = ""
        if rest:
            call.partial[self._name] = rest
        if lines:
            self._put("".join(f"[call {call.id}] {line}\n" for line in lines))
        return len(text)

    def flush(self) -> None:
        """Flush the stream below; an unfinished line stays with its call."""
        self._inner.flush()

    def end(self, call: Call) -> None:
        """Write the unfinished line of ``call``."""
        rest = call.partial.pop(self._name, "")
        if rest:
            self._put(f"[call {call.id}] {rest}\n")

    def _put(self, text: str) -> None:
        with self._lock:
            self._inner.write(text)
            self._inner.flush()


def open_streams(tagged: bool) -> None:
    """Put stdin at end of file and make stdout and stderr write through, tagged if asked."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    if tagged:
        sys.stdout = TaggedStream(sys.stdout, "stdout")
        sys.stderr = TaggedStream(sys.stderr, "stderr")


def end_call(call: Call) -> None:
    """Write the unfinished lines of a call at its end."""
    if call.partial:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TaggedStream):
                stream.end(call)


def log_info(sentence: str) -> None:
    """Write a line about the replica itself to the log."""
    sys.stdout.write(f"plat: {sentence}\n")
    sys.stdout.flush()
