"""Prints results on stdout, and progress and errors on stderr.

A terminal gets colors and spinners (rich is imported only then), a pipe plain lines. With `--json`
the only output is JSON on stdout.
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
    """The output of one command, controlled by its flags."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False, verbose: bool = False):
        self.as_json = as_json
        self.quiet = quiet
        self.verbose = verbose

    def result(self, text: str = "") -> None:
        """Print a line of the result, except with `--json`."""
        if not self.as_json:
            print(text, file=sys.stdout, flush=True)  # noqa: T201

    def document(self, value: object) -> None:
        """Print a JSON document with `--json`."""
        if self.as_json:
            plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
            print(json.dumps(value, ensure_ascii=plain), file=sys.stdout, flush=True)  # noqa: T201

    def note(self, text: str = "") -> None:
        """Print a line about progress, except with `--quiet` or `--json`."""
        if not (self.quiet or self.as_json):
            print(text, file=sys.stderr, flush=True)  # noqa: T201

    def warn(self, text: str) -> None:
        """Print a warning, except with `--json`."""
        if not self.as_json:
            print(f"{self.style('warning:', 'yellow')} {text}", file=sys.stderr)  # noqa: T201

    def error(self, text: str, fix: str = "") -> None:
        """Print an error and what to type next."""
        print(f"{self.style('error:', 'red', 'bold')} {text}", file=sys.stderr)  # noqa: T201
        for line in fix.splitlines():
            print(f"  {self.style('→', 'cyan')} {line}", file=sys.stderr)  # noqa: T201

    def style(self, text: str, *names: str, stream: TextIO | None = None) -> str:
        """Return the text in color if the stream (stderr by default) is a terminal."""
        if not use_colors(stream or sys.stderr):
            return text
        codes = ";".join(CODES[name] for name in names)
        return f"\x1b[{codes}m{text}\x1b[0m"

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print aligned columns, with bold headings on a terminal."""
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
        """Show a spinner during a step, and print its duration at the end.

        `width` is the length of the longest step name of the command.
        """
        phase = Phase(self, name, width)
        try:
            yield phase
        except BaseException:
            phase.end(failed=True)
            raise
        phase.end()


class Phase:
    """A running step. `detail` is printed after its name at the end.

    A timer starts the spinner, so that short steps do not import rich.
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
        """Print a dimmed line of output of the step."""
        clean = printable(text.rstrip("\n"))
        output = self._output
        output.note(output.style(f"  │ {clean}", "dim"))

    def update(self, text: str) -> None:
        """Set the text next to the spinner."""
        self._text = text
        if self._status is not None:
            self._status.update(_label(self._name, text))

    def end(self, *, failed: bool = False) -> None:
        """Stop the spinner and print the line of the step."""
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

        console = Console(stderr=True, no_color=not use_colors(sys.stderr))
        self._status = console.status(_label(self._name, self._text))
        self._status.start()


def use_colors(stream: TextIO) -> bool:
    """Return whether a stream is a terminal with colors, and NO_COLOR is not set."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not plain


def printable(text: str) -> str:
    """Replace control characters, which could move the cursor or set the title."""
    return "".join(c if c == "\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def size(count: int) -> str:
    """Format a number of bytes."""
    for unit in ("B", "KB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000  # type: ignore[assignment]
    return f"{count:.1f} GB"


def span(seconds: float) -> str:
    """Format a duration."""
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
