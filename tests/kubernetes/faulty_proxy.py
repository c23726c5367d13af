"""Proxy to an API server that injects faults: rejections, silence, resets and kills at writes."""

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
WriteHook = Callable[[str, str], None]


class FaultyProxy:
    """Forwards requests to `upstream`, and injects faults.

    `before` and `after` are called around each write, with method and path. `refuse` returns the
    status of a request to reject, or 0. While `silent` is set, watches forward no bytes. With
    `as_event`, the rejection of a watch is an ERROR event in a 200 response: API servers report an
    expired version this way (kubernetes/staging/src/k8s.io/apiserver/pkg/storage/cacher).
    """

    def __init__(self, upstream: str) -> None:
        self.before: WriteHook = lambda method, path: None
        self.after: WriteHook = lambda method, path: None
        self.refuse: Callable[[web.Request], int] = lambda request: 0
        self.silent = self.as_event = False
        self.port = 0
        self.watches = 0
        self._upstream = upstream
        self._open: set[asyncio.Transport] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Forward or reject one request."""
        if code := self.refuse(request):
            status: dict[str, Any] = {"kind": "Status", "code": code, "message": "injected fault"}
            if self.as_event and "watch" in request.query:
                status, code = {"type": "ERROR", "object": status}, 200
            return web.Response(
                status=code, text=json.dumps(status), content_type="application/json"
            )
        writes = request.method in WRITES
        if writes:
            self.before(request.method, request.path)
        url = self._upstream + request.raw_path
        forwarded = ("Accept", "Content-Type")
        headers = {name: request.headers[name] for name in forwarded if name in request.headers}
        body = await request.read()
        async with self._session.request(
            request.method, url, data=body or None, headers=headers
        ) as response:
            if "watch" in request.query:
                return await self._stream(request, response)
            content = await response.read()
        if writes:
            self.after(request.method, request.path)
        return web.Response(
            status=response.status, body=content, content_type=response.content_type
        )

    async def _stream(
        self, request: web.Request, upstream: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            status=upstream.status, headers={"Content-Type": upstream.content_type}
        )
        await response.prepare(request)
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        self._open.add(transport)
        self.watches += 1
        try:
            async for data in upstream.content.iter_any():
                if not self.silent:
                    await response.write(data)
        except (ConnectionError, aiohttp.ClientError):
            pass  # the client or the API server has disconnected
        finally:
            self._open.discard(transport)
        return response

    def cut(self) -> None:
        """Reset every watch."""
        self._loop.call_soon_threadsafe(lambda: [t.abort() for t in list(self._open)])

    async def serve(self, started: threading.Event, end: asyncio.Event) -> None:
        """Serve until `end` is set."""
        self._loop = asyncio.get_running_loop()
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self.handle)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(
            timeout=timeout, connector=aiohttp.TCPConnector(limit=0)
        ) as self._session:
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.port = int(runner.addresses[0][1])
            started.set()
            await end.wait()
            await runner.cleanup()


@contextmanager
def faulty_proxy(upstream: str) -> Iterator[FaultyProxy]:
    """Run the proxy in a thread; `KUBECONFIG` with its port connects through it."""
    proxy = FaultyProxy(upstream)
    started, end, loop = threading.Event(), asyncio.Event(), asyncio.new_event_loop()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(proxy.serve(started, end))

    thread = threading.Thread(target=run, name="faulty-proxy")
    thread.start()
    assert started.wait(20)
    try:
        yield proxy
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(20)
