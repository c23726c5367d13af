"""Stopping, crashing and getting stuck: a replica finishes its work, and comes back by itself."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .conftest import Start
from .replica import Replica, until

SYNC = """
import ctypes, os, threading, time
gate = threading.Event()
def handler(request):
    print("BEGAN", request.path)
    match request.path:
        case "/sleep": time.sleep(float(request.query["s"]))
        case "/loop":
            while True: pass
        case "/stubborn":
            end = time.monotonic() + 60
            while time.monotonic() < end:
                try:
                    time.sleep(0.01)
                except BaseException: print("IGNORED")
        case "/thread": threading.Thread(target=time.sleep, args=(600,)).start()
        case "/crash": ctypes.string_at(0)
        case "/exit": raise SystemExit(3)
        case "/hard": os._exit(3)
    return {"pid": os.getpid()}
"""
ASYNC = """
import asyncio, os
async def handler(request):
    print("BEGAN", request.path)
    if request.path == "/sleep": await asyncio.sleep(float(request.query["s"]))
    return {"pid": os.getpid()}
"""


@pytest.fixture(params=[SYNC, ASYNC], ids=["gunicorn", "uvicorn"])
def app(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_sigterm_lets_calls_in_flight_finish_and_exits_cleanly(start: Start, app: str) -> None:
    replica = start(app).ready()
    with ThreadPoolExecutor(6) as pool:
        calls = [pool.submit(replica.get, "/sleep?s=1") for _ in range(6)]
        until(lambda: len(replica.lines("BEGAN")) == 6, "six calls in flight")
        replica.process.terminate()
        assert [call.result().status_code for call in calls] == [200] * 6
    assert replica.wait() == 0
    assert replica.status("/_/ready") is None
    assert not replica.socket.exists()


def test_an_idle_replica_with_a_kept_connection_stops_soon(start: Start, app: str) -> None:
    replica = start(app, PLAT_TIMEOUT="600").ready()
    connection = replica.connection()
    connection.request("GET", "/")
    connection.getresponse().read()
    replica.process.terminate()
    assert replica.process.wait(10) == 0
    connection.close()


def test_a_thread_the_user_left_behind_does_not_hold_the_stop(start: Start) -> None:
    replica = start(SYNC, PLAT_TIMEOUT="600").ready()
    assert replica.get("/thread").status_code == 200
    replica.process.terminate()
    assert replica.process.wait(10) == 0


def test_a_stop_while_the_code_still_loads_is_quick(start: Start) -> None:
    replica = start("print('LOADING')\nimport time\ntime.sleep(600)", PLAT_TIMEOUT="600")
    until(lambda: replica.lines("LOADING"), "the import to begin")
    replica.process.terminate()
    assert replica.process.wait(10) == 0


def _killed(replica: Replica, path: str | None) -> int:
    [before] = replica.workers()
    if path is None:
        os.kill(before, signal.SIGKILL)
    else:
        assert replica.status(path) is None
    until(lambda: replica.workers() not in ([], [before]), "another worker")
    return before


def test_a_killed_worker_comes_back(start: Start, app: str) -> None:
    replica = start(app).ready()
    before = _killed(replica, None)
    assert replica.ready().get().json()["pid"] != before


@pytest.mark.parametrize("path", ["/crash", "/hard"])
def test_a_call_that_takes_the_worker_down_does_not_take_the_replica(
    start: Start, path: str
) -> None:
    replica = start(SYNC).ready()
    _killed(replica, path)
    assert replica.ready().get().status_code == 200


def test_a_worker_ends_when_its_parent_is_killed(start: Start, app: str) -> None:
    replica = start(app).ready()
    [worker] = replica.workers()
    replica.process.kill()
    replica.wait()

    def gone() -> bool:
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return True
        return False

    until(gone, "the worker to end")


def test_sys_exit_in_a_call_is_an_error_of_that_call(start: Start) -> None:
    replica = start(SYNC).ready()
    [worker] = replica.workers()
    assert replica.get("/exit").status_code == 500
    assert replica.get().json()["pid"] == worker


def test_an_overdue_call_is_interrupted_and_its_slot_is_free(start: Start) -> None:
    replica = start(SYNC, PLAT_TIMEOUT="0.3", PLAT_CONCURRENCY="1").ready()
    [worker] = replica.workers()
    for _ in range(3):
        answer = replica.get("/loop", headers={"X-Call-Id": "l1"})
        assert (answer.status_code, answer.json()["callId"]) == (504, "l1")
    assert replica.lines("[call l1] plat: the call was stopped after 0.3 s, here:")
    assert replica.get().json()["pid"] == worker


def test_calls_beyond_the_limit_wait_a_few_and_are_refused_beyond(start: Start) -> None:
    replica = start(SYNC, PLAT_CONCURRENCY="1").ready()
    with ThreadPoolExecutor(5) as pool:
        calls = [pool.submit(replica.get, "/sleep?s=0.5") for _ in range(5)]
        answers = [call.result() for call in calls]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 503, 503]
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert (refused.headers["retry-after"], refused.headers["x-plat-answer"]) == ("1", "runtime")


def test_probes_answer_while_every_call_is_stuck_and_health_turns_red(start: Start) -> None:
    replica = start(SYNC, PLAT_TIMEOUT="0.2", PLAT_CONCURRENCY="2").ready()
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(replica.status, "/stubborn") for _ in range(2)]
        until(lambda: len(replica.lines("BEGAN /stubborn")) == 2, "two calls to begin")
        assert replica.status("/_/health") == 200
        assert replica.get().status_code == 200, "a stuck call holds no slot"
        until(lambda: replica.status("/_/health") == 503, "the health to turn red")
        assert replica.status("/_/ready") == 200
        replica.process.kill()
        os.kill(replica.workers()[0], signal.SIGKILL) if replica.process.poll() is None else None
        assert [call.result() for call in calls] == [None, None]


def test_several_workers_serve(start: Start) -> None:
    replica = start(SYNC, PLAT_WORKERS="2").ready()
    until(lambda: len(replica.workers()) == 2, "two workers")
    assert replica.get().json()["pid"] in replica.workers()


def test_a_tcp_port_is_honoured(start: Start) -> None:
    import http.client
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    replica = start(SYNC, PLAT_SOCKET="", PORT=str(port))

    def ready() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/_/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    until(ready, f"the port to answer: {replica.log()}")


def test_the_socket_is_for_owner_and_group_only(start: Start) -> None:
    replica = start(SYNC).ready()
    assert replica.socket.stat().st_mode & 0o777 == 0o660
