"""The HTTP client: retries, limits and proxies."""

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from plat_cli.client import Client, unreachable
from plat_cli.errors import ReceivedProblem, RequestRejected, Unreachable
from plat_cli.proxies import connection_to, proxy_for
from plat_core.errors import InvalidInput, Malformed, TooLarge

from tests.cli.platform import TOKEN, Platform


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """Run a server that sends each of these responses on one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def http(body: bytes, status: str = "200 OK", extra: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n".encode()
    return head + extra + b"\r\n" + body


def test_retries_an_idempotent_request(platform: Platform) -> None:
    client = Client(platform.url, TOKEN)
    client.call("GET", "/system/info")
    platform.drop_next = 2
    assert client.call("GET", "/system/info")["backend"] == "embedded"
    client.close()


def test_does_not_retry_a_post(platform: Platform) -> None:
    client = Client(platform.url, TOKEN)
    client.call("GET", "/system/info")
    platform.drop_next = 1
    before = len(platform.requests)
    with pytest.raises(Unreachable) as caught:
        client.call("POST", "/functions/a/stop")
    assert caught.value.reason == "broken"
    assert len(platform.requests) == before + 1


def test_a_refused_connection_fails_immediately() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable, match="nothing listens") as caught:
        Client(f"http://127.0.0.1:{port}").call("GET", "/")
    assert caught.value.reason == "refused"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConnectionRefusedError(), "refused"),
        (socket.gaierror(), "unknown-host"),
        (TimeoutError(), "timeout"),
        (ssl.SSLError(), "tls"),
        (ConnectionResetError(), "broken"),
    ],
)
def test_every_connection_error_has_a_reason(error: Exception, reason: str) -> None:
    assert unreachable("http://x", error).reason == reason


def test_rejects_a_response_that_is_not_json(platform: Platform) -> None:
    with answering(http(b"<html>")) as url, pytest.raises(Malformed, match="is not a plat API"):
        Client(url).call("GET", "/functions")


def test_an_error_without_a_problem_document() -> None:
    answer = http(b"oops", "502 Bad Gateway", b"X-Call-Id: c7\r\n")
    with answering(answer) as url, pytest.raises(RequestRejected) as caught:
        Client(url).call("GET", "/functions")
    assert caught.value.problem == ReceivedProblem(
        "internal", 502, "the platform responded with 502", "", "c7"
    )


def test_rejects_an_overlong_line_in_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plat_cli.client.MAX_LINE_BYTES", 100)
    client = Client("http://127.0.0.1:1")
    with answering(http(b"x" * 1000)) as url, pytest.raises(TooLarge):
        client = Client(url)
        list(client.events("GET", "/"))


def test_rejects_an_oversized_response(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plat_cli.client.MAX_RESPONSE_BYTES", 10)
    with answering(http(b'"' + b"x" * 100 + b'"')) as url, pytest.raises(TooLarge):
        Client(url).call("GET", "/")


def test_reads_field_errors_of_a_problem_document() -> None:
    document = {
        "code": "invalid-input",
        "detail": "no",
        "fix": "do",
        "errors": [{"field": "spec.a", "message": "bad"}, 3],
    }
    problem = ReceivedProblem.read(422, json.loads(json.dumps(document)))
    assert problem.errors == (("spec.a", "bad"),)


PROXY = {"http_proxy": "http://user:p%40ss@proxy:3128", "HTTPS_PROXY": "proxy:3129"}


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("http://faas.corp", PROXY, "proxy:3128"),
        ("https://faas.corp", PROXY, "proxy:3129"),
        ("http://localhost:8080", PROXY, None),
        ("http://127.0.0.2", PROXY, None),
        ("http://[::1]:8080", PROXY, None),
        ("http://faas.corp", {**PROXY, "no_proxy": "x, .corp"}, None),
        ("http://faas.corp", {**PROXY, "NO_PROXY": "*"}, None),
        ("http://faas.corp", {**PROXY, "no_proxy": "aas.corp"}, "proxy:3128"),
        ("http://faas.corp", {"all_proxy": "http://p:1"}, "p:1"),
        ("http://faas.corp", {}, None),
    ],
)
def test_uses_proxies_except_for_loopback(
    url: str, environ: dict[str, str], proxy: str | None
) -> None:
    found = proxy_for(urlsplit(url), environ)
    assert (f"{found.hostname}:{found.port}" if found else None) == proxy


def test_sends_the_full_url_and_credentials_to_a_proxy() -> None:
    with answering(http(b"{}")) as proxy:
        place = urlsplit(proxy)
        environ = {"http_proxy": f"http://me:pw@127.0.0.1:{place.port}"}
        connection = connection_to(urlsplit("http://faas.corp"), environ, 5)
        sent: list[bytes] = []
        send = connection.send
        connection.send = lambda data: (sent.append(bytes(data)), send(data))[1]  # type: ignore[method-assign, func-returns-value]
        connection.request("GET", "http://faas.corp/functions")
        assert connection.getresponse().read() == b"{}"
        connection.close()
    assert b"GET http://faas.corp/functions HTTP/1.1" in sent[0]
    assert b"Proxy-Authorization: Basic bWU6cHc=" in sent[0]


def test_rejects_unreadable_certificates() -> None:
    with pytest.raises(InvalidInput, match="nowhere"):
        connection_to(urlsplit("https://x"), {"SSL_CERT_FILE": "/nowhere.pem"}, 1)
