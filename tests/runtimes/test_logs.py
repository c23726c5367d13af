"""What user code writes comes line by line, marked with its call."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import Start
from .replica import until

WSGI = """
import logging, sys, threading, warnings
logging.basicConfig(level=logging.INFO)
print("at import")
barrier = threading.Barrier(2, timeout=20)

def handler(request):
    if request.path == "/both":
        for n in range(20):
            print("part", end=" ")
            barrier.wait()
            print(request.call_id, n)
        return "ok"
    print("two\\nlines")
    print("no newline", end="")
    sys.stderr.write("to stderr\\n")
    logging.info("by logging")
    if request.path == "/raise":
        raise ValueError("broken")
    return "ok"
"""
ASYNC = """
import asyncio
arrived = []
async def handler(request):
    arrived.append(request.call_id)
    while len(arrived) < 2:
        await asyncio.sleep(0.01)
    for n in range(20):
        print("part", end=" ")
        await asyncio.sleep(0)
        print(request.call_id, n)
    return "ok"
"""


def test_every_line_of_a_call_is_tagged(start: Start) -> None:
    replica = start(WSGI).ready()
    assert "at import" in replica.log().splitlines()
    assert replica.get(headers={"X-Call-Id": "a.b_C-1"}).text == "ok"
    lines = [line for line in replica.log().splitlines() if line.startswith("[call ")]
    assert sorted(lines) == sorted(
        f"[call a.b_C-1] {text}"
        for text in ["two", "lines", "no newline", "to stderr", "INFO:root:by logging"]
    )


def test_a_traceback_is_tagged_and_shows_the_users_frames_only(start: Start) -> None:
    replica = start(WSGI).ready()
    assert replica.get("/raise", headers={"X-Call-Id": "t1"}).status_code == 500
    trace = replica.log().split("Traceback", 1)[1].splitlines()
    assert all(line.startswith("[call t1] ") for line in trace[1:])
    assert 'File "app.py", line ' in trace[1]
    assert "plat_runtime" not in replica.log()


@pytest.mark.parametrize("app", [WSGI, ASYNC], ids=["threads", "asyncio"])
def test_lines_of_calls_that_run_together_do_not_mix(start: Start, app: str) -> None:
    replica = start(app).ready()
    with ThreadPoolExecutor(2) as pool:
        calls = [
            pool.submit(replica.get, "/both", headers={"X-Call-Id": name}) for name in ("x", "y")
        ]
        assert [call.result().text for call in calls] == ["ok", "ok"]
    for name in ("x", "y"):
        assert replica.lines(f"[call {name}]") == [
            f"[call {name}] part {name} {n}" for n in range(20)
        ]


@pytest.mark.parametrize("name", ["a b", "", "x" * 65, "é", "a]b"])
def test_an_id_that_could_forge_a_log_line_is_replaced(start: Start, name: str) -> None:
    replica = start("def handler(request):\n  print('hi')\n  return request.call_id").ready()
    answer = replica.get(headers={"X-Call-Id": name.encode()})
    assert re.fullmatch(r"[0-9a-f]{12}-\d+", answer.text)
    assert replica.lines(f"[call {answer.text}] hi")


def test_without_tags_lines_are_written_at_once_and_as_they_are(start: Start) -> None:
    app = "def handler(request):\n  print('plain')\n  return 'ok'"
    replica = start(app, PLAT_LOG_TAGS="0").ready()
    replica.get()
    until(lambda: "plain" in replica.log().splitlines(), "the line")


def test_stdin_is_at_its_end(start: Start) -> None:
    app = "import sys, os\ndef handler(r): return [sys.stdin.read(), os.read(0, 1).decode()]"
    assert start(app).ready().get().json() == ["", ""]


def test_a_line_without_end_is_bounded(start: Start) -> None:
    app = "def handler(r):\n  for _ in range(40): print('x' * 10_000, end='')"
    replica = start(app).ready()
    replica.get()
    until(lambda: replica.log().count("x") == 400_000, "every character")
    assert max(len(line) for line in replica.log().splitlines()) < 80_000
