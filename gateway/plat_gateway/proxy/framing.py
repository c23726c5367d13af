"""Framing of response bodies (RFC 9112, section 6.3), without any I/O.

`ResponseBody` reads a body in the framing of the upstream. `BodyFraming` writes it in a framing
that the client understands. The two are independent, so the framing of a peer never passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from plat_gateway.proxy.chunks import ChunkDecoder, encode, last_chunk
from plat_gateway.proxy.http_parser import ResponseHead

_BODILESS_STATUSES: Final = frozenset({204, 304})


def has_body(method: bytes, status: int) -> bool:
    """Return whether a final response to this method can have a body."""
    return method != b"HEAD" and status not in _BODILESS_STATUSES


class ResponseBody:
    """Reads one response body, piece by piece.

    `done` is set with the last byte of the body. `clean` is False if more bytes came after it, in
    which case the connection must not be used again.
    """

    __slots__ = ("_decoder", "_remaining", "clean", "done")

    def __init__(self, head: ResponseHead, method: bytes) -> None:
        self._remaining: int | None = head.length if has_body(method, head.status) else 0
        is_chunked = self._remaining is None and head.chunked
        self._decoder = ChunkDecoder() if is_chunked else None
        self.done = False
        self.clean = True

    def read(self, data: bytes) -> bytes:
        """Return the content in `data`; raise ValueError for a broken chunk.

        Call it with the bytes that follow the head, even if there are none: a body of no bytes is
        done then.
        """
        remaining = self._remaining
        if remaining is not None:
            content = data[:remaining]
            self._remaining = remaining = remaining - len(content)
            if not remaining:
                self.done, self.clean = True, len(content) == len(data)
            return content
        if self._decoder is None:
            return data
        content = self._decoder.feed(data)
        if self._decoder.done:
            self.done, self.clean = True, not self._decoder.rest
        return content

    @property
    def ends_with_connection(self) -> bool:
        """Whether only the end of the connection ends the body."""
        return self._remaining is None and self._decoder is None

    @property
    def trailers(self) -> bytes:
        """Trailer lines, each after a CR LF; empty before the body is done."""
        return b"" if self._decoder is None else self._decoder.trailers


@dataclass(frozen=True, slots=True)
class BodyFraming:
    """A framing for the body that is sent to a client.

    `line` is the header line that announces it, after a CR LF. `is_delimited` is False if only the
    end of the connection ends the body.
    """

    is_chunked: bool
    is_delimited: bool
    line: bytes = b""

    def encode(self, content: bytes) -> bytes:
        """Return a piece of the body as it is sent."""
        return encode(content) if self.is_chunked else content

    def end(self, trailers: bytes) -> bytes:
        """Return the bytes that follow the last piece of the body."""
        return last_chunk(trailers) if self.is_chunked else b""


AS_DECLARED: Final = BodyFraming(is_chunked=False, is_delimited=True)
"""The response's own Content-Length, or no body at all."""
CHUNKED: Final = BodyFraming(
    is_chunked=True, is_delimited=True, line=b"\r\nTransfer-Encoding: chunked"
)
UNTIL_CLOSE: Final = BodyFraming(is_chunked=False, is_delimited=False)


def framing_for_client(head: ResponseHead, method: bytes, *, http11: bool) -> BodyFraming:
    """Return the framing of a response for a client of that HTTP version."""
    if head.length is not None or not has_body(method, head.status):
        return AS_DECLARED
    return CHUNKED if http11 else UNTIL_CLOSE
