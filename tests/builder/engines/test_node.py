"""Functions for Node as real images, by both engines: the runtime contract, and npm's packages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from plat_core.ports import Builder

from tests.builder.conftest import build
from tests.builder.engines.conftest import Running

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(900)]

Folder = Callable[..., Path]
Run = Callable[[str], Awaitable[Running]]
Make = Callable[..., Builder]

FETCH = """\
import ms from "ms";

const encoder = new TextEncoder();

export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === "/echo") {
      return new Response(request.body, { headers: { "X-Method": request.method } });
    }
    if (url.pathname === "/stream") {
      return new Response(ReadableStream.from((async function* () {
        for (const part of ["a", "b", "c"]) yield encoder.encode(part);
      })()));
    }
    if (url.pathname === "/slow") {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      return new Response("slept");
    }
    if (url.pathname === "/throw") throw new Error("on purpose");
    if (url.pathname === "/cookies") {
      const headers = new Headers();
      headers.append("Set-Cookie", "a=1");
      headers.append("Set-Cookie", "b=2");
      return new Response(null, { status: 204, headers });
    }
    console.log("a line of the call");
    return new Response(`${ms("1h")} ${process.version.split(".")[0]} ${url.search}`);
  },
};
"""
PACKAGE = json.dumps({"type": "module", "dependencies": {"ms": "^2.1.3"}})
EVENT = """\
exports.handler = async (event, context) => {
  if (event.rawPath === "/echo") {
    return { statusCode: 201, headers: { "x-id": context.awsRequestId }, body: event.body,
             isBase64Encoded: event.isBase64Encoded };
  }
  return { method: event.requestContext.http.method, query: event.queryStringParameters };
};
"""


async def test_a_fetch_style_function_with_packages_keeps_the_contract(
    engine: Builder, folder: Folder, name: str, run: Run
) -> None:
    built = await build(engine, folder({"index.mjs": FETCH, "package.json": PACKAGE}), name)
    assert (built.finished.runtime, "1 package without" in built.log) == ("node", True)
    function = await run(built.finished.image)
    answer = await function.call("/?a=b", headers={"X-Call-Id": "call-1"})
    assert (answer.status_code, answer.text) == (200, "3600000 v24 ?a=b")
    echoed = await function.call("/echo", "PUT", content=b"\x00\xff" * 100_000)
    assert echoed.content == b"\x00\xff" * 100_000
    assert echoed.headers["X-Method"] == "PUT"
    assert (await function.call("/stream")).text == "abc"
    cookies = await function.call("/cookies")
    assert (cookies.status_code, cookies.headers.get_list("set-cookie")) == (204, ["a=1", "b=2"])
    failed = await function.call("/throw", headers={"X-Call-Id": "call-2"})
    assert (failed.status_code, failed.json()["callId"]) == (500, "call-2")
    assert (failed.headers["X-Plat-Answer"], "on purpose" in failed.text) == ("runtime", False)
    assert (await function.call("/_/health")).status_code == 200
    slow = asyncio.create_task(function.call("/slow"))
    await asyncio.sleep(0.3)
    assert await asyncio.to_thread(function.stop) == 0
    assert (await slow).text == "slept"
    logs = function.logs()
    assert "[call call-1] a line of the call" in logs
    assert "[call call-2] Error: on purpose" in logs


async def test_an_event_handler_gets_api_gateways_event(
    engine: Builder, folder: Folder, name: str, run: Run
) -> None:
    built = await build(engine, folder({"index.cjs": EVENT}), name)
    function = await run(built.finished.image)
    plain = await function.call("/x?a=1&a=2&b=3")
    assert plain.json() == {"method": "GET", "query": {"a": "1,2", "b": "3"}}
    binary = await function.call(
        "/echo", "POST", content=b"\xff\x00", headers={"X-Call-Id": "c", "Content-Type": "x/y"}
    )
    assert (binary.status_code, binary.content, binary.headers["x-id"]) == (201, b"\xff\x00", "c")


async def test_a_listener_of_nodes_own_server_works(
    make: Make, folder: Folder, name: str, run: Run
) -> None:
    code = "export default (req, res) => { res.setHeader('X', 'y'); res.end(req.method); };\n"
    built = await build(make("layers"), folder({"index.mjs": code}), name)
    answer = await (await run(built.finished.image)).call("/", "DELETE")
    assert (answer.text, answer.headers["X"]) == ("DELETE", "y")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("export const handler = (;\n", "HandlerSyntaxError"),
        ("import 'no-such-package';\n", "HandlerImportError"),
        ("export const other = 1;\n", "HandlerNotFound"),
        ("export const handler = 1;\n", "HandlerUnrecognised"),
        ("throw new Error('at import');\n", "HandlerFailed"),
        ("process.exit(0);\n", "HandlerExited"),
    ],
)
async def test_a_start_that_cannot_work_ends_with_its_reason(
    make: Make, folder: Folder, name: str, run: Run, code: str, reason: str
) -> None:
    built = await build(make("layers"), folder({"index.mjs": code}), name)
    with pytest.raises(AssertionError, match=f"plat: {reason}: "):
        await run(built.finished.image)


async def test_one_call_too_many_is_refused_and_probes_are_answered(
    make: Make, folder: Folder, name: str, run: Run
) -> None:
    source = folder({"index.mjs": FETCH, "package.json": PACKAGE})
    built = await build(make("layers"), source, name)
    function = await run(built.finished.image)
    async with httpx.AsyncClient(trust_env=False, base_url=function.url, timeout=60) as http:
        calls = [http.get("/slow") for _ in range(25)]
        answers = await asyncio.gather(*calls, http.get("/_/health"))
    assert answers[-1].status_code == 200
    counts = [answer.status_code for answer in answers[:-1]]
    assert (counts.count(200), counts.count(503)) == (20, 5)


async def test_what_npm_cannot_find_names_the_line(
    engine: Builder, folder: Folder, name: str
) -> None:
    package = json.dumps({"dependencies": {"ms": "99999.0.0"}})
    failed = (await build(engine, folder({"index.mjs": "", "package.json": package}), name)).failed
    assert failed.line == 'package.json: "ms": "99999.0.0"'
