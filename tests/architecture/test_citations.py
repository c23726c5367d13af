"""Code, tests and documents cite only what a reader of the repository can open."""

import re
from pathlib import Path

from tests.architecture.repository import ROOT, files

OUTSIDE = re.compile(r"\b(?:CONTRACTS|DESIGN|STYLE|PERFORMANCE)\b(?:\.md| §|:)")
TEXT = {".py", ".ts", ".tsx", ".md", ".yaml", ".sh", ""}


def test_cites_no_document_outside_of_the_repository() -> None:
    citing = [
        str(path)
        for path in files()
        if path.suffix in TEXT
        and path != Path(__file__).relative_to(ROOT)
        and OUTSIDE.search((ROOT / path).read_text(encoding="utf-8", errors="replace"))
    ]
    assert not citing
