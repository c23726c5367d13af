"""The console's files: access, caching and the content security policy."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from plat_gateway.app import create_app

from tests.gateway.api.conftest import client_of, make_platform

PAGE = '<meta property="csp-nonce" nonce="__NONCE__"><script src="/ui/assets/index-1a2b.js">'


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "console"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "icon.svg").write_text("<svg/>")
    (folder / "assets" / "index-1a2b.js").write_text("start()")
    (tmp_path / "secret.txt").write_text("not below the folder")
    return folder


def anonymous(folder: Path) -> httpx.AsyncClient:
    platform = make_platform()
    whole = platform.app().state.services
    return client_of(create_app(whole, platform.settings, folder), token=None)


async def test_the_page_needs_no_token_and_serves_every_path(built: Path) -> None:
    async with anonymous(built) as client:
        for path in ("/ui", "/ui/", "/ui/functions/default/orders", "/ui/index.html"):
            response = await client.get(path, follow_redirects=True)
            assert response.status_code == 200
            assert response.headers["content-type"] == "text/html; charset=utf-8"
            assert response.headers["cache-control"] == "no-store"
        assert (await client.get("/uiother")).status_code == 401


async def test_each_response_has_a_new_nonce_and_a_strict_policy(built: Path) -> None:
    async with anonymous(built) as client:
        responses = [await client.get("/ui/") for _ in range(2)]
    nonces = set()
    for response in responses:
        policy = response.headers["content-security-policy"]
        found = re.search(r'nonce="([^"]{16,})"', response.text)
        assert found
        assert f"'nonce-{found[1]}'" in policy
        nonces.add(found[1])
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert len(nonces) == 2


async def test_hashed_files_are_immutable_and_others_are_revalidated(built: Path) -> None:
    async with anonymous(built) as client:
        script = await client.get("/ui/assets/index-1a2b.js")
        icon = await client.get("/ui/icon.svg")
        missing = await client.get("/ui/assets/index-9z9z.js")
    assert script.text == "start()"
    assert "immutable" in script.headers["cache-control"]
    assert icon.headers["cache-control"] == "no-cache"
    assert (missing.status_code, missing.json()["code"]) == (404, "not-found")


@pytest.mark.parametrize(
    "path", ["/ui/%2e%2e/secret.txt", "/ui/..%2fsecret.txt", "/ui//secret.txt"]
)
async def test_nothing_outside_the_folder_is_served(built: Path, path: str) -> None:
    async with anonymous(built) as client:
        response = await client.get(path)
    assert response.status_code in (401, 404)
    assert "not below" not in response.text


async def test_rejects_unsafe_methods(built: Path) -> None:
    async with anonymous(built) as client:
        response = await client.post("/ui/")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


async def test_without_a_build_the_page_explains_how_to_build_it(tmp_path: Path) -> None:
    async with anonymous(tmp_path / "nothing") as client:
        response = await client.get("/ui/")
        asset = await client.get("/ui/assets/index.js")
    assert response.status_code == 503
    assert "make ui" in response.text
    assert asset.status_code == 404


async def test_redirects_a_browser_from_the_root_to_the_console(built: Path) -> None:
    async with anonymous(built) as client:
        browser = await client.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
        program = await client.get("/")
    assert (browser.status_code, browser.headers["location"]) == (307, "/ui/")
    assert program.json()["code"] == "not-found"
