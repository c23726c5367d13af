"""Headers that pass, are dropped or are added, in both directions."""

import json
import re
from ipaddress import ip_network

import pytest

from tests.gateway.proxy.conftest import OK, Gateway, MakeGateway, echo_head, respond_with

CALL_ID = re.compile(rb"\r\nX-Call-Id: ([^\r]*)\r\n")


def received_by_function(response: bytes) -> bytes:
    return response.partition(b"\r\n\r\n")[2]


async def test_user_headers_pass_byte_for_byte(gateway: Gateway) -> None:
    await gateway.function(echo_head())
    lines = ["x-ODD:  two  spaces ", "Cookie: a=b", "Accept:*/*", "X-Empty:", "X-U: ü", "x-odd: 2"]
    head = received_by_function(await gateway.get("/function/f1", *lines))
    assert "\r\n".join(lines).encode() in head
    assert b"\r\nHost: x\r\n" in head


@pytest.mark.parametrize(
    ("lines", "dropped"),
    [
        (["Connection: close, X-A", "X-A: 1", "x-a: 2"], b"x-a"),
        (["Connection: X-A, close", "X-A: 1"], b"connection"),
        (["TE: trailers"], b"te:"),
        (["Upgrade: h2c", "Connection: Upgrade"], b"upgrade"),
        (["Keep-Alive: timeout=5"], b"keep-alive"),
        (["Proxy-Connection: close"], b"proxy-connection"),
        (["Proxy-Authorization: Basic x"], b"proxy-authorization"),
        (["Authorization: Bearer other"], b"authorization"),
        (["X_Call_Id: mine"], b"mine"),
        (["X_Forwarded_For: 9.9.9.9"], b"9.9.9.9"),
    ],
)
async def test_drops_request_headers(gateway: Gateway, lines: list[str], dropped: bytes) -> None:
    await gateway.function(echo_head())
    head = received_by_function(await gateway.get("/function/f1", *lines))
    assert head.startswith(b"GET / HTTP/1.1\r\n")
    assert dropped not in head.lower()


async def test_connection_cannot_drop_routing_and_framing_headers(gateway: Gateway) -> None:
    await gateway.function(echo_head())
    head = received_by_function(await gateway.get("/function/f1", "Connection: host, x-call-id"))
    assert b"\r\nHost: x\r\n" in head
    assert CALL_ID.search(head)


async def test_forwards_authorization_if_the_function_opts_in(gateway: Gateway) -> None:
    await gateway.function(echo_head(), access="token", forward_authorization=True)
    head = received_by_function(await gateway.get("/function/f1", "Authorization: Bearer secret"))
    assert b"\r\nAuthorization: Bearer secret\r\n" in head


async def test_drops_response_headers(gateway: Gateway) -> None:
    await gateway.function(
        respond_with(
            b"HTTP/1.1 200 OK\r\nX-A: dropped\r\nConnection: keep-alive, X-A\r\n"
            b"Keep-Alive: timeout=5\r\n"
            b"Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nX-Call-Id: forged\r\n"
            b"X-Plat-Answer: forged\r\nSet-Cookie: a=1\r\nset-COOKIE: b=2\r\n"
            b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok"
        )
    )
    response = await gateway.get("/function/f1")
    head, _, body = response.partition(b"\r\n\r\n")
    assert body == b"ok"
    assert b"\r\nSet-Cookie: a=1\r\nset-COOKIE: b=2\r\nContent-Encoding: gzip\r\n" in head
    for dropped in (b"dropped", b"Keep-Alive", b"Proxy-", b"Upgrade", b"forged"):
        assert dropped not in head
    assert head.lower().count(b"x-call-id") == 1


@pytest.mark.parametrize(
    "line",
    [
        b"Service-Worker-Allowed: /",
        b"sErViCe-wOrKeR-aLlOwEd:/ui",
        b'Clear-Site-Data: "*"',
        b"Strict-Transport-Security: max-age=31536000; includeSubDomains",
        b'Alt-Svc: h3="elsewhere.example:443"',
        b'NEL: {"report_to": "x", "max_age": 1}',
        b'Report-To: {"group": "x"}',
    ],
)
async def test_drops_headers_that_apply_to_the_whole_origin(gateway: Gateway, line: bytes) -> None:
    head = b"HTTP/1.1 %b\r\nX-Before: 1\r\n%b\r\n%b\r\nX-After: 1\r\n%b"
    hints = head % (b"103 Early Hints", line, line, b"\r\n")
    await gateway.function(
        respond_with(hints + head % (b"200 OK", line, line, b"Content-Length: 2\r\n\r\nok"))
    )
    response = await gateway.get("/function/f1")
    assert response.count(b"\r\nX-Before: 1\r\nX-After: 1\r\n") == 2
    assert line.partition(b":")[0].lower() not in response.lower()


async def test_keeps_headers_with_similar_names(gateway: Gateway) -> None:
    lines = b"X-Service-Worker-Allowed: /\r\nChannel: 5\r\nReporting-Endpoints: a=b\r\nX: NEL: 1"
    await gateway.function(
        respond_with(b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 0\r\n\r\n" % lines)
    )
    assert b"\r\n" + lines + b"\r\n" in await gateway.get("/function/f1")


async def test_every_call_has_an_id_and_a_trace(gateway: Gateway) -> None:
    await gateway.function(echo_head())
    responses = [await gateway.get("/function/f1") for _ in range(2)]
    ids = []
    for response in responses:
        head, _, received = response.partition(b"\r\n\r\n")
        match = CALL_ID.search(head + b"\r\n")
        assert match
        ids.append(match[1])
        assert b"\r\nX-Call-Id: " + match[1] + b"\r\n" in received
        assert b"\r\ntraceparent: 00-" + match[1] + b"-" in received
    assert ids == sorted(set(ids))


@pytest.mark.parametrize("given", ["mine", "a.b_c-1", "x" * 64])
async def test_keeps_a_valid_call_id_of_the_client(gateway: Gateway, given: str) -> None:
    await gateway.function(echo_head())
    response = await gateway.get("/function/f1", f"X-Call-Id: {given}")
    assert response.count(f"\r\nX-Call-Id: {given}\r\n".encode()) == 2


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", "a, b", "<script>"])
async def test_replaces_an_invalid_call_id(gateway: Gateway, given: str) -> None:
    await gateway.function(echo_head())
    response = await gateway.get("/function/f1", f"X-Call-Id: {given}")
    assert f"X-Call-Id: {given}\r\n".encode() not in response
    assert len(CALL_ID.findall(response)) == 2


async def test_keeps_a_valid_trace_and_replaces_an_invalid_one(gateway: Gateway) -> None:
    await gateway.function(echo_head())
    valid = f"traceparent: 00-{'a' * 32}-{'b' * 16}-00"
    assert valid.encode() in await gateway.get("/function/f1", valid)
    for broken in (f"00-{'0' * 32}-{'b' * 16}-00", f"ff-{'a' * 32}-{'b' * 16}-00", "00-x"):
        response = await gateway.get("/function/f1", f"traceparent: {broken}", "X-Call-Id: mine")
        assert broken.encode() + b"\r\n" not in response
        assert re.search(rb"\r\ntraceparent: 00-[0-9a-f]{32}-[0-9a-f]{16}-01\r\n", response)


async def test_replaces_forwarding_headers_of_untrusted_clients(gateway: Gateway) -> None:
    await gateway.function(echo_head())
    forwarding = ["X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil"]
    head = received_by_function(
        await gateway.get("/function/f1", *forwarding, "Forwarded: for=9.9.9.9")
    )
    assert b"9.9.9.9" not in head
    assert b"evil" not in head
    assert b"\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n" in head
    assert b"\r\nX-Forwarded-Host: x\r\n" in head
    assert b"\r\nForwarded: for=127.0.0.1;proto=http;host=x\r\n" in head


async def test_extends_forwarding_headers_of_trusted_proxies(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(trusted=(ip_network("127.0.0.0/8"),))
    await gateway.function(echo_head())
    forwarding = ["X-Forwarded-For: 9.9.9.9", "X-Forwarded-Proto: https", "X-Forwarded-Host: shop"]
    head = received_by_function(
        await gateway.get("/function/f1", *forwarding, "Forwarded: for=9.9.9.9")
    )
    assert b"\r\nX-Forwarded-For: 9.9.9.9, 127.0.0.1\r\nX-Forwarded-Proto: https\r\n" in head
    assert b"\r\nX-Forwarded-Host: shop\r\n" in head
    assert b"\r\nForwarded: for=9.9.9.9, for=127.0.0.1;proto=http;host=x\r\n" in head


async def test_authorizes_each_request_of_a_connection(gateway: Gateway) -> None:
    await gateway.function(echo_head(), access="token")
    await gateway.function(echo_head(), name="open", access="token", forward_authorization=True)
    client = await gateway.connect()
    request = "GET /function/{} HTTP/1.1\r\nHost: x\r\n{}\r\n"
    right, wrong = "Authorization: Bearer secret\r\n", "Authorization: Bearer wrong!\r\n"
    for name, line, status, passed in [
        ("f1", right, b"200", False),
        ("f1", wrong, b"401", False),
        ("f1", "", b"401", False),
        ("open", right, b"200", True),
        ("f1", right, b"200", False),
    ]:
        await client.send(request.format(name, line).encode())
        head = await client.head()
        assert head[9:12] == status
        length = re.search(rb"Content-Length: (\d+)", head)
        assert length
        body = await client.body(int(length[1]))
        assert (b"Bearer secret" in body) is passed


@pytest.mark.parametrize(
    "lines",
    [[], ["Authorization: Bearer wrong"], ["Authorization: Basic secret"], ["Authorization: "]],
)
async def test_requires_the_token(gateway: Gateway, lines: list[str]) -> None:
    function = await gateway.function(respond_with(OK), access="token")
    response = await gateway.get("/function/f1?token=secret&access_token=secret", *lines)
    assert response.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nWWW-Authenticate: Bearer" in response
    assert function.connections == []


async def test_a_rejection_is_a_problem_document(gateway: Gateway) -> None:
    await gateway.function(respond_with(OK), access="token")
    response = await gateway.get("/function/f1", "Authorization: Bearer again", "X-Call-Id: mine")
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert b"\r\nRetry-After: 8\r\n" in head
    assert b"\r\nX-Plat-Answer: too-many-attempts\r\n" in head
    assert b"\r\nContent-Type: application/problem+json\r\n" in head
    assert json.loads(body) == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "enough from 127.0.0.1",
        "code": "too-many-attempts",
        "callId": "mine",
    }


async def test_a_rejected_head_request_has_no_body(gateway: Gateway) -> None:
    response = await gateway.get("/function/none", method="HEAD")
    assert response.startswith(b"HTTP/1.1 404 ")
    assert response.endswith(b"\r\n\r\n")


PREFLIGHT = ["Access-Control-Request-Method: POST", "Access-Control-Request-Headers: X-A"]


async def test_allows_cross_origin_calls_from_configured_origins(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(origins=("http://console",))
    await gateway.function(respond_with(OK), access="token")
    origin = "Origin: http://console"
    response = await gateway.get("/function/f1", origin, *PREFLIGHT, method="OPTIONS")
    assert response.startswith(b"HTTP/1.1 204 ")
    assert b"\r\nAccess-Control-Allow-Headers: X-A\r\n" in response
    for lines, status in (([], b"401"), (["Authorization: Bearer secret"], b"200")):
        response = await gateway.get("/function/f1", origin, *lines)
        assert response[9:12] == status
        assert response.count(b"\r\nAccess-Control-Allow-Origin: http://console\r\n") == 1


async def test_adds_a_notice_to_responses_while_it_applies(
    make_gateway: MakeGateway,
) -> None:
    notices: dict[str, bytes] = {}
    gateway = await make_gateway(notices=notices)
    await gateway.function(respond_with(OK))
    notices["f1"] = b"X-Plat-Dev-Error: app.py:3\r\n"
    assert b"\r\nX-Plat-Dev-Error: app.py:3\r\n" in await gateway.get("/function/f1")
    notices.clear()
    assert b"X-Plat-Dev-Error" not in await gateway.get("/function/f1")


async def test_leaves_other_origins_to_the_function(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(origins=("http://console",))
    await gateway.function(
        respond_with(
            b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n"
        )
    )
    response = await gateway.get(
        "/function/f1", "Origin: http://other", *PREFLIGHT, method="OPTIONS"
    )
    assert response.startswith(b"HTTP/1.1 200 ")
    response = await gateway.get("/function/f1", "Origin: http://console")
    assert response.count(b"Access-Control-Allow-Origin") == 1
