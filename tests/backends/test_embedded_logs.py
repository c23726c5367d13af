"""Line splitting, files and rate limits of the embedded logs."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_backends.embedded.line_splitter import CUT, LineSplitter
from plat_backends.embedded.log_files import LogFile
from plat_backends.embedded.logs import FOLLOWER_LINES, EmbeddedLogs
from plat_backends.replica.log_lines import split_call_tag
from plat_backends.token_bucket import TokenBucket
from plat_core.model.names import FunctionRef
from plat_core.ports import LogQuery, LogRecord

REF = FunctionRef("orders")
START = datetime(2026, 1, 2, tzinfo=UTC)


def _record(number: int, text: str = "x") -> LogRecord:
    time = START + timedelta(seconds=number)
    return LogRecord(time, "orders-1-a", "orders-1", "stdout", f"{number} {text}")


@given(st.lists(st.binary(max_size=40), max_size=30), st.integers(1, 20))
def test_splits_all_bytes_into_bounded_lines(chunks: list[bytes], limit: int) -> None:
    splitter = LineSplitter(limit)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.end()
    whole = LineSplitter(limit)
    assert lines == whole.feed(b"".join(chunks)) + whole.end()
    assert all(len(line.removesuffix(CUT)) <= limit for line in lines)


@given(st.lists(st.text(alphabet="ab ü", max_size=30), max_size=20))
def test_returns_lines_unchanged(lines: list[str]) -> None:
    splitter = LineSplitter()
    data = "".join(f"{line}\n" for line in lines).encode()
    assert [line for byte in data for line in splitter.feed(bytes([byte]))] == lines


def test_cuts_and_marks_a_long_line() -> None:
    splitter = LineSplitter(4)
    assert splitter.feed(b"abcdefghi\nx\n") == ["abcd" + CUT, "efgh" + CUT, "i", "x"]


def test_replaces_invalid_utf_8() -> None:
    assert LineSplitter().feed(b"\xff\xfe\r\n") == ["\ufffd\ufffd"]


def test_drops_partial_lines_around_skipped_output() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"whole\nhal") == ["whole"]
    splitter.skip(b"f\nmore\nanother ha")
    assert splitter.feed(b"lf\nwhole again\n") == ["whole again"]
    splitter.skip(b"dropped\n")
    assert splitter.feed(b"heard\n") == ["heard"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("[call c-1] hello", ("c-1", "hello")),
        ("[call c-1]", ("c-1", "")),
        ("[call c-1]  indented", ("c-1", " indented")),
        ("[call ] hello", (None, "[call ] hello")),
        ("[call a b] hello", (None, "[call a b] hello")),
        ("[call " + "x" * 129 + "] y", (None, "[call " + "x" * 129 + "] y")),
        ("say [call c-1] hello", (None, "say [call c-1] hello")),
    ],
)
def test_splits_the_call_tag_from_a_line(line: str, found: tuple[str | None, str]) -> None:
    assert split_call_tag(line) == found


def test_keeps_the_newest_lines_within_the_limit(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "orders.jsonl", 20_000)
    for start in range(0, 1000, 50):
        file.append(_record(n, "y" * 50) for n in range(start, start + 50))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 20_000
    kept = file.last(LogQuery(tail=10_000))
    assert [r.text.split()[0] for r in kept] == [str(n) for n in range(1000 - len(kept), 1000)]
    assert len(kept) > 50


def test_one_large_batch_stays_within_the_limit(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "orders.jsonl", 20_000)
    file.append(_record(n, "y" * 50) for n in range(1000))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 20_000
    assert file.last(LogQuery(tail=1)) == [_record(999, "y" * 50)]


def test_reads_lines_longer_than_a_block(tmp_path: Path) -> None:
    file = LogFile(tmp_path / "orders.jsonl", 10**7)
    records = [_record(n, "ü" * 50_000) for n in range(5)]
    file.append(records)
    assert file.last(LogQuery()) == records


def test_a_truncated_line_affects_no_other(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    file = LogFile(path, 10**6)
    file.append([_record(1), _record(2)])
    path.write_bytes(path.read_bytes()[:-10])
    file.append([_record(3)])
    assert file.last(LogQuery()) == [_record(1), _record(3)]


def test_a_budget_of_bytes_refills_with_time() -> None:
    time = 10.0
    budget = TokenBucket(100, 200, clock=lambda: time)
    assert budget.try_take(200)
    assert not budget.try_take(1)
    time = 10.5
    assert budget.try_take(50)
    time = 1000.0
    assert not budget.try_take(201)
    assert budget.try_take(200)


async def test_drops_and_counts_excess_output(tmp_path: Path) -> None:
    logs = EmbeddedLogs(tmp_path, rate=1000, now=lambda: START)
    output = logs.open_output(REF, "orders-1-a", "orders-1")
    output.receive("stdout", b"a\nb\n")
    output.receive("stdout", b"x\n" * 2000)
    output.receive("stderr", b"c")
    output.end()
    found = [(r.stream, r.text) async for r in logs.read(REF, LogQuery())]
    assert found == [
        ("stdout", "a"),
        ("stdout", "b"),
        ("platform", "2000 lines dropped: the function writes too fast"),
        ("stderr", "c"),
    ]
    assert output.last() == "a\nb\nc"
    await logs.close()


async def test_a_slow_follower_loses_the_oldest_lines(tmp_path: Path) -> None:
    logs = EmbeddedLogs(tmp_path)
    async with aclosing(logs.read(REF, LogQuery(follow=True))) as lines:
        first = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0)
        for number in range(FOLLOWER_LINES + 500):
            logs.add(REF, _record(number))
        assert "500 lines are not shown" in (await asyncio.wait_for(first, 20)).text
        assert await asyncio.wait_for(anext(lines), 20) == _record(500)
    await logs.close()


async def test_a_failing_disk_blocks_no_writer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "default").write_text("a file where the directory should be")
    logs = EmbeddedLogs(tmp_path)
    logs.add(REF, _record(1))
    await logs.close()
    assert "1 log lines of orders could not be stored" in caplog.text


async def test_forget_deletes_all_lines(tmp_path: Path) -> None:
    logs = EmbeddedLogs(tmp_path)
    logs.add(REF, _record(1))
    assert [r async for r in logs.read(REF, LogQuery())] == [_record(1)]
    logs.add(REF, _record(2))
    await logs.forget(REF)
    await logs.forget(REF)
    assert [r async for r in logs.read(REF, LogQuery())] == []
    await logs.close()
    assert list((tmp_path / "default").iterdir()) == []
