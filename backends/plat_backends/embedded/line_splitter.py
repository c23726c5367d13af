"""Splitting a replica's output into lines of bounded length. Pure."""

from __future__ import annotations

LINE_BYTES = 16 * 1024
CUT = " …"
"""Suffix of a piece of a line that was too long."""


class LineSplitter:
    """Splits a stream of bytes into lines of at most `limit` bytes."""

    def __init__(self, limit: int = LINE_BYTES) -> None:
        self._limit = limit
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that `data` completes."""
        if self._skipping:
            _, newline, data = data.partition(b"\n")
            self._skipping = not newline
        *whole, self._rest = (self._rest + data).split(b"\n")
        lines = [piece for line in whole for piece in self._pieces(line)]
        while len(self._rest) > self._limit:
            lines.append(_decode(self._rest[: self._limit]) + CUT)
            self._rest = self._rest[self._limit :]
        return lines

    def skip(self, data: bytes) -> None:
        """Drop `data` and the lines of which it holds only a part."""
        self._rest = b""
        self._skipping = not data.endswith(b"\n")

    def end(self) -> list[str]:
        """Return the text after the last newline, if any."""
        rest, self._rest = self._rest, b""
        return [_decode(rest)] if rest else []

    def _pieces(self, line: bytes) -> list[str]:
        if len(line) <= self._limit:
            return [_decode(line)]
        cuts = range(0, len(line), self._limit)
        pieces = [_decode(line[at : at + self._limit]) for at in cuts]
        return [piece + CUT for piece in pieces[:-1]] + pieces[-1:]


def _decode(line: bytes) -> str:
    return line.rstrip(b"\r").decode(errors="replace")
