"""What is left of an installation that was ended."""

from __future__ import annotations

import fcntl
from pathlib import Path

from plat_builder.installer import clear_temporary


def test_unfinished_downloads_go_unless_another_installer_uses_the_cache(tmp_path: Path) -> None:
    left, wheel = tmp_path / ".tmpAbC" / "numpy.whl", tmp_path / "wheels-v8" / "kept"
    for file in (left, wheel):
        file.parent.mkdir()
        file.write_bytes(b"x")
    clear_temporary(tmp_path)
    assert left.exists()  # there is no lock to tell whether somebody is at work
    (tmp_path / ".lock").touch()
    with (tmp_path / ".lock").open() as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        clear_temporary(tmp_path)
        assert left.exists()
    clear_temporary(tmp_path)
    assert not left.parent.exists()
    assert wheel.exists()
