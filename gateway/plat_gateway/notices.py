"""Notices of `plat dev`: errors in the newest source, shown in the function's responses.

They are held in memory, because they concern a file that is being edited right now.
"""

from __future__ import annotations

from urllib.parse import quote

from plat_core.model.names import FunctionRef

HEADER = "X-Plat-Dev-Error"
MAX_NOTICES = 1000
MAX_CHARACTERS = 500
_READABLE = " !#$&'()*+,/:;<=>?@[]^`{|}~\"\\"


class Notices:
    """Header lines by path segment of the function; the data path reads `lines`."""

    def __init__(self) -> None:
        self.lines: dict[str, bytes] = {}

    def put(self, ref: FunctionRef, text: str) -> None:
        """Show `text` in the responses of the function; an empty text removes the notice."""
        self.lines.pop(ref.segment, None)
        if text.strip() and len(self.lines) < MAX_NOTICES:
            shown = quote(" | ".join(text.split("\n"))[:MAX_CHARACTERS], safe=_READABLE)
            self.lines[ref.segment] = f"{HEADER}: {shown}\r\n".encode()
