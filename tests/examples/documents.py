"""What documentation shows, in a form that can be run.

A fenced `sh` block is run. A `text` block right after it is what it prints, where `…` stands for
anything: on a line of its own for any number of lines, within a line for the rest of a word or of
the line. `<!-- not run: reason -->` before a block exempts it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

FENCED = re.compile(
    r"(?:<!-- not run: (?P<exempt>[^>]+?) -->\n)?"
    r"^```sh\n(?P<script>.*?)^```\n"
    r"(?:^```text\n(?P<prints>.*?)^```\n)?",
    flags=re.MULTILINE | re.DOTALL,
)
ELLIPSIS = "…"


@dataclass(frozen=True)
class Block:
    """A `sh` block: the script, what it prints (None: not shown), and why it is not run, if so."""

    line: int
    script: str
    prints: str | None
    exempt: str | None

    def agrees(self, output: str) -> bool:
        """Whether the output is the one that the document shows."""
        return self.prints is None or bool(re.fullmatch(pattern(self.prints), tidy(output)))


def blocks(document: Path) -> list[Block]:
    """The `sh` blocks of a Markdown file, in order."""
    text = document.read_text(encoding="utf-8")
    return [
        Block(text[: match.start("script")].count("\n"), *match.group("script", "prints", "exempt"))
        for match in FENCED.finditer(text)
    ]


def pattern(shown: str) -> str:
    """The regular expression of the shown output."""
    lines = [
        r"(?:.*\n)*?" if line.strip() == ELLIPSIS else f"{_within(line)}\n"
        for line in tidy(shown).splitlines()
    ]
    return "".join(lines)


def _within(line: str) -> str:
    return ".*?".join(map(re.escape, line.split(ELLIPSIS)))


def tidy(text: str) -> str:
    """The text without colours, spaces at line ends, and empty lines at either end."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return "\n".join(line.rstrip() for line in plain.splitlines()).strip("\n") + "\n"
