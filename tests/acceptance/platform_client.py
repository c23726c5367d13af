"""An HTTP client of a platform: deploy, call, inspect, and wait."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.examples.platform import TOKEN, Platform

PATIENCE = 60.0
"""Maximum time (s) of any operation on a busy machine."""

Document = dict[str, Any]


class Client:
    """One user with separate connections."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.http = httpx.AsyncClient(
            base_url=platform.url,
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=PATIENCE,
            limits=httpx.Limits(max_connections=300, max_keepalive_connections=300),
        )

    async def __aenter__(self) -> Self:
        """Open the connections."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def build(self, name: str, code: str, runtime: str = "python") -> str:
        """Build `app.py` and return the image."""
        answer = await self.http.post(
            "/build",
            params={"name": name, "runtime": runtime},
            json={"inline": {"app.py": code}},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["image"])

    async def put(self, name: str, image: str, **spec: Any) -> Document:
        """Store a function of that image and return the stored document."""
        document = {"spec": {"image": image, "runtime": "python", **spec}}
        answer = await self.http.put(f"/functions/{name}", json=document)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    async def deploy(self, name: str, code: str | Path, **spec: Any) -> Document:
        """Build and store a function, and wait until it is ready or has failed."""
        text = code if isinstance(code, str) else (code / "app.py").read_text(encoding="utf-8")
        await self.put(name, await self.build(name, text), **spec)
        return await self.settled(name)

    async def verb(self, name: str, verb: str, **body: Any) -> Document:
        """Start, stop, scale or redeploy a function."""
        answer = await self.http.post(f"/functions/{name}/{verb}", json=body or None)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def get(self, name: str) -> Document:
        """Return the function."""
        answer = await self.http.get(f"/functions/{name}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def until(self, name: str, there: Callable[[Document], bool]) -> Document:
        """Wait until a condition holds and return the function."""
        async with asyncio.timeout(PATIENCE):
            while not there(function := await self.get(name)):
                await asyncio.sleep(0.05)
        return function

    async def settled(self, name: str) -> Document:
        """Wait until the newest spec is ready or has failed, and return the function."""
        return await self.until(name, is_settled)

    async def gone(self, name: str) -> None:
        """Wait until the function is removed."""
        async with asyncio.timeout(PATIENCE):
            while (await self.http.get(f"/functions/{name}")).status_code != 404:
                await asyncio.sleep(0.05)

    async def asleep(self, name: str) -> None:
        """Scale the function to zero and wait until its replicas have ended."""
        await self.verb(name, "scale", replicas=0)
        async with asyncio.timeout(PATIENCE):
            while await self.replicas(name):
                await asyncio.sleep(0.05)

    async def replicas(self, name: str) -> list[Document]:
        """Return its replicas."""
        return list((await self.http.get(f"/functions/{name}/replicas")).json()["items"])

    async def logs(self, name: str, **query: Any) -> list[Document]:
        """Return its log lines."""
        answer = await self.http.get(f"/functions/{name}/logs", params={"tail": 10_000, **query})
        return [json.loads(line) for line in answer.text.splitlines()]

    async def call(
        self, name: str, path: str = "/", method: str = "GET", **options: Any
    ) -> httpx.Response:
        """Call a function."""
        return await self.http.request(method, f"/function/{name}{path}", **options)


def condition(function: Mapping[str, Any], kind: str = "Ready") -> Document:
    """Return a condition of the function; empty before the first observation."""
    conditions = (function.get("status") or {}).get("conditions", [])
    return next((dict(one) for one in conditions if one["type"] == kind), {})


def is_settled(function: Mapping[str, Any]) -> bool:
    """Return whether the newest spec is ready or has failed."""
    observed = (function.get("status") or {}).get("observedGeneration")
    progressing = condition(function, "Progressing").get("status")
    return bool(observed == function["metadata"]["generation"] and progressing == "False")
