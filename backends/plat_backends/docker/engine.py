"""The one seam to Docker: its blocking SDK on a few threads, answers as small values.

Nothing else in plat calls the SDK. A thing that is not there is None or no error at all; a daemon
that does not answer is `Unavailable`; what Docker refuses is `Refused`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import docker
import requests
from docker.errors import APIError, DockerException, NotFound
from docker.types import CancellableStream
from docker.utils import kwargs_from_env
from plat_core.errors import PlatError, Unavailable

from plat_backends.docker.streams import Pump, frames

T = TypeVar("T")
THREADS = 8
CALL_SECONDS = 60
PULL_SECONDS = 600
_EVENTS = ("create", "start", "die", "kill", "stop", "oom", "pause", "unpause", "destroy")


class Refused(PlatError):
    """Docker understood and said no: a broken image, a limit that the kernel does not have."""

    code = "docker-refused"


class Missing(Refused):
    """What was asked for is not there."""

    code = "docker-not-found"


class ImageMissing(PlatError):
    """Neither here nor in its registry is there such an image."""

    code = "image-not-found"


@dataclass(frozen=True, slots=True)
class Container:
    """A container as Docker sees it now; `started` changes with each start of it."""

    id: str
    name: str
    labels: Mapping[str, str]
    status: str
    health: str
    started: str
    exit_code: int
    oom_killed: bool
    error: str
    address: str
    stop_timeout: float
    memory: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A container in a list: enough to see that something is not as it should be."""

    id: str
    name: str
    labels: Mapping[str, str]
    state: str
    healthy: bool
    created: float


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to a container."""

    action: str
    name: str


class Engine:
    """Docker, asynchronously. `close` when done."""

    def __init__(self, client: docker.APIClient) -> None:
        self._client = client
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="plat-docker")

    @classmethod
    async def connect(cls) -> Engine:
        """Connect as DOCKER_HOST and its companions say; raises Unavailable."""
        try:
            return cls(await asyncio.to_thread(_client))
        except (DockerException, requests.RequestException) as error:
            raise _unavailable(error) from error

    async def _call(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, partial(call, *args, **kwargs))
        except NotFound as error:
            raise Missing(str(error.explanation or error)) from error
        except APIError as error:
            raise Refused(str(error.explanation or error)) from error
        except (DockerException, requests.RequestException) as error:
            raise _unavailable(error) from error

    async def inspect(self, container: str, network: str) -> Container | None:
        """The container of that id or name, with its address on `network`."""
        try:
            document = await self._call(self._client.inspect_container, container)
        except Missing:
            return None
        return inspected(document, network)

    async def list(self, labels: Mapping[str, str]) -> Sequence[Listed]:
        """All containers, running or not, that carry these labels."""
        found = await self._call(
            self._client.containers, all=True, filters={"label": _pairs(labels)}
        )
        return [_listed(document) for document in found]

    async def create(self, document: Mapping[str, Any], name: str) -> str:
        """Create a container, returns its id; raises Refused, and ImageMissing."""
        try:
            made = await self._call(self._client.create_container_from_config, dict(document), name)
        except Missing as error:
            raise ImageMissing(error.message) from error
        return str(made["Id"])

    async def start(self, container: str) -> None:
        """Start it; a running one stays as it is. Raises Refused where it cannot run."""
        try:
            await self._call(self._client.start, container)
        except Missing as error:
            # Docker says 404 also for a program that the image does not contain
            raise Refused(error.message) from error

    async def kill(self, container: str, signal: str) -> None:
        """Send a signal; a container that does not run is left alone."""
        with contextlib.suppress(Refused):
            await self._call(self._client.kill, container, signal)

    async def pause(self, container: str) -> None:
        """Freeze it; raises Refused where it does not run or cannot be frozen."""
        await self._call(self._client.pause, container)

    async def unpause(self, container: str) -> None:
        """Let it go on; one that is not paused is left alone."""
        with contextlib.suppress(Refused):
            await self._call(self._client.unpause, container)

    async def remove(self, container: str) -> None:
        """Kill and remove it with its anonymous volumes; gone is gone."""
        try:
            await self._call(self._client.remove_container, container, v=True, force=True)
        except Missing:
            return
        except Refused as error:
            if "already in progress" not in error.message:
                raise

    async def image_user(self, image: str) -> str | None:
        """The USER of a local image, "" where it names none; None where there is no such image."""
        try:
            document = await self._call(self._client.inspect_image, image)
        except Missing:
            return None
        return str((document.get("Config") or {}).get("User") or "")

    async def pull(self, image: str) -> None:
        """Fetch an image from its registry; raises ImageMissing, Unavailable."""
        try:
            async with asyncio.timeout(PULL_SECONDS):
                await self._call(_pull, self._client, image)
        except Missing as error:
            raise ImageMissing(error.message) from error
        except Refused as error:
            if any(word in error.message for word in ("manifest unknown", "not found")):
                raise ImageMissing(error.message) from error
            raise Unavailable(f"{image} cannot be pulled: {error.message}") from error
        except TimeoutError as error:
            raise Unavailable(f"{image} was not pulled in {PULL_SECONDS} s") from error

    async def images(self, labels: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        """Local images that carry these labels: their ids, each with its names."""
        found = await self._call(self._client.images, filters={"label": _pairs(labels)})
        return {i["Id"]: [*(i["RepoDigests"] or ()), *(i["RepoTags"] or ())] for i in found}

    async def remove_image(self, image: str) -> bool:
        """Remove an image that nothing uses; says whether it went."""
        try:
            await self._call(self._client.remove_image, image, noprune=False)
        except Refused:
            return False
        return True

    async def ensure_network(self, name: str, labels: Mapping[str, str]) -> None:
        """Make sure that there is a bridge network of that name; an existing one is taken."""
        if await self._call(self._client.networks, names=[f"^{name}$"]):
            return
        await self._call(
            self._client.create_network,
            name,
            driver="bridge",
            labels=dict(labels),
            check_duplicate=True,
        )

    async def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Create a volume; an existing one is taken."""
        await self._call(self._client.create_volume, name, labels=dict(labels))

    async def remove_volume(self, name: str) -> None:
        """Remove a volume; gone is gone."""
        with contextlib.suppress(Missing):
            await self._call(self._client.remove_volume, name, force=True)

    async def volumes(self, labels: Mapping[str, str]) -> Sequence[str]:
        """Names of the volumes that carry these labels."""
        found = await self._call(self._client.volumes, filters={"label": _pairs(labels)})
        return [volume["Name"] for volume in found["Volumes"] or ()]

    async def upload(self, container: str, path: str, archive: bytes) -> None:
        """Unpack a tar archive into a folder of a container."""
        await self._call(self._client.put_archive, container, path, archive)

    async def log_frames(
        self, container: str, *, tail: int | None, follow: bool, since: str = ""
    ) -> AsyncGenerator[tuple[int, bytes], None]:
        """What the container wrote: (1 stdout or 2 stderr, a time-stamped line), as Docker sends.

        Nothing for a container that is gone. A slow reader slows Docker down, not this process.
        """
        params: dict[str, str | int] = {
            "stdout": 1,
            "stderr": 1,
            "timestamps": 1,
            "follow": int(follow),
            "tail": "all" if tail is None else str(tail),
        }
        if since:
            params["since"] = since
        client = self._client
        url = f"{client.base_url}/v{client.api_version}/containers/{container}/logs"

        def opened() -> requests.Response:
            return client.get(url, params=params, stream=True, timeout=_stream_timeout(follow))

        response = await self._call(opened)
        if response.status_code != 200:
            response.close()
            return
        source = frames(response.raw.read)
        pump = Pump(source, CancellableStream(source, response))
        async with contextlib.aclosing(pump.items()) as lines:
            async for line in lines:
                yield line

    async def events(self, labels: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Events of containers that carry these labels; ends when the daemon goes away.

        The first one, `listening`, is ours: whatever happens from then on is told.
        """
        filters = {
            "label": _pairs(labels),
            "type": ["container"],
            "event": [*_EVENTS, "health_status"],
        }
        source: CancellableStream[dict[str, Any]] = await self._call(
            self._client.events, decode=True, filters=filters
        )
        async with contextlib.aclosing(Pump(source, source).items()) as events:
            yield Event("listening", "")
            async for event in events:
                attributes = event.get("Actor", {}).get("Attributes", {})
                yield Event(str(event.get("Action", "")), str(attributes.get("name", "")))

    async def close(self) -> None:
        """Give the connections back; calls under way are waited for."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        self._client.close()


def inspected(document: Mapping[str, Any], network: str) -> Container:
    """Read what `GET /containers/{id}/json` answers."""
    state, config = document["State"], document["Config"]
    joined = document["NetworkSettings"]["Networks"].get(network) or {}
    return Container(
        id=document["Id"],
        name=document["Name"].lstrip("/"),
        labels=config["Labels"] or {},
        status=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        started=state["StartedAt"],
        exit_code=state["ExitCode"],
        oom_killed=state["OOMKilled"],
        error=state["Error"],
        address=joined.get("IPAddress") or "",
        stop_timeout=config.get("StopTimeout") or 10,
        memory=document["HostConfig"]["Memory"],
    )


def _listed(document: Mapping[str, Any]) -> Listed:
    return Listed(
        id=document["Id"],
        name=document["Names"][0].lstrip("/") if document["Names"] else "",
        labels=document["Labels"] or {},
        state=document["State"],
        healthy="(unhealthy)" not in document["Status"],
        created=float(document["Created"]),
    )


def _client() -> docker.APIClient:
    keywords = kwargs_from_env()
    return docker.APIClient(version="auto", timeout=CALL_SECONDS, **keywords)


def _pull(client: docker.APIClient, image: str) -> None:
    repository, _, tag = image.partition("@")
    if not tag and ":" in repository.rpartition("/")[2]:
        repository, _, tag = repository.rpartition(":")
    for line in client.pull(repository, tag=tag or "latest", stream=True, decode=True):
        if error := line.get("error"):
            raise APIError(error, explanation=error)


def _pairs(labels: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in labels.items()]


def _stream_timeout(follow: bool) -> tuple[float, float | None]:
    return CALL_SECONDS, None if follow else CALL_SECONDS


def _unavailable(error: Exception) -> Unavailable:
    return Unavailable(f"Docker does not answer: {error}", fix="start Docker; see: docker info")
