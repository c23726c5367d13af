"""What the tests of backends share."""

from pathlib import Path

import pytest

from .embedded_home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")
