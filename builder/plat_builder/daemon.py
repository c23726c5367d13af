"""The Docker daemon: build an image from a tar, push an image.

The SDK blocks, so its streams are read on threads, one message at a time. Whoever may build may
do anything as root in Docker's eyes.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from typing import IO, Any

import docker
import docker.auth
import requests
from docker.errors import DockerException
from docker.types import CancellableStream
from plat_core.errors import BuildFailed, Unavailable
from plat_core.fix import Fix

from plat_builder.process import clean
from plat_builder.settings import BuildNetwork, BuildSettings


class Daemon:
    """Client of the Docker daemon. Call `close` when done."""

    def __init__(self, settings: BuildSettings) -> None:
        """Raises Unavailable where there is no daemon."""
        self._settings = settings
        try:
            self._client = docker.APIClient(version="auto", timeout=int(settings.timeout))
        except DockerException as error:
            raise Unavailable(
                f"Docker does not answer: {error}",
                fix="start it, or do without: PLAT_BUILD_ENGINE=layers",
            ) from None

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    async def build(
        self,
        context: IO[bytes],
        tag: str,
        *,
        deadline: float,
        labels: Mapping[str, str],
        dockerfile: str = "Dockerfile",
    ) -> AsyncGenerator[str, None]:
        """Build the tar `context`; the lines of its output. Raises BuildFailed, Unavailable."""
        arguments = _arguments(self._settings.network)
        parameters = {
            "t": tag,
            "dockerfile": dockerfile,
            "rm": "1",
            "forcerm": "1",
            "buildargs": json.dumps(arguments),
            "labels": json.dumps(dict(labels)),
        }
        headers = {"Content-Type": "application/x-tar"}
        said = self._messages("/build", parameters, context, headers, deadline)
        async with aclosing(said) as messages:
            async for message in messages:
                for line in str(message.get("stream", "")).splitlines():
                    if text := clean(line.encode()):
                        yield text

    async def push(self, repository: str, tag: str, *, deadline: float) -> str:
        """Push an image; returns its digest. Raises Unavailable."""
        digest = ""
        path, parameters = f"/images/{repository}/push", {"tag": tag}
        try:
            said = self._messages(path, parameters, None, {}, deadline)
            async with aclosing(said) as messages:
                async for message in messages:
                    digest = (message.get("aux") or {}).get("Digest") or digest
        except BuildFailed as error:
            raise Unavailable(
                f"{repository} cannot be pushed: {error.message}",
                fix=Fix("start-registry"),
            ) from None
        return digest

    async def _messages(
        self,
        path: str,
        parameters: Mapping[str, str],
        body: IO[bytes] | None,
        headers: Mapping[str, str],
        deadline: float,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The messages of one request; closing this ends what it began.

        The SDK's own calls cannot be ended from outside while they wait for the next message.
        """
        response = await asyncio.to_thread(self._send, path, parameters, body, headers)
        lines = response.iter_lines()
        try:
            while True:
                reading = asyncio.ensure_future(asyncio.to_thread(next, lines, None))
                done, _ = await asyncio.wait({reading}, timeout=deadline - time.monotonic())
                if not done:
                    raise BuildFailed(
                        f"the build took longer than {self._settings.timeout:g} s and was ended",
                        fix="who runs the platform may allow more: PLAT_BUILD_TIMEOUT=10m",
                    )
                line = reading.result()
                if line is None:
                    return
                message = json.loads(line) if line.strip() else {}
                if "error" in message:
                    raise BuildFailed(clean(str(message["error"]).encode()))
                yield message
        finally:
            with suppress(OSError, AttributeError):  # it may have ended by itself
                CancellableStream(lines, response).close()
            await asyncio.gather(reading, return_exceptions=True)

    def _send(
        self,
        path: str,
        parameters: Mapping[str, str],
        body: IO[bytes] | None,
        headers: Mapping[str, str],
    ) -> requests.Response:
        url = f"{self._client.base_url}/v{self._client.api_version}{path}"
        try:
            response: requests.Response = self._client.post(
                url,
                params=parameters,
                data=body,
                headers={**headers, **self._login()},
                stream=True,
                timeout=self._settings.timeout,
            )
        except requests.RequestException as error:
            raise Unavailable(
                f"Docker does not answer: {error}",
                fix="start it, or do without: PLAT_BUILD_ENGINE=layers",
            ) from None
        if not response.ok:
            raise BuildFailed(f"Docker refuses: {response.text[:500].strip()}")
        return response

    def _login(self) -> dict[str, str]:
        found = self._settings.registry
        account = {"username": found.user, "password": found.password}
        host = found.name.partition("/")[0]
        encode = docker.auth.encode_header
        return {
            "X-Registry-Auth": encode({**account, "serveraddress": host}).decode(),
            "X-Registry-Config": encode({host: account} if found.user else {}).decode(),
        }


def _arguments(network: BuildNetwork) -> dict[str, str]:
    """Build arguments: the proxies, which Docker knows by itself, and the package index."""
    index = {
        "PIP_INDEX_URL": network.index_url,
        "PIP_EXTRA_INDEX_URL": " ".join(network.extra_index_urls),
        "NPM_CONFIG_REGISTRY": network.npm_registry,
    }
    return {name: value for name, value in index.items() if value} | dict(network.proxies)
