"""The chunked transfer coding (RFC 9112 §7.1), decoded strictly.

Chunks are decoded from one side and encoded again for the other. Chunk extensions are dropped, and
two parsers can never disagree about a length (request smuggling).
"""

from __future__ import annotations

import re
from typing import Final

from plat_gateway.proxy.http_parser import FIELD

_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n")
_SIZE_BEGUN = re.compile(rb"[0-9A-Fa-f]{1,15}(?:[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?)?\r?\Z")
_TRAILERS = re.compile(rb"((?>(?:" + FIELD + rb")*))\r\n\r\n")
_LINE_BYTES: Final = 1024
_TRAILER_BYTES: Final = 16 * 1024

LAST: Final = b"0\r\n\r\n"


class ChunkDecoder:
    """Decodes a body piece by piece; `done` is set with its last byte.

    `trailers` are header lines, each after a CR LF. `rest` are the bytes after the body.
    """

    __slots__ = ("_after", "_held", "_last", "_left", "done", "rest", "trailers")

    def __init__(self) -> None:
        self._held = b""
        self._left = 0
        self._after = False
        self._last = False
        self.done = False
        self.trailers = b""
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Return the content in `data`; raise ValueError at the first invalid byte."""
        if self._held:
            data, self._held = self._held + data, b""
        position, end, content = 0, len(data), []
        while position < end and not self.done:
            if self._left:
                piece = data[position : position + self._left]
                content.append(piece)
                position += len(piece)
                self._left -= len(piece)
                self._after = not self._left
                continue
            reached = self._line(data, position)
            if reached == position:
                self._held = data[position:]
                break
            position = reached
        if self.done:
            self.rest = data[position:]
        return content[0] if len(content) == 1 else b"".join(content)

    def _line(self, data: bytes, position: int) -> int:
        """Return the end of the framing at `position`, or `position` if it is incomplete."""
        if self._last:
            return self._end(data, position)
        if self._after:
            pair = data[position : position + 2]
            if pair == b"\r\n":
                self._after = False
                return position + 2
            if pair != b"\r":
                raise ValueError("a chunk is longer than its size")
            return position
        match = _SIZE_LINE.match(data, position, position + _LINE_BYTES)
        if match is None:
            line = data[position : position + _LINE_BYTES]
            if len(line) == _LINE_BYTES or not _SIZE_BEGUN.match(line):
                raise ValueError("a chunk's size is not a hexadecimal number")
            return position
        self._left = int(match[1], 16)
        if self._left:
            return match.end()
        self._last = True
        # the CR LF of the size line also begins the first trailer
        return match.end() - 2

    def _end(self, data: bytes, position: int) -> int:
        if match := _TRAILERS.match(data, position):
            self.trailers = match[1]
            self.done = True
            return match.end()
        if len(data) - position > _TRAILER_BYTES or data.find(b"\r\n\r\n", position) >= 0:
            raise ValueError("the trailers are not header lines")
        return position


def encode(content: bytes) -> bytes:
    """Return one chunk; no bytes for empty content, because an empty chunk ends the body."""
    return b"%x\r\n%b\r\n" % (len(content), content) if content else b""


def last_chunk(trailers: bytes) -> bytes:
    """Return the end of the body; trailer lines each follow a CR LF."""
    return b"0" + trailers + b"\r\n\r\n" if trailers else LAST
