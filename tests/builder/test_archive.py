"""Unpacking: what a hostile zip may not do, and that nothing of it stays."""

import io
import stat
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_builder.archive import UnpackingCancelled, unpack_zip, write_inline, write_one_file
from plat_builder.settings import ArchiveLimits
from plat_core.errors import InvalidInput, Malformed, PlatError, TooLarge
from plat_http.statuses import status_of

SMALL = ArchiveLimits(unpacked=4 * 1024**2, files=50)


def packed(
    *members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def unpacked(data: bytes, parent: Path, limits: ArchiveLimits = SMALL) -> dict[str, bytes]:
    target = parent / "source"
    with tempfile.TemporaryFile() as file:
        file.write(data)
        unpack_zip(file, target, limits)
    return {
        path.relative_to(target).as_posix(): path.read_bytes()
        for path in target.rglob("*")
        if path.is_file()
    }


def with_mode(name: str, mode: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info


def test_files_arrive_with_their_content_and_only_the_executable_bit(tmp_path: Path) -> None:
    data = packed(
        (with_mode("app.py", stat.S_IFREG | 0o666), b"print()"),
        (with_mode("bin/run", stat.S_IFREG | 0o4777), b"#!/bin/sh"),
    )
    assert unpacked(data, tmp_path) == {"app.py": b"print()", "bin/run": b"#!/bin/sh"}
    assert stat.S_IMODE((tmp_path / "source/app.py").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "source/bin/run").stat().st_mode) == 0o755


def test_a_folder_round_everything_is_taken_off(tmp_path: Path) -> None:
    assert unpacked(packed(("fn/app.py", b"1"), ("fn/lib/x.py", b"2")), tmp_path) == {
        "app.py": b"1",
        "lib/x.py": b"2",
    }


def test_a_package_is_no_wrapping(tmp_path: Path) -> None:
    data = packed(("pkg/__init__.py", b""), ("pkg/app.py", b"1"))
    assert set(unpacked(data, tmp_path)) == {"pkg/__init__.py", "pkg/app.py"}


def test_noise_stays_out(tmp_path: Path) -> None:
    is_ignored = ["__MACOSX/._app.py", ".git/config", "node_modules/x/i.js", "a/__pycache__/b.pyc"]
    data = packed(("app.py", b"1"), *((name, b"x") for name in is_ignored))
    assert set(unpacked(data, tmp_path)) == {"app.py"}


def test_windows_reserved_names_are_names(tmp_path: Path) -> None:
    assert set(unpacked(packed(("app.py", b""), ("CON", b"x")), tmp_path)) == {"app.py", "CON"}


HOSTILE_NAMES = [
    "../evil.py",
    "a/../../evil.py",
    "/etc/evil",
    "C:/evil.py",
    "C:\\evil.py",
    "a\\b.py",
    "a//b.py",
    "./app.py",
    "a\nb.py",
    "a\x1b[31m.py",
    "a\u0085.py",
    "/".join("d" * 33) + "/x.py",
    "x" * 256 + ".py",
    "/".join(["y" * 100] * 6),
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_a_name_that_leads_elsewhere_or_hides_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        unpacked(packed(("app.py", b""), (name, b"x")), tmp_path)
    assert caught.value.field
    assert caught.value.message.isprintable()
    assert not list(tmp_path.iterdir())


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    data = packed(("app.py", b""), ("evilXpy", b"x")).replace(b"evilXpy", b"evil\0py")
    with pytest.raises((InvalidInput, Malformed)):
        unpacked(data, tmp_path)


@pytest.mark.parametrize("name", ["../__pycache__/x.pyc", "/.git/config"])
def test_noise_is_no_way_round_the_checks(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        unpacked(packed(("app.py", b""), (name, b"x")), tmp_path)


@pytest.mark.parametrize(
    "kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK]
)
def test_links_and_devices_are_refused(kind: int, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"'x'"):
        unpacked(packed(("app.py", b""), (with_mode("x", kind | 0o777), b"/etc/passwd")), tmp_path)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("A.py", "a.py"),
        ("straße.py", "STRASSE.py"),
        ("caf\u00e9.py", "cafe\u0301.py"),
        ("Lib/x.py", "lib/y.py"),
        ("a", "a/b"),
    ],
)
def test_twins_are_refused(first: str, second: str, tmp_path: Path) -> None:
    for names in ((first, second), (second, first)):
        with pytest.raises(InvalidInput):
            unpacked(packed(*((name, b"x") for name in names)), tmp_path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_entry_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="twice"):
        unpacked(packed(("app.py", b"1"), ("app.py", b"2")), tmp_path)


def test_a_bomb_by_size_is_refused(tmp_path: Path) -> None:
    data = packed(
        *((f"{i}.bin", bytes([i]) * 1024**2) for i in range(5)), method=zipfile.ZIP_STORED
    )
    with pytest.raises(TooLarge) as caught:
        unpacked(data, tmp_path)
    assert caught.value.field == "4.bin"


def test_a_bomb_by_count_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        unpacked(packed(*((f"{i}.py", b"") for i in range(51))), tmp_path)


def test_a_bomb_by_ratio_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="grows"):
        unpacked(packed(("zeros", bytes(3 * 1024**2))), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_small_file_may_be_as_dull_as_it_likes(tmp_path: Path) -> None:
    assert unpacked(packed(("zeros", bytes(512 * 1024))), tmp_path) == {"zeros": bytes(512 * 1024)}


def test_sizes_that_lie_are_found_while_writing(tmp_path: Path) -> None:
    honest = packed(("app.py", bytes(3 * 1024**2)), method=zipfile.ZIP_STORED)
    for claimed in (10, 3 * 1024**2 + 10):
        size = struct.pack("<I", 3 * 1024**2)
        lying = honest.replace(size + struct.pack("<HH", 6, 0), struct.pack("<IHH", claimed, 6, 0))
        assert lying != honest
        with pytest.raises((Malformed, TooLarge)):
            unpacked(lying, tmp_path)
        assert not list(tmp_path.iterdir())


def test_a_table_of_contents_beyond_reason_is_not_read(tmp_path: Path) -> None:
    data = bytearray(packed(("app.py", b"1")))
    end = data.rfind(b"PK\x05\x06")
    data[end + 12 : end + 16] = struct.pack("<I", 2**31)
    with pytest.raises(TooLarge):
        unpacked(bytes(data), tmp_path)


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    data = bytearray(packed(("app.py", b"1")))
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidInput, match="encrypted"):
        unpacked(bytes(data), tmp_path)


def test_an_odd_packing_method_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="method 14"):
        unpacked(packed(("app.py", b"1"), method=zipfile.ZIP_LZMA), tmp_path)


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"no zip at all" * 100, b"PK\x05\x06" + bytes(18)]
)
def test_what_is_no_zip_or_empty_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises((Malformed, InvalidInput)):
        unpacked(data, tmp_path)


@given(cut=st.floats(0, 0.999), flip=st.binary(max_size=4), at=st.floats(0, 1))
def test_a_damaged_zip_is_an_error_or_right_and_leaves_nothing(
    tmp_path_factory: pytest.TempPathFactory, cut: float, flip: bytes, at: float
) -> None:
    parent = tmp_path_factory.mktemp("damaged")
    data = bytearray(packed(("app.py", b"print(1)\n" * 50), ("lib/x.py", b"y")))
    start = int(at * len(data))
    data[start : start + len(flip)] = flip
    if not flip:
        data = data[: int(cut * len(data))]
    try:
        unpacked(bytes(data), parent)
    except PlatError as error:
        assert status_of(error.code) in (400, 413, 422)
        assert not list(parent.iterdir())
    assert {path.name for path in parent.iterdir()} <= {"source"}


def test_unpacking_can_be_called_off(tmp_path: Path) -> None:
    answers: Callable[[], bool] = iter([False, True]).__next__
    data = packed(("a.py", b"1"), ("b.py", b"2"))
    with pytest.raises(UnpackingCancelled):
        unpack_zip(io.BytesIO(data), tmp_path / "source", SMALL, stopped=answers)
    assert not list(tmp_path.iterdir())


def test_one_file_becomes_app_py(tmp_path: Path) -> None:
    write_one_file("def handler(r): ...", tmp_path / "s")
    assert (tmp_path / "s/app.py").read_text() == "def handler(r): ..."
    with pytest.raises(InvalidInput, match="empty"):
        write_one_file(b" \n", tmp_path / "t")


def test_inline_files_are_checked_like_a_zips(tmp_path: Path) -> None:
    write_inline({"app.py": "x", "lib/y.py": "é"}, tmp_path / "s")
    assert (tmp_path / "s/lib/y.py").read_bytes() == "é".encode()
    for files in ({"../x": ""}, {"a": "", "A": ""}, {"x": "\ud800"}):
        with pytest.raises(InvalidInput):
            write_inline(files, tmp_path / "t")
    assert {path.name for path in tmp_path.iterdir()} == {"s"}
