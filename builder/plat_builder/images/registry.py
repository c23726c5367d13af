"""Client of a registry (OCI distribution specification 1.1), for what a builder needs.

Every error is an Unavailable with the registry, the cause and a fix.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx

from plat_builder.images import registry_errors
from plat_builder.images.documents import (
    DOCKER_INDEX,
    DOCKER_MANIFEST,
    INDEX,
    MANIFEST,
    Blob,
    digest_of,
)
from plat_builder.images.registry_auth import RegistryAuth

ACCEPTED = ", ".join((MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_INDEX))
DOCUMENT_BYTES = 4 * 1024**2
"""No manifest and no configuration is larger (distribution specification, "Pushing Manifests")."""
PIECE = 256 * 1024
CONNECT_SECONDS, IDLE_SECONDS = 5.0, 60.0
CONNECTIONS = 16
PAGES = 1_000
PAUSES = (0.1, 0.5)
"""Seconds before a question is asked again that was answered with 5xx.

A registry:2 says 500 to who looks for a blob that somebody else stores at this very moment.
"""


@dataclass(frozen=True, slots=True)
class RegistryResponse:
    """A response of the registry, with its whole body."""

    response: httpx.Response
    content: bytes

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def is_missing(self) -> bool:
        """Whether it says that something is not there: itself, or a blob of a manifest."""
        # a registry names the blobs that a manifest lacks with 400 or 404, as it likes
        return self.status == 404 or (
            self.status == 400 and b"BLOB_UNKNOWN" in self.content.upper()
        )


class Registry:
    """The registry at `url`. `close` when done."""

    def __init__(
        self,
        url: str,
        *,
        login: RegistryAuth | None = None,
        verify: Any = True,
        proxy: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`verify` is an SSL context, or whether to verify at all, as httpx takes it."""
        self.url = url.rstrip("/")
        self._http = httpx.AsyncClient(
            base_url=self.url,
            auth=login,
            timeout=httpx.Timeout(IDLE_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=CONNECTIONS),
            verify=verify,
            proxy=proxy,
            transport=transport,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def check(self) -> None:
        """Raise where it does not answer, or does not let us in."""
        await self._ask("GET", "/v2/")

    async def digest(self, repository: str, reference: str) -> str | None:
        """The digest that a tag stands for now, None where there is none."""
        answer = await self._ask(
            "HEAD",
            f"/v2/{repository}/manifests/{reference}",
            headers={"Accept": ACCEPTED},
            missing=True,
        )
        if answer.status == 404:
            return None
        found = answer.response.headers.get("Docker-Content-Digest")
        if found:
            return str(found)
        manifest = await self.manifest(repository, reference)
        return digest_of(manifest[0]) if manifest else None

    async def manifest(self, repository: str, reference: str) -> tuple[bytes, str] | None:
        """A manifest's bytes and media type, None where there is none."""
        answer = await self._ask(
            "GET",
            f"/v2/{repository}/manifests/{reference}",
            headers={"Accept": ACCEPTED},
            missing=True,
        )
        if answer.status == 404:
            return None
        return answer.content, answer.response.headers.get("Content-Type", MANIFEST).partition(";")[
            0
        ]

    async def document(self, repository: str, digest: str) -> bytes:
        """The bytes of a small blob; raises where it is missing or is not what it claims to be."""
        answer = await self._ask("GET", f"/v2/{repository}/blobs/{digest}", follow_redirects=True)
        if digest_of(answer.content) != digest:
            raise registry_errors.corrupt(self.url, repository, digest)
        return answer.content

    async def has(self, repository: str, digest: str) -> bool:
        """Whether the repository has that blob."""
        path = f"/v2/{repository}/blobs/{digest}"
        answer = await self._ask("HEAD", path, missing=True, follow_redirects=True)
        return answer.status != 404

    async def mount(self, repository: str, digest: str, source: str) -> bool:
        """Have the blob of the repository `source` in this one; False where that cannot be."""
        answer = await self._ask(
            "POST",
            f"/v2/{repository}/blobs/uploads/",
            params={"mount": digest, "from": source},
            missing=True,
        )
        if answer.status == 202:
            await self._ask("DELETE", self._location(answer), missing=True)
        return answer.status == 201

    async def upload(
        self, repository: str, blob: Blob, content: bytes | Path | AsyncIterator[bytes]
    ) -> None:
        """Store a blob; a second time is harmless."""
        begun = await self._ask("POST", f"/v2/{repository}/blobs/uploads/")
        target = httpx.URL(self._location(begun)).copy_merge_params({"digest": blob.digest})
        await self._ask(
            "PUT",
            str(target),
            content=_pieces(content) if isinstance(content, Path) else content,
            headers={
                "Content-Length": str(blob.size),
                "Content-Type": "application/octet-stream",
            },
        )

    async def copy(
        self, repository: str, blob: Blob, source: str, *, of: Registry | None = None
    ) -> None:
        """Store a blob of the repository `source`, of this registry or of another one."""
        path, there = f"/v2/{source}/blobs/{blob.digest}", of or self
        try:
            async with there._http.stream("GET", path, follow_redirects=True) as found:
                if not found.is_success:
                    raise registry_errors.refused(there.url, found, await there._read(found))
                await self.upload(repository, blob, found.aiter_raw())
        except httpx.HTTPError as error:
            raise registry_errors.away(there.url, error) from error

    async def put_manifest(
        self, repository: str, reference: str, data: bytes, media_type: str = MANIFEST
    ) -> bool:
        """Store a manifest under a tag or its digest; False where a blob of it is missing."""
        answer = await self._ask(
            "PUT",
            f"/v2/{repository}/manifests/{reference}",
            content=data,
            headers={"Content-Type": media_type},
            missing=True,
        )
        return answer.response.is_success

    async def delete_manifest(self, repository: str, digest: str) -> bool:
        """Remove a manifest with all its tags; False where it was not there."""
        answer = await self._ask("DELETE", f"/v2/{repository}/manifests/{digest}", missing=True)
        return answer.response.is_success

    async def repositories(self) -> list[str]:
        """The names of all repositories."""
        return await self._listed("/v2/_catalog", "repositories")

    async def tags(self, repository: str) -> list[str]:
        """The tags of a repository; none where there is no such repository."""
        return await self._listed(f"/v2/{repository}/tags/list", "tags")

    async def _listed(self, path: str, key: str) -> list[str]:
        found: list[str] = []
        following: str | None = f"{path}?n=1000"
        for _ in range(PAGES):
            if following is None:
                break
            answer = await self._ask("GET", following, missing=True)
            if answer.status == 404:
                break
            found += json.loads(answer.content).get(key) or ()
            following = answer.response.links.get("next", {}).get("url")
        return found

    def _location(self, answer: RegistryResponse) -> str:
        place = urljoin(f"{self.url}/", str(answer.response.headers.get("Location", "")))
        # a registry behind a TLS proxy may return plain HTTP in Location
        plain = self.url.replace("https:", "http:", 1)
        return place.replace(plain, self.url, 1) if place.startswith(f"{plain}/") else place

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | AsyncIterator[bytes] | None = None,
        missing: bool = False,
        follow_redirects: bool = False,
    ) -> RegistryResponse:
        """One request; with `missing`, a 404 (or a blob unknown to a manifest) is an answer."""
        request = self._http.build_request(
            method, path, headers=headers, params=params, content=content
        )
        answer = await self._answer(request, follow_redirects)
        for pause in PAUSES:
            if method not in ("GET", "HEAD") or answer.status < 500:
                break
            await asyncio.sleep(pause)
            answer = await self._answer(request, follow_redirects)
        if answer.response.is_success or (missing and answer.is_missing):
            return answer
        raise registry_errors.refused(self.url, answer.response, answer.content)

    async def _answer(self, request: httpx.Request, follow_redirects: bool) -> RegistryResponse:
        try:
            response = await self._http.send(
                request, stream=True, follow_redirects=follow_redirects
            )
            try:
                return RegistryResponse(response, await self._read(response))
            finally:
                await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise registry_errors.away(self.url, error) from error

    async def _read(self, response: httpx.Response) -> bytes:
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > DOCUMENT_BYTES:
                raise registry_errors.too_large(self.url, DOCUMENT_BYTES)
        return bytes(content)


async def _pieces(file: Path) -> AsyncGenerator[bytes, None]:
    with file.open("rb") as stream:
        while piece := stream.read(PIECE):
            yield piece
