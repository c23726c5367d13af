"""What `plat dev` has to say of a function's newest source, shown in the function's answers.

Kept in memory: a notice is about the file that somebody is editing at this moment.
"""

from __future__ import annotations

from urllib.parse import quote

from plat_core.model.names import FunctionRef

HEADER = "X-Plat-Dev-Error"
MAX_NOTICES = 1000
MAX_CHARACTERS = 500
_READABLE = " !#$&'()*+,/:;<=>?@[]^`{|}~\"\\"


class Notices:
    """Header lines by the path segment of their function; the data path reads `lines`."""

    def __init__(self) -> None:
        self.lines: dict[str, bytes] = {}

    def put(self, ref: FunctionRef, text: str) -> None:
        """Show `text` in each answer of the function from now on; an empty one ends it."""
        self.lines.pop(ref.segment, None)
        if text.strip() and len(self.lines) < MAX_NOTICES:
            shown = quote(" | ".join(text.split("\n"))[:MAX_CHARACTERS], safe=_READABLE)
            self.lines[ref.segment] = f"{HEADER}: {shown}\r\n".encode()
