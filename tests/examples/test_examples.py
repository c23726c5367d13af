"""Each example does its work: deployed by the CLI, called over HTTP, judged by its content."""

import asyncio
import json
import struct
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import websockets

from tests.examples.platform import ROOT, Platform

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

EXAMPLES = ROOT / "examples"
Call = Callable[..., httpx.Response]


def test_hello_greets_in_the_callers_language(platform: Platform) -> None:
    platform.plat("deploy", EXAMPLES / "01-hello")
    with platform.client("hello") as client:
        french = client.get("/", params={"name": "Ada"}, headers={"Accept-Language": "fr-CH, fr"})
        assert french.text == "Bonjour, Ada!\n"
        assert french.headers["content-type"] == "text/plain; charset=utf-8"
        assert client.get("").text == "Hello, world!\n"
        assert client.delete("/").status_code == 405


def test_hello_is_public_and_a_function_without_that_word_is_not(platform: Platform) -> None:
    platform.plat("deploy", EXAMPLES / "01-hello")
    platform.plat("deploy", EXAMPLES / "07-single-file/qr.py")
    assert httpx.get(f"{platform.url}/function/hello").status_code == 200
    assert httpx.get(f"{platform.url}/function/qr?text=x").status_code == 401


def png_size(image: bytes) -> tuple[int, int]:
    """Width and height in pixels, from the IHDR chunk (PNG specification, section 11.2.2)."""
    assert image.startswith(b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
    width, height = struct.unpack(">II", image[16:24])
    return width, height


@pytest.fixture
def thumbnail(platform: Platform) -> Call:
    platform.plat("deploy", EXAMPLES / "02-thumbnails")

    def post(body: bytes, **parameters: str) -> httpx.Response:
        with platform.client("thumbnails") as client:
            return client.post("/", params=parameters, content=body)

    return post


def test_thumbnails_fit_the_asked_size_and_keep_their_proportions(thumbnail: Call) -> None:
    sample = (EXAMPLES / "02-thumbnails/sample.png").read_bytes()
    assert png_size(sample) == (960, 640)
    small = thumbnail(sample, width="120", height="120")
    assert small.headers["content-type"] == "image/png"
    assert png_size(small.content) == (120, 80)
    jpeg = thumbnail(sample, format="jpeg")
    assert jpeg.headers["content-type"] == "image/jpeg"
    assert jpeg.content.startswith(b"\xff\xd8\xff")


@pytest.mark.parametrize(
    ("body", "parameters", "error"),
    [
        (b"not an image", {}, "the body is not an image"),
        (b"", {}, "the body is not an image"),
        (b"x", {"width": "0"}, "width is a number of pixels from 1 to 2000, not '0'"),
        (b"x", {"height": "9" * 5000}, "height is a number of pixels from 1 to 2000"),
        (b"x", {"format": "exe"}, "format is one of png, jpeg, webp, not 'exe'"),
    ],
)
def test_thumbnails_refuse_what_they_cannot_use(
    body: bytes, parameters: dict[str, str], error: str, thumbnail: Call
) -> None:
    answer = thumbnail(body, **parameters)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(error)


def test_statistics_find_keplers_law_in_the_planets(platform: Platform) -> None:
    platform.plat("deploy", EXAMPLES / "03-statistics")
    with platform.client("statistics") as client:
        law = client.get("/kepler").json()
        planets = client.get("/").json()
    assert law["exponent"] == pytest.approx(1.5, abs=0.001)
    assert law["r2"] > 0.99999
    assert planets["terrestrial"]["radius_km"]["max"] == 6371.0
    assert planets["giant"]["mass_e24kg"]["count"] == 4


def test_statistics_describe_the_callers_own_csv(platform: Platform) -> None:
    platform.plat("deploy", EXAMPLES / "03-statistics")
    with platform.client("statistics") as client:
        answer = client.post("/", content="city,degrees\nOslo,4\nRome,18\nCairo,\n").json()
        assert answer["rows"] == 3
        assert answer["columns"]["degrees"]["mean"] == 11
        assert answer["columns"]["degrees"]["count"] == 2
        assert client.post("/", content=b"a,b\n1,2\n1,2,3\n").status_code == 400
        assert client.post("/", content=b"\xff\xfe").status_code == 400
        assert client.get("/elsewhere").status_code == 404


def test_markdown_becomes_a_page_without_scripts(platform: Platform) -> None:
    platform.plat("deploy", EXAMPLES / "04-markdown")
    text = (
        "# Fish & chips\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "<script>alert(1)</script>\n\n[link](javascript:alert(1)) <b onclick='x()'>bold</b>\n"
    )
    with platform.client("markdown") as client:
        page = client.post("/", content=text, headers={"Content-Type": "text/markdown"})
        empty = client.post("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>Fish &amp; chips</title>" in page.text
    assert "<td>1</td>" in page.text
    assert "<b>bold</b>" in page.text
    assert not [bad for bad in ("script", "onclick") if bad in page.text]
    assert (empty.status_code, empty.text) == (400, "POST some Markdown\n")


def test_events_arrive_while_the_stream_goes_on(platform: Platform) -> None:
    platform.plat("deploy", EXAMPLES / "05-events")
    query = {"count": "1000", "every": "60"}
    with (
        platform.client("events") as client,
        client.stream("GET", "/ticks", params=query) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(lines) == "event: tick"
        tick = json.loads(next(lines).removeprefix("data: "))
    assert tick == {"tick": 1, "of": 1000, "after": 0.0}


def test_events_end_when_all_are_told(platform: Platform) -> None:
    platform.plat("deploy", EXAMPLES / "05-events")
    with platform.client("events") as client:
        stream = client.get("/ticks", params={"count": "5", "every": "0"})
        refused = client.get("/ticks", params={"every": "nan"})
    assert stream.text.count("event: tick\n") == 5
    assert refused.status_code == 400


async def test_a_websocket_goes_through_the_gateway(platform: Platform) -> None:
    await asyncio.to_thread(platform.plat, "deploy", EXAMPLES / "05-events")
    address = platform.url.replace("http:", "ws:") + "/function/events/shout"
    async with websockets.connect(address) as socket:
        for word in ("quiet", "grüße"):
            await socket.send(word)
            assert await socket.recv() == word.upper()


ORDER: dict[str, Any] = {
    "lines": [{"price": "9.99", "quantity": 3}, {"price": "20", "quantity": 1}],
    "tax": "0.19",
}


def test_a_functions_framework_function_computes_an_invoice(platform: Platform) -> None:
    platform.plat("deploy", EXAMPLES / "06-functions-framework")
    with platform.client("invoice") as client:
        assert client.post("/", json=ORDER).json() == {
            "net": "49.97",
            "tax": "9.49",
            "gross": "59.46",
        }
        assert client.post("/", content=b"{").status_code == 400


def test_a_functions_framework_function_takes_a_cloud_event(platform: Platform) -> None:
    folder = EXAMPLES / "06-functions-framework"
    platform.plat("deploy", folder, "--name", "on-order", "--handler", "main:on_order")
    event = {"ce-id": "1", "ce-source": "/shop", "ce-type": "placed", "ce-specversion": "1.0"}
    with platform.client("on-order") as client:
        assert client.post("/", json={"order": 7}, headers=event).status_code == 200
    assert "placed from /shop: order 7" in platform.plat("logs", "on-order").stdout


def test_a_single_file_brings_its_own_dependencies(platform: Platform) -> None:
    platform.plat("deploy", EXAMPLES / "07-single-file/qr.py")
    with platform.client("qr") as client:
        image = client.get("/", params={"text": "https://example.com"})
        nothing = client.get("/")
        too_much = client.get("/", params={"text": "x" * 5000})
    assert image.headers["content-type"] == "image/svg+xml"
    assert b"<svg" in image.content
    assert (nothing.status_code, too_much.status_code) == (400, 400)


def test_the_same_source_again_is_nothing_to_do(platform: Platform) -> None:
    platform.plat("deploy", EXAMPLES / "01-hello")
    assert "nothing to do" in platform.plat("deploy", EXAMPLES / "01-hello").stderr
