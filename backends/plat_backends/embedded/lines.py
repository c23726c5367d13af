"""From bytes to lines: bounded, whatever a function writes. Pure."""

from __future__ import annotations

import re

LINE_BYTES = 16 * 1024
CUT = " …"
"""Stands at the end of a piece of a line that was too long."""

_CALL = re.compile(r"\[call ([A-Za-z0-9._:-]{1,128})\] ?")


class Splitter:
    """Cuts a stream of bytes into lines of at most `limit` bytes."""

    def __init__(self, limit: int = LINE_BYTES) -> None:
        self._limit = limit
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[str]:
        """The lines that `data` completes."""
        if self._skipping:
            _, newline, data = data.partition(b"\n")
            self._skipping = not newline
        *whole, self._rest = (self._rest + data).split(b"\n")
        lines = [piece for line in whole for piece in self._pieces(line)]
        while len(self._rest) > self._limit:
            lines.append(_text(self._rest[: self._limit]) + CUT)
            self._rest = self._rest[self._limit :]
        return lines

    def skip(self, data: bytes) -> None:
        """Leave `data` out, with the lines that it only begins or ends."""
        self._rest = b""
        self._skipping = not data.endswith(b"\n")

    def end(self) -> list[str]:
        """What stands behind the last newline."""
        rest, self._rest = self._rest, b""
        return [_text(rest)] if rest else []

    def _pieces(self, line: bytes) -> list[str]:
        if len(line) <= self._limit:
            return [_text(line)]
        cuts = range(0, len(line), self._limit)
        pieces = [_text(line[at : at + self._limit]) for at in cuts]
        return [piece + CUT for piece in pieces[:-1]] + pieces[-1:]


def call_of(line: str) -> tuple[str | None, str]:
    """The call id of a line `[call ID] text`, and the text alone."""
    found = _CALL.match(line)
    return (found[1], line[found.end() :]) if found else (None, line)


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").decode(errors="replace")
