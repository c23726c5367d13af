"""The console's files: who may load them, how long they are kept, and what may run in the page."""

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


def stranger(folder: Path) -> httpx.AsyncClient:
    platform = make_platform()
    whole = platform.app().state.services
    return client_of(create_app(whole, platform.settings, folder), token=None)


async def test_the_page_needs_no_token_and_every_path_of_it_is_the_page(built: Path) -> None:
    async with stranger(built) as client:
        for path in ("/ui", "/ui/", "/ui/functions/default/orders", "/ui/index.html"):
            answer = await client.get(path, follow_redirects=True)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.headers["cache-control"] == "no-store"
        assert (await client.get("/uiother")).status_code == 401


async def test_each_page_has_a_nonce_of_its_own_and_nothing_else_may_run(built: Path) -> None:
    async with stranger(built) as client:
        answers = [await client.get("/ui/") for _ in range(2)]
    nonces = set()
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        found = re.search(r'nonce="([^"]{16,})"', answer.text)
        assert found
        assert f"'nonce-{found[1]}'" in policy
        nonces.add(found[1])
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert len(nonces) == 2


async def test_hashed_files_are_kept_for_ever_and_others_are_asked_for_again(built: Path) -> None:
    async with stranger(built) as client:
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
    async with stranger(built) as client:
        answer = await client.get(path)
    assert answer.status_code in (401, 404)
    assert "not below" not in answer.text


async def test_it_only_reads(built: Path) -> None:
    async with stranger(built) as client:
        answer = await client.post("/ui/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_where_it_is_not_built_the_page_says_how_to(tmp_path: Path) -> None:
    async with stranger(tmp_path / "nothing") as client:
        answer = await client.get("/ui/")
        asset = await client.get("/ui/assets/index.js")
    assert answer.status_code == 503
    assert "make ui" in answer.text
    assert asset.status_code == 404


async def test_a_browser_at_the_bare_address_is_led_to_the_console(built: Path) -> None:
    async with stranger(built) as client:
        browser = await client.get("/", headers={"Accept": "text/html,*/*;q=0.8"})
        program = await client.get("/")
    assert (browser.status_code, browser.headers["location"]) == (307, "/ui/")
    assert program.json()["code"] == "not-found"
