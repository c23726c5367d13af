"""A wire to an API server that can be spoiled: refusals, silence, cuts, and a count of writes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from aiohttp import web

WRITES = ("POST", "PUT", "PATCH", "DELETE")
KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{{name: it, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: it, user: {{token: unused}}}}]
contexts: [{{name: it, context: {{cluster: it, user: it}}}}]
current-context: it
"""
Seen = Callable[[str, str], None]


class Wire:
    """Hands requests on to `upstream`, where nothing else is asked of it.

    `before` and `after` are told of each write, with method and path; `refuse` answers requests
    that it says so about; while `silent`, no byte of any watch is handed on. With `told`, a refusal
    of a watch is an event of it, as an API server tells of a version that is too old: the request
    itself is answered with 200 (kubernetes/staging/src/k8s.io/apiserver/pkg/storage/cacher).
    """

    def __init__(self, upstream: str) -> None:
        self.before: Seen = lambda method, path: None
        self.after: Seen = lambda method, path: None
        self.refuse: Callable[[web.Request], int] = lambda request: 0
        self.silent = self.told = False
        self.port = 0
        self.watches = 0
        self._upstream = upstream
        self._open: set[asyncio.Transport] = set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        if code := self.refuse(request):
            status: dict[str, Any] = {"kind": "Status", "code": code, "message": "it is spoiled"}
            if self.told and "watch" in request.query:
                status, code = {"type": "ERROR", "object": status}, 200
            return web.Response(
                status=code, text=json.dumps(status), content_type="application/json"
            )
        writes = request.method in WRITES
        if writes:
            self.before(request.method, request.path)
        url = self._upstream + request.raw_path
        kept = ("Accept", "Content-Type")
        headers = {name: request.headers[name] for name in kept if name in request.headers}
        body = await request.read()
        async with self._session.request(
            request.method, url, data=body or None, headers=headers
        ) as answer:
            if "watch" in request.query:
                return await self._stream(request, answer)
            content = await answer.read()
        if writes:
            self.after(request.method, request.path)
        return web.Response(status=answer.status, body=content, content_type=answer.content_type)

    async def _stream(
        self, request: web.Request, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            status=answer.status, headers={"Content-Type": answer.content_type}
        )
        await response.prepare(request)
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        self._open.add(transport)
        self.watches += 1
        try:
            async for data in answer.content.iter_any():
                if not self.silent:
                    await response.write(data)
        except (ConnectionError, aiohttp.ClientError):
            pass  # the operator, or its API server, has gone
        finally:
            self._open.discard(transport)
        return response

    def cut(self) -> None:
        """Reset every watch."""
        self._loop.call_soon_threadsafe(lambda: [t.abort() for t in list(self._open)])

    async def serve(self, begun: threading.Event, end: asyncio.Event) -> None:
        """Until `end`."""
        self._loop = asyncio.get_running_loop()
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self.answer)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(
            timeout=timeout, connector=aiohttp.TCPConnector(limit=0)
        ) as self._session:
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.port = int(runner.addresses[0][1])
            begun.set()
            await end.wait()
            await runner.cleanup()


@contextmanager
def wire(upstream: str) -> Iterator[Wire]:
    """A wire in a thread of its own; KUBECONFIG with its port leads through it."""
    made = Wire(upstream)
    begun, end, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(made.serve(begun, end))

    thread = threading.Thread(target=run, name="wire")
    thread.start()
    assert begun.wait(20)
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(20)
