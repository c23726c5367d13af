"""The engine over Docker: a Dockerfile, the user's own or one made here, built and pushed.

Whoever may build may run anything as root in Docker's eyes: this engine is for one's own machine.
"""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any, BinaryIO

import docker
import docker.auth
import docker.errors
import requests
from plat_core.errors import BuildFailed, PlatError, Unavailable
from plat_core.model.build import BuildEvent, BuildOptions, Finished, LogLine, Step

from plat_builder import blueprint, pack
from plat_builder.blueprint import Bases, Blueprint
from plat_builder.events import failed
from plat_builder.images.registry import Registry
from plat_builder.languages.language import CODE, PACKAGES, Steps
from plat_builder.process import TAIL, clean
from plat_builder.runtimes import Catalogue
from plat_builder.settings import BuildSettings, Network
from plat_builder.source import manifest_of, merged
from plat_builder.staging import Staging

DOCKERFILE = "Dockerfile"
OWN_RUNTIME = "dockerfile"
"""What the runtime is called of a function that brings its own Dockerfile, and names none."""


class Daemon:
    """Docker, as far as a build needs it. `close` when done."""

    def __init__(self, settings: BuildSettings) -> None:
        """Raises Unavailable where there is no daemon."""
        self._settings = settings
        try:
            self._client = docker.APIClient(version="auto", timeout=int(settings.timeout))
        except docker.errors.DockerException as error:
            raise Unavailable(
                f"Docker does not answer: {error}",
                fix="start it, or do without: PLAT_BUILD_ENGINE=layers",
            ) from None

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    async def build(
        self,
        context: Path,
        tag: str,
        *,
        deadline: float,
        dockerfile: str = DOCKERFILE,
        labels: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[str, None]:
        """Build the tar `context`; the lines of its output. Raises BuildFailed, Unavailable."""
        arguments = _arguments(self._settings.network)
        parameters = {
            "t": tag,
            "dockerfile": dockerfile,
            "rm": "1",
            "forcerm": "1",
            "buildargs": json.dumps(arguments),
            "labels": json.dumps(dict(labels or {})),
        }
        with context.open("rb") as body:
            said = self._messages(
                "/build", parameters, body, {"Content-Type": "application/x-tar"}, deadline
            )
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
                fix="docker compose up --detach registry; plat registry gc if it is full",
            ) from None
        return digest

    async def _messages(
        self,
        path: str,
        parameters: Mapping[str, str],
        body: BinaryIO | None,
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
                    raise BuildFailed("the build took too long and was ended")
                line = reading.result()
                if line is None:
                    return
                message = json.loads(line) if line.strip() else {}
                if "error" in message:
                    raise BuildFailed(clean(str(message["error"]).encode()))
                yield message
        finally:
            if not reading.done():
                with suppress(RuntimeError, OSError):  # it ends by itself at this very moment
                    response.raw.shutdown()
                await asyncio.wait({reading})
                reading.exception()
            response.close()

    def _send(
        self,
        path: str,
        parameters: Mapping[str, str],
        body: BinaryIO | None,
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


class DockerEngine:
    """Builds images with Docker; implements `ports.Builder`."""

    def __init__(
        self,
        home: Path,
        *,
        runtimes: Path,
        registry: Registry,
        daemon: Daemon,
        settings: BuildSettings,
    ) -> None:
        """Work below `home`, where nothing is kept; `runtimes` is the catalogue's folder."""
        self.catalogue = Catalogue(runtimes)
        self._settings = settings
        self._staging = Staging(home.absolute() / "staging")
        self._places = blueprint.places(settings)
        self._registry = registry
        self._daemon = daemon
        self._bases = Bases(registry, self._places)

    async def build(self, source: Path, options: BuildOptions) -> AsyncIterator[BuildEvent]:
        """See `ports.Builder.build`; what goes wrong is the last event, never an exception."""
        own = (source / DOCKERFILE).is_file()
        try:
            async with aclosing(
                self._build_own(source, options) if own else self._build(source, options)
            ) as events:
                async for event in events:
                    yield event
        except (PlatError, OSError) as error:
            yield failed(error)

    async def _build(self, source: Path, options: BuildOptions) -> AsyncGenerator[BuildEvent, None]:
        settings, deadline = self._settings, time.monotonic() + self._settings.timeout
        draft = await asyncio.to_thread(blueprint.draw, source, options, self.catalogue, settings)
        base = await self._bases.get(draft.findings.runtime)
        plan = await asyncio.to_thread(blueprint.complete, draft, base, settings)
        yield LogLine(text=plan.said)
        repository = self._places.function(options.name)
        digest = await self._registry.digest(repository, plan.tag)
        if digest is not None:
            yield plan.finished(self._places, digest, unchanged=True)
            return
        name = self._places.image(self._places.runtime(draft.findings.runtime.name), base.digest)
        files = recipe(plan, name, settings.network)
        tail: deque[str] = deque(maxlen=TAIL)
        try:
            made = self._make(source, plan.draft.entries, files, options.name, plan.tag, deadline)
            async with aclosing(made) as events:
                async for event in events:
                    if isinstance(event, LogLine):
                        tail.append(event.text)
                    if isinstance(event, str):
                        digest = event
                    else:
                        yield event
        except BuildFailed as error:
            raise _explained(plan, error, list(tail)) from None
        yield plan.finished(self._places, str(digest), unchanged=False)

    async def _build_own(
        self, source: Path, options: BuildOptions
    ) -> AsyncGenerator[BuildEvent, None]:
        """Build a source that brings its own Dockerfile, as it is."""
        deadline = time.monotonic() + self._settings.timeout
        chosen = merged(options, manifest_of(source))
        entries = await asyncio.to_thread(pack.list_files, source, self._settings.limits)
        instance = self._settings.registry.instance
        tag = await asyncio.to_thread(blueprint.own_tag, source, entries, options.name, instance)
        yield LogLine(text="the Dockerfile of the source decides")
        repository = self._places.function(options.name)
        digest = await self._registry.digest(repository, tag)
        unchanged = digest is not None
        if digest is None:
            made = self._make(source, entries, None, options.name, tag, deadline)
            async with aclosing(made) as events:
                async for event in events:
                    if isinstance(event, str):
                        digest = event
                    else:
                        yield event
        yield Finished(
            image=self._places.image(repository, str(digest)),
            digest=str(digest).removeprefix("sha256:"),
            runtime=chosen.runtime or OWN_RUNTIME,
            handler=chosen.handler,
            unchanged=unchanged,
        )

    async def _make(
        self,
        source: Path,
        entries: tuple[pack.Entry, ...],
        files: Mapping[str, bytes] | None,
        name: str,
        tag: str,
        deadline: float,
    ) -> AsyncGenerator[LogLine | Step | str, None]:
        """Build and push; the last item is the digest. `files` stand beside the folder `code`."""
        began = time.monotonic()
        image = self._places.image(self._places.function(name), tag)
        async with self._staging.hold() as slot:
            context = slot / "context.tar"
            prefix = "" if files is None else f"{CODE}/"
            await asyncio.to_thread(write_context, context, source, entries, prefix, files or {})
            built = self._daemon.build(context, image, deadline=deadline)
            async with aclosing(built) as lines:
                async for line in lines:
                    yield LogLine(text=line)
        yield Step(name="build", seconds=time.monotonic() - began)
        began = time.monotonic()
        repository, _, _ = image.rpartition(":")
        digest = await self._daemon.push(repository, tag, deadline=deadline)
        yield Step(name="push", seconds=time.monotonic() - began)
        yield digest


def recipe(plan: Blueprint, base: str, network: Network) -> dict[str, bytes]:
    """The Dockerfile of an image on `base`, and the files that it needs beside the code."""
    language, findings = plan.draft.language, plan.draft.findings
    files: dict[str, bytes] = {}
    lines: list[str] = []
    final = [f"FROM {base}"]
    if plan.packages is not None:
        _stage(lines, files, "packages", base, plan.packages.steps(), network)
        final.append(f"COPY --from=packages /{PACKAGES} /{PACKAGES}")
    code = language.code_steps(findings)
    if code.commands:
        _stage(lines, files, "code", base, code, None)
        final.append(f"COPY --from=code /{CODE} /{CODE}")
    else:
        final.append(f"COPY {CODE} /{CODE}")
    final += [f'ENV {name}="{value}"' for name, value in plan.environment.items()]
    final += [f'LABEL {name}="{value}"' for name, value in plan.labels.items()]
    files[DOCKERFILE] = "\n".join([*lines, *final, ""]).encode()
    return files


def _stage(
    lines: list[str],
    files: dict[str, bytes],
    name: str,
    base: str,
    steps: Steps,
    network: Network | None,
) -> None:
    """One stage, which runs as root in a folder with its files, and with the code in /code."""
    lines += [f"FROM {base} AS {name}", "USER 0:0", f"WORKDIR /plat/{name}.files"]
    for file, content in steps.files.items():
        files[f"{name}/{file}"] = content
    if network is None:
        lines.append(f"COPY {CODE} /{CODE}")
    else:
        lines += ["ARG PIP_INDEX_URL", "ARG PIP_EXTRA_INDEX_URL"]
        if network.ca_bundle:
            files[f"{name}/ca.pem"] = Path(network.ca_bundle).read_bytes()
            lines.append(f"ENV PIP_CERT=/plat/{name}.files/ca.pem")
    if any(file.startswith(f"{name}/") for file in files):
        lines.append(f"COPY {name} ./")
    lines += [f"RUN {command}" for command in steps.commands]


def write_context(
    file: Path,
    source: Path,
    entries: tuple[pack.Entry, ...],
    prefix: str,
    files: Mapping[str, bytes],
) -> None:
    """Write what Docker builds from: `files`, and the source's `entries` below `prefix`.

    Timeless and without owners, or Docker's cache would never know them again.
    """
    with tarfile.open(file, "w") as tar:
        for name, content in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            tar.addfile(info, io.BytesIO(content))
        for entry in entries:
            info = tarfile.TarInfo(prefix + entry.path)
            info.size, info.mode = entry.size, entry.mode
            with (source / entry.path).open("rb") as content_file:
                tar.addfile(info, content_file)


def _arguments(network: Network) -> dict[str, str]:
    """Build arguments: the proxies, which Docker knows by itself, and the package index."""
    index = {
        "PIP_INDEX_URL": network.index_url,
        "PIP_EXTRA_INDEX_URL": " ".join(network.extra_index_urls),
    }
    return {name: value for name, value in index.items() if value} | dict(network.proxies)


def _explained(plan: Blueprint, error: BuildFailed, output: list[str]) -> BuildFailed:
    """What a failed build means in the user's own lines."""
    language = plan.draft.language
    if found := language.explain_code(output):
        return found
    if plan.packages is not None and "returned a non-zero code" in error.message:
        return plan.packages.explain(output, 1)
    return error
