"""Authentication: tokens, client addresses and the limit of wrong tokens."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from plat_core.errors import InvalidInput
from plat_core.services.tokens import TokenCheck, TokenGuard, address_key, check_token
from plat_gateway.settings import GatewaySettings
from plat_http.applications import PUBLIC

from tests.gateway.api.conftest import TOKEN, client_of, make_platform

RIGHT, WRONG = f"Bearer {TOKEN}".encode(), b"Bearer no"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guard(clock: Clock) -> TokenGuard:
    return TokenGuard(TOKEN, failures=3, addresses=5, clock=clock)


async def test_every_path_that_is_not_public_needs_the_token(
    app: FastAPI, anonymous: httpx.AsyncClient
) -> None:
    document = app.openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            url = path.replace("{name}", "orders")
            response = await anonymous.request(method, url, follow_redirects=False)
            if path in PUBLIC:
                assert response.status_code == 200
                assert "security" not in operation
            else:
                assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
                assert response.headers["www-authenticate"] == 'Bearer realm="plat"'
                assert operation["security"] == [{"token": []}]


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/functions/A", "//healthz", "/healthz/", "/Healthz", "/healthz/%2e%2e/functions"],
)
async def test_without_a_token_known_and_unknown_paths_look_the_same(
    anonymous: httpx.AsyncClient, path: str
) -> None:
    url = httpx.URL(scheme="http", host="plat", raw_path=path.encode())
    assert (await anonymous.get(url)).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer no",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer x{TOKEN}",
    ],
)
async def test_rejects_an_invalid_header(anonymous: httpx.AsyncClient, header: str) -> None:
    response = await anonymous.get("/functions", headers={"Authorization": header})
    assert response.status_code == 401


async def test_the_scheme_is_case_insensitive(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.get("/functions", headers={"Authorization": f"bEARER {TOKEN}"})
    assert response.status_code == 200


async def test_rejects_two_authorization_headers(anonymous: httpx.AsyncClient) -> None:
    headers = [("Authorization", f"Bearer {TOKEN}")] * 2
    assert (await anonymous.get("/functions", headers=headers)).status_code == 401


@pytest.mark.parametrize("name", ["token", "access_token", "Access_Token", "auth_token", "%74oken"])
async def test_rejects_a_token_in_the_query_even_with_the_header(
    client: httpx.AsyncClient, name: str
) -> None:
    url = httpx.URL(scheme="http", host="plat", raw_path=f"/functions?a=b&{name}=x".encode())
    response = await client.get(url)
    assert response.status_code == 400
    assert "Authorization: Bearer" in response.json()["fix"]


async def test_blocks_an_address_after_a_hundred_wrong_tokens() -> None:
    app = make_platform().app()
    async with client_of(app, "wrong") as attacker, client_of(app) as owner:
        for _ in range(100):
            assert (await attacker.get("/functions")).status_code == 401
        response = await attacker.get("/functions")
        assert (response.status_code, response.json()["code"]) == (429, "too-many-attempts")
        assert 0 < int(response.headers["retry-after"]) <= 60
        assert (await owner.get("/functions")).status_code == 429
        assert (await owner.get("/healthz")).status_code == 200
    other = httpx.ASGITransport(app=app, client=("10.0.0.9", 1))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(
        transport=other, base_url="http://plat", headers=headers
    ) as client:
        assert (await client.get("/functions")).status_code == 200


def test_unblocks_an_address_after_a_minute(guard: TokenGuard, clock: Clock) -> None:
    for _ in range(3):
        assert guard.authenticate(WRONG, "10.0.0.1") is TokenCheck.WRONG
    assert guard.authenticate(RIGHT, "10.0.0.1") is TokenCheck.BLOCKED
    assert guard.authenticate(RIGHT, "10.0.0.2") is TokenCheck.ALLOWED
    assert guard.retry_after("10.0.0.1") == 60
    clock.now += 60
    assert guard.authenticate(RIGHT, "10.0.0.1") is TokenCheck.ALLOWED


def test_a_missing_token_is_not_counted(guard: TokenGuard) -> None:
    verdicts = {guard.authenticate(None, "10.0.0.1") for _ in range(10)}
    assert verdicts == {TokenCheck.MISSING}


def test_counts_an_ipv6_network_as_one_client(guard: TokenGuard) -> None:
    for host in range(3):
        guard.authenticate(WRONG, f"2001:db8::{host}")
    assert guard.authenticate(RIGHT, "2001:db8::ffff") is TokenCheck.BLOCKED
    assert guard.authenticate(RIGHT, "2001:db8:0:1::1") is TokenCheck.ALLOWED


def test_the_table_of_addresses_is_bounded(guard: TokenGuard) -> None:
    for host in range(1000):
        guard.authenticate(WRONG, f"10.0.{host // 256}.{host % 256}")
    assert guard.tracked_addresses == 5


@given(st.binary(max_size=200))
def test_accepts_no_other_bytes_as_the_token(header: bytes) -> None:
    verdict = TokenGuard(TOKEN).authenticate(header, "10.0.0.1")
    is_right = header[:7].lower() == b"bearer " and header[7:].strip(b" \t") == TOKEN.encode()
    assert (verdict is TokenCheck.ALLOWED) is is_right


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
        ("a:b", "a:b"),
    ],
)
def test_groups_addresses_by_client(address: str, key: str) -> None:
    assert address_key(address) == key


def settings(**given: Any) -> GatewaySettings:
    return GatewaySettings(**given)


@pytest.mark.parametrize(
    "given_settings",
    [
        {"auth_token": ""},
        {"auth_token": "  "},
        {"auth_token": "a\nb"},
        {"auth_token": "ключ"},
        {"auth_token": "dev-token", "dev": False},
        {"auth_token": "dev-token", "dev": True, "host": "0.0.0.0"},
        {"auth_token": "dev-token", "host": "192.168.1.5"},
        {"auth_token": "dev-token", "backend": "kubernetes"},
    ],
)
def test_rejects_an_insecure_token(given_settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_token(settings(**given_settings))
    assert caught.value.field == "AUTH_TOKEN"
    assert caught.value.fix


def test_warns_about_the_default_token_in_development(caplog: pytest.LogCaptureFixture) -> None:
    check_token(settings())
    assert "dev-token" in caplog.text
    caplog.clear()
    check_token(settings(auth_token="proper", host="0.0.0.0"))
    assert not caplog.text
