"""What the user sees: results on stdout, everything about them on stderr.

On a terminal there are colours and spinners (rich, imported only then); without one, plain lines;
with `--json`, JSON on stdout and nothing else anywhere.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.status import Status

SPINNER_AFTER = 0.2
CODES = {"dim": "2", "bold": "1", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


class Output:
    """Where a command writes to; `as_json`, `quiet` and `verbose` are its flags."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False, verbose: bool = False):
        self.as_json = as_json
        self.quiet = quiet
        self.verbose = verbose

    def result(self, text: str = "") -> None:
        """A line of the result itself; not with `--json`."""
        if not self.as_json:
            print(text, file=sys.stdout, flush=True)  # noqa: T201

    def document(self, value: object) -> None:
        """The one JSON document of `--json`, or one line of many."""
        if self.as_json:
            plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
            print(json.dumps(value, ensure_ascii=plain), file=sys.stdout, flush=True)  # noqa: T201

    def note(self, text: str = "") -> None:
        """A line about what happens; not with `--quiet` or `--json`."""
        if not (self.quiet or self.as_json):
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    def warn(self, text: str) -> None:
        """Something that is likely not meant."""
        if not self.as_json:
            print(f"{self.style('warning:', 'yellow')} {text}", file=sys.stderr)  # noqa: T201

    def error(self, text: str, fix: str = "") -> None:
        """Why it failed and what to type next."""
        print(f"{self.style('error:', 'red', 'bold')} {text}", file=sys.stderr)  # noqa: T201
        for line in fix.splitlines():
            print(f"  {self.style('→', 'cyan')} {line}", file=sys.stderr)  # noqa: T201

    def style(self, text: str, *names: str, stream: TextIO | None = None) -> str:
        """The text in colour, where the stream (stderr unless told) is a terminal."""
        if not coloured(stream or sys.stderr):
            return text
        codes = ";".join(CODES[name] for name in names)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Columns on stdout: aligned plain text, headings in bold on a terminal."""
        if self.as_json:
            return
        widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
        titles = _columns(headings, widths)
        print(self.style(titles, "bold", stream=sys.stdout))  # noqa: T201
        for row in rows:
            print(_columns(row, widths))  # noqa: T201
        sys.stdout.flush()

    @contextmanager
    def phase(self, name: str, width: int = 6) -> Iterator[Phase]:
        """A step that takes time: a spinner on a terminal, a line with its seconds at the end.

        `width` is that of the longest name among the steps of one command.
        """
        phase = Phase(self, name, width)
        try:
            yield phase
        except BaseException:
            phase.end(failed=True)
            raise
        phase.end()


class Phase:
    """A step that is under way. `detail` is what to say beside its name at the end.

    The spinner starts from a thread after a moment, so that a short step never pays for rich.
    """

    def __init__(self, output: Output, name: str, width: int) -> None:
        self.detail = ""
        self._output = output
        self._name = name
        self._width = width
        self._started = time.monotonic()
        self._text = ""
        self._status: Status | None = None
        self._timer = threading.Timer(SPINNER_AFTER, self._spin)
        self._timer.daemon = True
        if not (output.quiet or output.as_json) and sys.stderr.isatty():
            self._timer.start()

    def log(self, text: str) -> None:
        """A line of output that belongs to the step: dimmed, above the spinner."""
        clean = printable(text.rstrip("\n"))
        output = self._output
        output.note(output.style(f"  │ {clean}", "dim"))

    def update(self, text: str) -> None:
        """What the step waits for now; shown beside the spinner only."""
        self._text = text
        if self._status is not None:
            self._status.update(_label(self._name, text))

    def end(self, *, failed: bool = False) -> None:
        """Stop the spinner and write the step's line."""
        self._timer.cancel()
        if self._timer.ident is not None:
            self._timer.join()
        if self._status is not None:
            self._status.stop()
        seconds = time.monotonic() - self._started
        output = self._output
        mark = output.style("✗", "red") if failed else output.style("✓", "green")
        tail = output.style(f"{seconds:.2f} s", "dim")
        middle = f"  {self.detail}" if self.detail else ""
        output.note(f"{mark} {self._name:<{self._width}}{middle}  {tail}")

    def _spin(self) -> None:
        from rich.console import Console

        console = Console(stderr=True, no_color=not coloured(sys.stderr))
        self._status = console.status(_label(self._name, self._text))
        self._status.start()


def coloured(stream: TextIO) -> bool:
    """Whether to write colours: a terminal that understands them, and no NO_COLOR."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def printable(text: str) -> str:
    """Foreign text without control characters: it must not move the cursor or set the title."""
    return "".join(c if c == "\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def size(count: int) -> str:
    """Bytes as people read them."""
    for unit in ("B", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000  # type: ignore[assignment]
    return f"{count:.1f} GB"


def span(seconds: float) -> str:
    """A length of time as people read it."""
    whole = int(seconds)
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if whole >= length:
            return f"{whole // length}{unit}"
    return f"{whole}s"


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    pairs = zip(cells, widths, strict=True)
    return "  ".join(printable(cell).ljust(width) for cell, width in pairs).rstrip()


def _label(name: str, text: str = "") -> str:
    from rich.markup import escape

    return f"{name} … [dim]{escape(text)}[/dim]" if text else f"{name} …"
