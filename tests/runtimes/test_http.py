"""HTTP as the contract wants it, from both servers."""

import json

import httpx
import pytest

from .conftest import Start
from .replica import Replica

SYNC = """
import hashlib, time

def application(environ, start_response):
    path, body = environ["PATH_INFO"], environ["wsgi.input"]
    def ok(*headers):
        start_response("200 OK", list(headers))
    match path:
        case "/count":
            size = 0
            while part := body.read(65536):
                size += len(part)
            ok()
            return [str(size).encode()]
        case "/big":
            ok()
            return (b"x" * 65536 for _ in range(512))
        case "/slow":
            ok()
            def parts():
                yield b"first"
                time.sleep(60)
            return parts()
        case "/cut":
            ok()
            def cut():
                yield b"first"
                raise ValueError("broken")
            return cut()
        case "/early":
            ok()
            def early():
                raise ValueError("before the first part")
                yield b""
            return early()
        case "/nothing":
            start_response("204 No Content", [])
            return []
        case "/unchanged":
            start_response("304 Not Modified", [("ETag", "x")])
            return []
        case "/odd":
            start_response("599 Odd", [("Content-Length", "3")])
            return [b"odd"]
        case "/script":
            ok()
            return [environ["SCRIPT_NAME"].encode(), environ["wsgi.url_scheme"].encode()]
        case "/header":
            ok()
            return [str(len(environ["HTTP_X_LONG"])).encode()]
    ok(("Content-Length", "5"))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"hello"]
"""
ASYNC = """
async def handler(request):
    match request.path:
        case "/count": return str(len(request.body))
        case "/header": return str(len(request.headers["x-long"]))
        case "/nothing": return None
        case "/big": return ("x" * 65536 for _ in range(512))
    return "hello"
"""


@pytest.fixture(params=[SYNC, ASYNC], ids=["gunicorn", "uvicorn"])
def replica(request: pytest.FixtureRequest, start: Start) -> Replica:
    return start(request.param).ready()


def test_bodies_stream_both_ways(replica: Replica) -> None:
    assert replica.post("/count", content=(b"x" * (1 << 20) for _ in range(32))).text == str(
        32 << 20
    )
    assert replica.post("/count", content=b"x" * (8 << 20)).text == str(8 << 20)
    assert len(replica.get("/big").content) == 512 * 65536


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE"])
def test_any_method_reaches_the_function(replica: Replica, method: str) -> None:
    assert replica.request(method).text == "hello"


def test_head_and_no_content_leave_the_connection_clean(replica: Replica) -> None:
    connection = replica.connection()
    for method, path, status, body in [
        ("HEAD", "/", 200, b""),
        ("GET", "/nothing", 204, b""),
        ("HEAD", "/_/ready", 200, b""),
        ("GET", "/", 200, b"hello"),
    ]:
        connection.request(method, path)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, body)
    assert connection.sock is not None
    connection.close()


def test_one_connection_serves_many_calls(replica: Replica) -> None:
    connection = replica.connection()
    connection.request("GET", "/")
    connection.getresponse().read()
    first = connection.sock
    for _ in range(20):
        connection.request("POST", "/count", body=b"abc")
        assert connection.getresponse().read() == b"3"
    assert connection.sock is first
    connection.close()


def test_a_client_may_expect_a_100_first(replica: Replica) -> None:
    raw = replica.raw(
        b"POST /count HTTP/1.1\r\nHost: r\r\nExpect: 100-continue\r\nContent-Length: 3\r\n"
        b"Connection: close\r\n\r\n"
    )
    reader = raw.makefile("rb")
    assert b" 100 " in reader.readline()
    raw.sendall(b"abc")
    assert b"3" in reader.read().partition(b"\r\n\r\n")[2]
    reader.close()
    raw.close()


def test_a_long_header_and_a_long_url_pass(replica: Replica) -> None:
    assert replica.get("/header", headers={"X-Long": "x" * 60_000}).text == "60000"
    assert replica.get("/?" + "q" * 60_000).text == "hello"


def test_the_probes_answer_and_their_neighbours_are_the_functions(replica: Replica) -> None:
    assert (replica.get("/_/ready").status_code, replica.get("/_/health").status_code) == (200, 200)
    assert replica.get("/_/other").text == "hello"


def test_wsgi_responses_pass_as_they_are(start: Start) -> None:
    replica = start(SYNC).ready()
    odd = replica.get("/odd")
    assert (odd.status_code, odd.reason_phrase, odd.text) == (599, "Odd", "odd")
    assert replica.get("/unchanged").status_code == 304
    headers = {"SCRIPT_NAME": "/x", "PATH_INFO": "/y", "X-Forwarded-Proto": "https"}
    assert replica.get("/script", headers=headers).text == "https"


def test_a_stream_sends_its_first_part_at_once(start: Start) -> None:
    replica = start(SYNC).ready()
    with replica.client() as client, client.stream("GET", "/slow") as answer:
        assert next(answer.iter_raw()) == b"first"


def test_an_error_in_the_body_cuts_the_answer_short(start: Start) -> None:
    replica = start(SYNC).ready()
    with pytest.raises(httpx.RemoteProtocolError):
        replica.get("/cut", headers={"X-Call-Id": "cut-1"})
    assert replica.lines("[call cut-1] ValueError: broken")
    early = replica.get("/early", headers={"X-Call-Id": "e-1"})
    assert (early.status_code, early.json()["callId"]) == (500, "e-1")
    assert json.loads(early.text)["error"].startswith("the function raised an error")
