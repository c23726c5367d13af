"""`plat invoke` sends a request and prints the response unchanged."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Plat
from tests.cli.platform import TOKEN, Platform


@pytest.fixture
def orders(plat: Plat, source: Path) -> Plat:
    assert plat("deploy", str(source)).code == 0
    return plat


def echoed(result: Any) -> Any:
    return json.loads(result.out)


def test_sends_a_get_with_the_token(orders: Plat) -> None:
    result = orders("invoke", "orders", "--path", "/a b?x=1&y=ä")
    sent = echoed(result)
    assert (result.code, sent["method"]) == (0, "GET")
    assert sent["path"] == "/function/orders/a%20b?x=1&y=%C3%A4"
    assert sent["headers"]["authorization"] == f"Bearer {TOKEN}"


def test_data_is_posted_with_a_detected_content_type(orders: Plat, platform: Platform) -> None:
    for data, media_type in (('{"a": 1}', "application/json"), ("plain", "text/plain")):
        assert orders("invoke", "orders", "-d", data).out == data
        method, _, headers, body = platform.requests[-1]
        assert (method, body) == ("POST", data.encode())
        assert headers["Content-Type"].startswith(media_type)


def test_a_file_is_sent_with_its_length_and_returned_unchanged(
    orders: Plat, platform: Platform, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "cat.png").write_bytes(content)
    goal = tmp_path / "out"
    assert orders("invoke", "orders", "-f", str(tmp_path / "cat.png"), "-o", str(goal)).code == 0
    assert goal.read_bytes() == content
    headers = platform.requests[-1][2]
    assert headers["Content-Length"] == str(len(content))
    assert headers["Content-Type"] == "image/png"


def test_stdin_is_streamed_and_stdout_is_raw(
    orders: Plat, platform: Platform, process: Callable[..., Any]
) -> None:
    content = bytes(range(256)) * 400
    done = process("invoke", "orders", "-d", "-", input=content, text=False)
    assert done.stdout == content
    assert platform.requests[-1][2]["Transfer-Encoding"] == "chunked"


def test_sends_given_headers_and_method(orders: Plat) -> None:
    sent = echoed(orders("invoke", "orders", "-X", "patch", "-H", "X-A: 1", "-H", "accept:b"))
    assert sent["method"] == "PATCH"
    assert (sent["headers"]["x-a"], sent["headers"]["accept"]) == ("1", "b")


@pytest.mark.parametrize("header", ["no colon", ": x", "A: b\r\nC: d"])
def test_rejects_an_invalid_header(orders: Plat, header: str) -> None:
    assert orders("invoke", "orders", "-H", header).code == 2


def test_a_failed_call_prints_the_body_and_exits_with_22(orders: Plat) -> None:
    result = orders("invoke", "orders", "-d", "oh no", "--path", "?status=503")
    assert (result.code, result.out) == (22, "oh no")
    assert "plat logs orders --call call-1" in result.err


def test_include_prints_the_headers(orders: Plat) -> None:
    out = orders("invoke", "orders", "-d", "hello", "-i").out
    assert out.startswith("HTTP/1.1 200 OK\n")
    assert out.endswith("\n\nhello")
    assert "X-Call-Id: call-1\n" in out


def test_json_contains_status_headers_and_body(orders: Plat) -> None:
    answer = orders("invoke", "orders", "-d", '{"a": 1}', "--json").json
    assert (answer["status"], answer["json"], answer["callId"]) == (200, {"a": 1}, "call-1")


def test_an_error_of_the_platform_fails_the_command(orders: Plat) -> None:
    result = orders("invoke", "missing")
    assert (result.code, result.out) == (3, "")
    assert "there is no function missing" in result.err
    assert "plat list" in result.err
