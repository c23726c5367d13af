"""The `docker` engine: a source becomes an image through Docker's own build, pushed by digest.

The SDK blocks, so its streams are read on threads, one line at a time. Whoever uses this engine
holds Docker's socket; builds run the user's own Dockerfile with Docker's rights over the machine.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound
from docker.types import CancellableStream
from docker.utils import kwargs_from_env
from plat_core.errors import BuildFailed, PlatError, Unavailable
from plat_core.model.build import BuildEvent, BuildOptions, Finished, LogLine, Step

from plat_builder import pack
from plat_builder.engines import context
from plat_builder.events import failed
from plat_builder.runtimes import Catalogue, Runtime
from plat_builder.settings import BuildSettings
from plat_builder.source import Findings, examine, manifest_of, merged

NO_CREDENTIALS = "e30="
"""`{}` in base64: the platform's own registry asks for none, and Docker wants the header."""
SPOOLED = 4 * 1024 * 1024
TAG_DIGITS = 16
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is built: the context, and what the outcome is called."""

    members: list[context.Member]
    dockerfile: str
    runtime: str
    handler: str | None


class DockerEngine:
    """See `ports.Builder`. `labels` mark images as this installation's own."""

    def __init__(
        self,
        *,
        runtimes: Path,
        settings: BuildSettings,
        registry: str = "localhost:5001",
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """`runtimes` is the catalogue's folder; `registry` as Docker's daemon reaches it."""
        self.catalogue = Catalogue(runtimes)
        self._settings = settings
        self._registry = registry
        self._labels = dict(labels or {})
        self._client: docker.APIClient | None = None

    async def build(self, source: Path, options: BuildOptions) -> AsyncIterator[BuildEvent]:
        """See `ports.Builder.build`; what goes wrong is the last event, never an exception."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                plan = await asyncio.to_thread(self._examine, source, options)
            async with aclosing(self._build(source, options, plan)) as events:
                async for event in events:
                    yield event
        except (PlatError, OSError) as error:
            yield failed(error)
        except (DockerException, requests.RequestException) as error:
            yield failed(Unavailable(f"Docker does not answer: {error}", fix="docker info"))

    def _examine(
        self, source: Path, options: BuildOptions
    ) -> tuple[tuple[pack.Entry, ...], Findings | None]:
        if not source.is_dir():
            raise BuildFailed(f"there is no folder {source}")
        entries = pack.list_files(source, self._settings.limits)
        if not entries:
            raise BuildFailed("the folder is empty", fix="plat init makes a function to start from")
        if any(entry.path == context.OWN for entry in entries):
            return entries, None
        other = self._settings.other_sources
        return entries, examine(source, entries, options, self.catalogue, other_sources=other)

    async def _build(
        self,
        source: Path,
        options: BuildOptions,
        examined: tuple[tuple[pack.Entry, ...], Findings | None],
    ) -> AsyncGenerator[BuildEvent, None]:
        entries, findings = examined
        if findings is None:
            yield LogLine(text="the source's own Dockerfile decides")
            given = merged(options, manifest_of(source))
            members = context.of_dockerfile(source, entries)
            recipe = Recipe(members, context.OWN, context.DOCKERFILE_RUNTIME, given.handler)
        else:
            base = ""
            async for event in self._runtime(findings.runtime):
                if isinstance(event, str):
                    base = event
                else:
                    yield event
            members = context.of_function(source, entries, findings, base)
            recipe = Recipe(members, context.OWN, findings.runtime.name, findings.handler)
        async with aclosing(self._image(recipe, options)) as events:
            async for event in events:
                yield event

    async def _runtime(self, runtime: Runtime) -> AsyncGenerator[BuildEvent | str, None]:
        """The runtime's image, built where it is not there yet; its name comes last."""
        began = time.monotonic()
        members = context.of_runtime(runtime, self.catalogue)
        with tempfile.SpooledTemporaryFile(SPOOLED) as tar:
            digest = await asyncio.to_thread(context.write, members, tar)
            tag = f"plat-runtime-{runtime.name}:{digest[:TAG_DIGITS]}"
            cached = await asyncio.to_thread(self._has, tag)
            if not cached:
                async with aclosing(self._run(tar, tag, f"{runtime.name}/Dockerfile")) as lines:
                    async for line in lines:
                        yield line
        yield Step(name="runtime", seconds=time.monotonic() - began, cached=cached)
        yield tag

    async def _image(
        self, recipe: Recipe, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        began = time.monotonic()
        repository = f"{self._registry}/{options.name}"
        with tempfile.SpooledTemporaryFile(SPOOLED) as tar:
            written = await asyncio.to_thread(context.write, recipe.members, tar)
            digest = context.source_digest(options, written)
            tag = f"{repository}:{digest[:TAG_DIGITS]}"
            before = await asyncio.to_thread(self._pushed, tag, repository)
            if before:
                yield _finished(repository, before, recipe, unchanged=True)
                return
            async with aclosing(self._run(tar, tag, recipe.dockerfile)) as lines:
                async for line in lines:
                    yield line
        yield Step(name="image", seconds=time.monotonic() - began)
        began = time.monotonic()
        pushed = ""
        async with aclosing(self._push(tag)) as answers:
            async for answer in answers:
                pushed = answer.get("aux", {}).get("Digest", pushed)
        if not pushed:
            raise Unavailable(f"the registry {self._registry} took no image")
        yield Step(name="push", seconds=time.monotonic() - began)
        yield _finished(repository, pushed, recipe, unchanged=False)

    async def _run(
        self, tar: IO[bytes], tag: str, dockerfile: str
    ) -> AsyncGenerator[BuildEvent, None]:
        tar.seek(0)
        params = {
            "t": tag,
            "dockerfile": dockerfile,
            "rm": 1,
            "forcerm": 1,
            "labels": json.dumps(self._labels),
            "buildargs": json.dumps(self._arguments()),
        }
        headers = {"Content-Type": "application/x-tar"}
        async with aclosing(self._answers("/build", params, headers, tar)) as answers:
            async for answer in answers:
                if error := answer.get("error"):
                    raise BuildFailed(str(error).strip(), fix="see the lines above")
                for line in _COLOURS.sub("", str(answer.get("stream", ""))).splitlines():
                    if line.strip():
                        yield LogLine(text=line)

    async def _push(self, tag: str) -> AsyncGenerator[dict[str, Any], None]:
        repository, _, version = tag.rpartition(":")
        headers = {"X-Registry-Auth": NO_CREDENTIALS}
        url = f"/images/{repository}/push"
        async with aclosing(self._answers(url, {"tag": version}, headers, None)) as answers:
            async for answer in answers:
                if error := answer.get("error"):
                    raise self._registry_trouble(str(error))
                yield answer

    def _registry_trouble(self, error: str) -> PlatError:
        if "no space left" in error:
            return Unavailable(f"the registry {self._registry} is full", fix="plat registry gc")
        return Unavailable(
            f"the registry {self._registry} does not take the image: {error}",
            fix="docker compose up --detach registry; then deploy again",
        )

    async def _answers(
        self, path: str, params: Mapping[str, Any], headers: Mapping[str, str], body: Any
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Docker's stream of JSON; closing it makes Docker end what it does."""
        client = await asyncio.to_thread(self._connected)
        url = f"{client.base_url}/v{client.api_version}{path}"
        limit = self._settings.timeout

        def opened() -> requests.Response:
            return client.post(
                url, params=params, headers=headers, data=body, stream=True, timeout=limit
            )

        response = await asyncio.to_thread(opened)
        lines: Iterator[bytes] = response.iter_lines()
        try:
            async with asyncio.timeout(limit):
                while (line := await asyncio.to_thread(next, lines, None)) is not None:
                    if response.status_code >= requests.codes.bad_request:
                        raise BuildFailed(_message(line))
                    if line.strip():
                        yield json.loads(line)
        except TimeoutError:
            raise BuildFailed(f"the build took longer than {limit:g} s") from None
        finally:
            with suppress(OSError, AttributeError):
                CancellableStream(lines, response).close()

    def _arguments(self) -> dict[str, str]:
        network = self._settings.network
        index = {"PIP_INDEX_URL": network.index_url} if network.index_url else {}
        return {**network.proxies, **index}

    def _has(self, image: str) -> bool:
        try:
            self._inspect(image)
        except ImageNotFound:
            return False
        return True

    def _pushed(self, tag: str, repository: str) -> str:
        """The digest under which the registry has the image of that tag already, or nothing."""
        known: Callable[[str], Any] = self._connected().inspect_distribution
        try:
            names = self._inspect(tag).get("RepoDigests") or ()
            own = [name for name in names if name.startswith(f"{repository}@")]
            if not own:
                return ""
            known(own[0])
        except (ImageNotFound, APIError):
            return ""
        return str(own[0].partition("@")[2])

    def _inspect(self, image: str) -> dict[str, Any]:
        inspect: Callable[[str], dict[str, Any]] = self._connected().inspect_image
        return inspect(image)

    def _connected(self) -> docker.APIClient:
        if self._client is None:
            keywords = kwargs_from_env()
            self._client = docker.APIClient(version="auto", **keywords)
        return self._client


def _finished(repository: str, digest: str, recipe: Recipe, *, unchanged: bool) -> Finished:
    return Finished(
        image=f"{repository}@{digest}",
        digest=digest.removeprefix("sha256:"),
        runtime=recipe.runtime,
        handler=recipe.handler,
        unchanged=unchanged,
    )


def _message(line: bytes) -> str:
    try:
        return str(json.loads(line)["message"])
    except (ValueError, KeyError, TypeError):
        return line.decode(errors="replace")
