"""What a registry's answers become: a client over a transport that answers as registries do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from plat_builder import settings
from plat_builder.images.connection import connect
from plat_builder.images.documents import Blob, digest_of
from plat_builder.images.registry import DOCUMENT_BYTES, Registry
from plat_builder.images.registry_auth import RegistryAuth
from plat_builder.settings import BuildNetwork, BuildSettings, RegistrySettings
from plat_core.errors import InvalidInput, Unavailable
from plat_http.fixes import describe

from tests.tls import Authority

Answers = Callable[[httpx.Request], httpx.Response]
URL = "http://registry.test"


def over(answers: Answers, login: RegistryAuth | None = None) -> Registry:
    return Registry(URL, login=login, transport=httpx.MockTransport(answers))


async def trouble(answers: Answers) -> Unavailable:
    registry = over(answers)
    with pytest.raises(Unavailable) as caught:
        await registry.upload("fn", Blob(digest_of(b"x"), 1), b"x")
    await registry.close()
    return caught.value


def raising(error: Exception) -> Answers:
    def answers(request: httpx.Request) -> httpx.Response:
        raise error

    return answers


@pytest.mark.parametrize(
    ("answers", "message", "fix"),
    [
        (raising(httpx.ConnectError("connection refused")), "does not answer", "registry starts"),
        (
            raising(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed")),
            "not trusted",
            "PLAT_CA_BUNDLE",
        ),
        (
            raising(httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER]")),
            "does not speak TLS",
            "PLAT_REGISTRY_URL",
        ),
        (lambda _: httpx.Response(507), "no room left", "plat registry gc"),
        (
            lambda _: httpx.Response(
                500, text='{"errors":[{"code":"UNKNOWN","detail":{"Enclosed":{"Err":28}}}]}'
            ),
            "no room left",
            "plat registry gc",
        ),
        (lambda _: httpx.Response(403), "does not let the builder in", "PLAT_REGISTRY_USER"),
        (lambda _: httpx.Response(429), "too often", "minute"),
        (
            lambda _: httpx.Response(502, json={"errors": [{"code": "BAD", "message": "storage"}]}),
            "BAD: storage",
            "docker compose logs registry",
        ),
        (lambda _: httpx.Response(500, text="<html>"), "500 <html>", "logs"),
    ],
    ids=["down", "ca", "plain http", "507", "disk", "403", "429", "502", "no json"],
)
async def test_every_trouble_says_what_to_do(answers: Answers, message: str, fix: str) -> None:
    error = await trouble(answers)
    assert message in error.message
    assert fix in describe(error.fix)


async def test_a_document_that_is_not_what_it_claims_is_refused() -> None:
    registry = over(lambda _: httpx.Response(200, content=b"other"))
    with pytest.raises(Unavailable, match="other bytes"):
        await registry.document("fn", digest_of(b"this"))
    await registry.close()


async def test_an_endless_document_is_cut_off() -> None:
    registry = over(lambda _: httpx.Response(200, content=b"x" * (DOCUMENT_BYTES + 1)))
    with pytest.raises(Unavailable, match="more than"):
        await registry.manifest("fn", "tag")
    await registry.close()


async def test_lists_go_on_over_pages() -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("last"):
            return httpx.Response(200, json={"tags": ["c"]})
        link = '</v2/fn/tags/list?last=b>; rel="next"'
        return httpx.Response(200, json={"tags": ["a", "b"]}, headers={"Link": link})

    registry = over(answers)
    assert await registry.tags("fn") == ["a", "b", "c"]
    await registry.close()


async def test_what_began_over_tls_goes_on_over_tls() -> None:
    """A registry behind a TLS end names itself with http, where nobody tells it otherwise."""
    seen: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.copy_with(query=None)}")
        place = "http://registry.test/v2/fn/blobs/uploads/7"
        return httpx.Response(202 if request.method == "POST" else 201, headers={"Location": place})

    registry = Registry("https://registry.test", transport=httpx.MockTransport(answers))
    await registry.upload("fn", Blob(digest_of(b"x"), 1), b"x")
    await registry.close()
    assert seen[-1] == "PUT https://registry.test/v2/fn/blobs/uploads/7"


async def test_a_blob_is_put_where_the_registry_says() -> None:
    seen: list[tuple[str, str, bytes]] = []

    def answers(request: httpx.Request) -> httpx.Response:
        seen.append((request.method, str(request.url), request.read()))
        if request.method == "POST":
            return httpx.Response(202, headers={"Location": "/v2/fn/blobs/uploads/7?state=s"})
        return httpx.Response(201)

    registry = over(answers)
    digest = digest_of(b"content")
    await registry.upload("fn", Blob(digest, 7), b"content")
    assert seen[0][:2] == ("POST", f"{URL}/v2/fn/blobs/uploads/")
    assert httpx.URL(seen[1][1]).params["state"] == "s"
    assert httpx.URL(seen[1][1]).params["digest"] == digest
    assert seen[1][2] == b"content"
    await registry.close()


async def test_a_mount_that_cannot_be_is_taken_back() -> None:
    methods: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        methods.append(request.method)
        if request.method == "POST":
            return httpx.Response(202, headers={"Location": f"{URL}/v2/fn/blobs/uploads/7"})
        return httpx.Response(204)

    registry = over(answers)
    assert not await registry.mount("fn", "sha256:1", "other")
    assert methods == ["POST", "DELETE"]
    await registry.close()


async def test_a_password_is_exchanged_for_a_token_once() -> None:
    asked: list[httpx.URL] = []

    def answers(request: httpx.Request) -> httpx.Response:
        header = request.headers.get("Authorization", "")
        if request.url.host == "login.test":
            asked.append(request.url)
            return httpx.Response(200 if header.startswith("Basic ") else 401, json={"token": "t"})
        if header == "Bearer t":
            return httpx.Response(200, json={"tags": ["a"]})
        scope = 'Bearer realm="https://login.test/token",service="r",scope="repository:fn:pull"'
        return httpx.Response(401, headers={"WWW-Authenticate": scope})

    registry = over(answers, RegistryAuth("me", "secret"))
    assert await registry.tags("fn") == ["a"]
    assert await registry.tags("fn") == ["a"]
    assert [url.params["scope"] for url in asked] == ["repository:fn:pull"]
    await registry.close()


async def test_a_password_is_sent_only_where_it_is_asked_for() -> None:
    headers: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        headers.append(request.headers.get("Authorization", ""))
        if headers[-1]:
            return httpx.Response(200)
        return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="r"'})

    registry = over(answers, RegistryAuth("me", "secret"))
    await registry.check()
    assert headers[0] == ""
    assert headers[1].startswith("Basic ")
    await registry.close()


def test_a_company_ca_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    settings = BuildSettings(
        network=BuildNetwork(ca_bundle=str(file)),
        registry=RegistrySettings("r.test", "https://r.test"),
    )
    with pytest.raises(InvalidInput, match="PLAT_CA_BUNDLE"):
        connect(settings)


async def test_a_company_ca_reaches_the_registrys_client(tmp_path: Path) -> None:
    bundle = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    settings = BuildSettings(
        network=BuildNetwork(ca_bundle=bundle, proxies={"HTTPS_PROXY": "http://proxy.test:3128"}),
        registry=RegistrySettings("r.test", "https://r.test"),
    )
    registry = connect(settings)
    assert registry.url == "https://r.test"
    await registry.close()


async def test_a_question_that_fails_for_a_moment_is_asked_again() -> None:
    statuses = [500, 200]
    registry = over(lambda _: httpx.Response(statuses.pop(0)))
    assert await registry.has("fn", digest_of(b"x"))
    await registry.close()


async def test_a_question_that_goes_on_to_fail_is_told() -> None:
    asked: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return httpx.Response(500)

    registry = over(answers)
    with pytest.raises(Unavailable, match="500"):
        await registry.has("fn", digest_of(b"x"))
    await registry.close()
    assert asked == ["HEAD"] * 3


async def test_a_companys_certificate_is_trusted_where_its_bundle_is_named(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    authority = Authority(tmp_path)
    context = authority.server("localhost")
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    url = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    company = {"PLAT_REGISTRY_URL": url, "HOME": str(tmp_path)}
    async with server:
        stranger = connect(settings.read(company))
        with pytest.raises(Unavailable, match="has a certificate that is not trusted") as caught:
            await stranger.tags("fn")
        assert "PLAT_CA_BUNDLE" in caught.value.fix
        one_of_them = connect(settings.read(company | {"PLAT_CA_BUNDLE": str(authority.bundle)}))
        assert await one_of_them.tags("fn") == []
        await stranger.close()
        await one_of_them.close()
