"""Docker's blocking SDK on a few threads, with small values as results.

No other module of the backend calls the SDK. An absent object is None or no error, an unreachable
daemon raises Unavailable, and a rejected request raises DockerRejected.
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

from plat_backends.docker.streams import StreamThread, read_frames

T = TypeVar("T")
THREADS = 8
CALL_SECONDS = 60
PULL_SECONDS = 600
_EVENTS = ("create", "start", "die", "kill", "stop", "oom", "pause", "unpause", "destroy")


class DockerRejected(PlatError):
    """Docker rejected a request, such as for a broken image or an unsupported limit."""

    code = "docker-refused"


class DockerNotFound(DockerRejected):
    """The object of a request does not exist."""

    code = "docker-not-found"


class ImageNotFound(PlatError):
    """The image exists neither locally nor in its registry."""

    code = "image-not-found"


@dataclass(frozen=True, slots=True)
class ContainerState:
    """Current state of a container; `started` changes with each start."""

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
class ContainerSummary:
    """A container in a list, with enough fields to detect a deviation."""

    id: str
    name: str
    labels: Mapping[str, str]
    state: str
    healthy: bool
    created: float


@dataclass(frozen=True, slots=True)
class ContainerEvent:
    """An event of a container."""

    action: str
    name: str


class Engine:
    """Asynchronous client of Docker. Close it after use."""

    def __init__(self, client: docker.APIClient) -> None:
        self._client = client
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="plat-docker")

    @classmethod
    async def connect(cls) -> Engine:
        """Connect by DOCKER_HOST and related variables; raises Unavailable."""
        try:
            return cls(await asyncio.to_thread(_client))
        except (DockerException, requests.RequestException) as error:
            raise _unavailable(error) from error

    async def _call(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, partial(call, *args, **kwargs))
        except NotFound as error:
            raise DockerNotFound(str(error.explanation or error)) from error
        except APIError as error:
            raise DockerRejected(str(error.explanation or error)) from error
        except (DockerException, requests.RequestException) as error:
            raise _unavailable(error) from error

    async def inspect(self, container: str, network: str) -> ContainerState | None:
        """Return the container with that id or name, and its address on `network`."""
        try:
            document = await self._call(self._client.inspect_container, container)
        except DockerNotFound:
            return None
        return parse_container(document, network)

    async def list(self, labels: Mapping[str, str]) -> Sequence[ContainerSummary]:
        """Return all containers with these labels, in any state."""
        found = await self._call(
            self._client.containers, all=True, filters={"label": _pairs(labels)}
        )
        return [_listed(document) for document in found]

    async def create(self, document: Mapping[str, Any], name: str) -> str:
        """Create a container and return its id; raises DockerRejected and ImageNotFound."""
        try:
            create = self._client.create_container_from_config
            created = await self._call(create, dict(document), name)
        except DockerNotFound as error:
            raise ImageNotFound(error.message) from error
        return str(created["Id"])

    async def start(self, container: str) -> None:
        """Start it, unless it runs already; raises DockerRejected if it cannot run."""
        try:
            await self._call(self._client.start, container)
        except DockerNotFound as error:
            # Docker also returns 404 if the image lacks the program
            raise DockerRejected(error.message) from error

    async def kill(self, container: str, signal: str) -> None:
        """Send a signal; a no-op for a container that does not run."""
        with contextlib.suppress(DockerRejected):
            await self._call(self._client.kill, container, signal)

    async def pause(self, container: str) -> None:
        """Freeze it; raises DockerRejected if it does not run or cannot be frozen."""
        await self._call(self._client.pause, container)

    async def unpause(self, container: str) -> None:
        """Resume it; a no-op for a container that is not paused."""
        with contextlib.suppress(DockerRejected):
            await self._call(self._client.unpause, container)

    async def remove(self, container: str) -> None:
        """Kill and remove it with its anonymous volumes; a second call is a no-op."""
        try:
            await self._call(self._client.remove_container, container, v=True, force=True)
        except DockerNotFound:
            return
        except DockerRejected as error:
            if "already in progress" not in error.message:
                raise

    async def image_user(self, image: str) -> str | None:
        """Return the USER of a local image ("" if unset), or None if the image is missing."""
        try:
            document = await self._call(self._client.inspect_image, image)
        except DockerNotFound:
            return None
        return str((document.get("Config") or {}).get("User") or "")

    async def pull(self, image: str) -> None:
        """Pull an image from its registry; raises ImageNotFound and Unavailable."""
        try:
            async with asyncio.timeout(PULL_SECONDS):
                await self._call(_pull, self._client, image)
        except DockerNotFound as error:
            raise ImageNotFound(error.message) from error
        except DockerRejected as error:
            if any(word in error.message for word in ("manifest unknown", "not found")):
                raise ImageNotFound(error.message) from error
            raise Unavailable(f"{image} cannot be pulled: {error.message}") from error
        except TimeoutError as error:
            raise Unavailable(f"{image} was not pulled in {PULL_SECONDS} s") from error

    async def images(self, labels: Mapping[str, str]) -> Mapping[str, Sequence[str]]:
        """Return the ids of local images with these labels, and the names of each."""
        found = await self._call(self._client.images, filters={"label": _pairs(labels)})
        return {i["Id"]: [*(i["RepoDigests"] or ()), *(i["RepoTags"] or ())] for i in found}

    async def remove_image(self, image: str) -> bool:
        """Remove an unused image; return False if it is in use."""
        try:
            await self._call(self._client.remove_image, image, noprune=False)
        except DockerRejected:
            return False
        return True

    async def ensure_network(self, name: str, labels: Mapping[str, str]) -> None:
        """Create a bridge network of that name, unless one exists."""
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
        """Create a volume, unless one of that name exists."""
        await self._call(self._client.create_volume, name, labels=dict(labels))

    async def remove_volume(self, name: str) -> None:
        """Remove a volume; a second call is a no-op."""
        with contextlib.suppress(DockerNotFound):
            await self._call(self._client.remove_volume, name, force=True)

    async def volumes(self, labels: Mapping[str, str]) -> Sequence[str]:
        """Return the names of the volumes with these labels."""
        found = await self._call(self._client.volumes, filters={"label": _pairs(labels)})
        return [volume["Name"] for volume in found["Volumes"] or ()]

    async def upload(self, container: str, path: str, archive: bytes) -> None:
        """Unpack a tar archive into a folder of a container."""
        await self._call(self._client.put_archive, container, path, archive)

    async def log_frames(
        self, container: str, *, tail: int | None, follow: bool, since: str = ""
    ) -> AsyncGenerator[tuple[int, bytes], None]:
        """Yield the log of a container: (1 for stdout or 2 for stderr, line with time stamp).

        A removed container has no log. A slow reader applies back-pressure to Docker.
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
        source = read_frames(response.raw.read)
        thread = StreamThread(source, CancellableStream(source, response))
        async with contextlib.aclosing(thread.items()) as lines:
            async for line in lines:
                yield line

    async def events(self, labels: Mapping[str, str]) -> AsyncGenerator[ContainerEvent, None]:
        """Yield the events of containers with these labels until the daemon stops.

        The first event, `listening`, is not Docker's: no event after it is lost.
        """
        filters = {
            "label": _pairs(labels),
            "type": ["container"],
            "event": [*_EVENTS, "health_status"],
        }
        source: CancellableStream[dict[str, Any]] = await self._call(
            self._client.events, decode=True, filters=filters
        )
        async with contextlib.aclosing(StreamThread(source, source).items()) as events:
            yield ContainerEvent("listening", "")
            async for event in events:
                attributes = event.get("Actor", {}).get("Attributes", {})
                yield ContainerEvent(str(event.get("Action", "")), str(attributes.get("name", "")))

    async def close(self) -> None:
        """Wait for running calls and close all connections."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        self._client.close()


def parse_container(document: Mapping[str, Any], network: str) -> ContainerState:
    """Parse the response of `GET /containers/{id}/json`."""
    state, config = document["State"], document["Config"]
    endpoint = document["NetworkSettings"]["Networks"].get(network) or {}
    return ContainerState(
        id=document["Id"],
        name=document["Name"].lstrip("/"),
        labels=config["Labels"] or {},
        status=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        started=state["StartedAt"],
        exit_code=state["ExitCode"],
        oom_killed=state["OOMKilled"],
        error=state["Error"],
        address=endpoint.get("IPAddress") or "",
        stop_timeout=config.get("StopTimeout") or 10,
        memory=document["HostConfig"]["Memory"],
    )


def _listed(document: Mapping[str, Any]) -> ContainerSummary:
    return ContainerSummary(
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
    return Unavailable(f"Docker does not respond: {error}", fix="start Docker; see: docker info")
