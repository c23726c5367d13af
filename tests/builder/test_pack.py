"""Packing: what is part of a source, and that the same folder gives the same bytes."""

import io
import os
from pathlib import Path

import pytest
from plat_builder.archive import unpack_zip
from plat_builder.pack import list_files, pack_folder
from plat_builder.settings import ArchiveLimits
from plat_core.errors import InvalidInput, TooLarge

LIMITS = ArchiveLimits(files=20, unpacked=1024**2, depth=4)


def packed(folder: Path) -> bytes:
    buffer = io.BytesIO()
    pack_folder(folder, buffer)
    return buffer.getvalue()


def write(folder: Path, *paths: str) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    return folder


def names(folder: Path) -> list[str]:
    return [entry.path for entry in list_files(folder, LIMITS)]


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    one = write(tmp_path / "one", "b.py", "a.py", "lib/c.py")
    two = write(tmp_path / "two", "lib/c.py", "a.py", "b.py")
    os.utime(two / "a.py", (10**9, 10**9))
    (two / "b.py").chmod(0o600)
    assert packed(one) == packed(two)


def test_the_executable_bit_is_part_of_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "one", "run.sh")
    before = packed(folder)
    (folder / "run.sh").chmod(0o755)
    assert packed(folder) != before


def test_what_is_packed_unpacks_to_the_same(tmp_path: Path) -> None:
    folder = write(tmp_path / "one", "app.py", "lib/x.py", "ünï.txt")
    unpack_zip(io.BytesIO(packed(folder)), tmp_path / "two", LIMITS)
    assert list_files(tmp_path / "two", LIMITS) == list_files(folder, LIMITS)
    assert packed(tmp_path / "two") == packed(folder)


def test_noise_and_what_the_ignore_file_names_stay_behind(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "a/__pycache__/x.pyc", ".git/HEAD", ".venv/bin/python", "a.log")
    write(tmp_path, "keep.log", "data/big.csv", "lib/data.py", "lib/node_modules/x")
    (tmp_path / ".platignore").write_text("# what stays\n*.log\n!keep.log\n/data/\n")
    assert names(tmp_path) == ["app.py", "keep.log", "lib/data.py"]


def test_a_link_is_refused_unless_it_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, "app.py")
    (tmp_path / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInput, match="passwd is a link"):
        list_files(tmp_path, LIMITS)
    (tmp_path / ".platignore").write_text("passwd\n")
    assert names(tmp_path) == ["app.py"]


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="no regular file"):
        list_files(tmp_path, LIMITS)


def test_a_folder_has_the_bounds_of_an_archive(tmp_path: Path) -> None:
    many = write(tmp_path / "many", *(f"{i}.py" for i in range(21)))
    with pytest.raises(TooLarge, match="20 files"):
        list_files(many, LIMITS)
    deep = write(tmp_path / "deep", "a/b/c/d/e.py")
    with pytest.raises(TooLarge, match="deep"):
        list_files(deep, LIMITS)
    big = write(tmp_path / "big", "x")
    os.truncate(big / "x", 2 * 1024**2)
    with pytest.raises(TooLarge, match="bytes"):
        list_files(big, LIMITS)


def test_a_name_that_a_server_would_refuse_is_refused_here(tmp_path: Path) -> None:
    write(tmp_path, "a\nb.py")
    with pytest.raises(InvalidInput):
        list_files(tmp_path, LIMITS)


def test_an_ignore_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".platignore").write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput):
        list_files(tmp_path, LIMITS)
    (tmp_path / ".platignore").write_bytes(b"x\n" * 40_000)
    with pytest.raises(TooLarge):
        list_files(tmp_path, LIMITS)
