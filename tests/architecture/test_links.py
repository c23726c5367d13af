"""Every link between the pages of the repository has a target."""

import re
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, files

LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
PAGES = [path for path in files() if path.suffix == ".md"]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub creates for the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_have_targets(page: Path) -> None:
    for link in LINK.findall((ROOT / page).read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (ROOT / page.parent / path).resolve() if path else ROOT / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link
