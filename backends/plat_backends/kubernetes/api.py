"""The seam to the API server: JSON over HTTP, with bounded writes and the errors of the house.

kr8s knows how to log in (kubeconfig, service account, exec plugins, rotated tokens), aiohttp
carries the requests: docs/decisions/0020.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
from kr8s._auth import KubeAuth
from plat_core.errors import Conflict, PlatError, Unavailable

from plat_backends.kubernetes.bucket import TokenBucket
from plat_backends.kubernetes.kinds import Document

log = logging.getLogger(__name__)

TIMEOUT: Final = 30.0
WATCH_TIMEOUT: Final = 300
"""Seconds after which the API server ends a watch, and we begin the next."""
WRITES: Final = 500.0
"""Writes a second, and in a burst, that this process may make: docs/decisions/0020."""

JSON: Final = "application/json"
MERGE: Final = "application/merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"
NO_ANSWER: Final = (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError)


class ApiError(Unavailable):
    """The API server refused: `reason` is its own word, `code` its HTTP status."""

    def __init__(self, http_status: int, reason: str, message: str) -> None:
        super().__init__(f"the Kubernetes API answered {http_status}: {message or reason}")
        self.http_status = http_status
        self.reason = reason


class Missing(ApiError):
    """There is no such object."""


class Expired(ApiError):
    """The version that a watch was to begin at is too old: list again."""


class Refused(ApiError):
    """The API server will never take this request: a rule, a quota or a policy is against it."""


class Api:
    """One API server, as one identity."""

    def __init__(self, auth: KubeAuth, session: aiohttp.ClientSession, writes: TokenBucket) -> None:
        self._auth = auth
        self._session = session
        self._writes = writes
        self.written = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls, kubeconfig: str | None = None, *, rate: float = WRITES
    ) -> AsyncIterator[Api]:
        """Log in by `kubeconfig`, `$KUBECONFIG`, or the pod's service account.

        Raises Unavailable where none of them leads anywhere.
        """
        auth = KubeAuth(kubeconfig=kubeconfig)
        try:
            await auth.reauthenticate()
        except (ValueError, OSError) as error:
            raise Unavailable(
                f"there is no way into a Kubernetes cluster: {error}",
                fix="set KUBECONFIG, or run inside the cluster",
            ) from error
        tls = await auth.ssl_context()  # type: ignore[no-untyped-call]
        connector = aiohttp.TCPConnector(ssl=tls, limit=100)
        async with aiohttp.ClientSession(
            auth.server,
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT),
            headers={"User-Agent": "plat"},
            skip_auto_headers=("Accept-Encoding",),
        ) as session:
            yield cls(auth, session, TokenBucket(rate, rate))

    async def read(self, path: str, *, accept: str = JSON, **parameters: str) -> Document:
        """GET; raises Missing, Expired, Unavailable."""
        return await self._request("GET", path, parameters=parameters, accept=accept)

    async def create(self, path: str, document: Document, *, manager: str) -> Document:
        """POST a new object; raises Conflict where there is one of that name."""
        return await self._write("POST", path, document, fieldManager=manager)

    async def replace(self, path: str, document: Document, *, manager: str) -> Document:
        """PUT an object; raises Conflict where its resourceVersion is not the stored one."""
        return await self._write("PUT", path, document, fieldManager=manager)

    async def apply(
        self, path: str, document: Document, *, manager: str, force: bool = True
    ) -> Document:
        """Server-side apply: what `document` says becomes so, everything else stays.

        Raises Conflict where a field is another manager's and not taken by `force`.
        """
        forced = {"force": "true"} if force else {}
        return await self._write(
            "PATCH", path, document, content=APPLY, fieldManager=manager, **forced
        )

    async def merge(self, path: str, change: Document, *, manager: str) -> Document:
        """Replace the fields of `change`; null removes one."""
        return await self._write("PATCH", path, change, content=MERGE, fieldManager=manager)

    async def delete(
        self, path: str, *, propagation: str = "Background", uid: str = ""
    ) -> Document | None:
        """DELETE; None where it was not there. With `uid`, only that very object."""
        options: Document = {"propagationPolicy": propagation}
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            return await self._write("DELETE", path, options)
        except Missing:
            return None

    async def lines(
        self, path: str, *, accept: str = JSON, silence: float = WATCH_TIMEOUT, **parameters: str
    ) -> AsyncGenerator[bytes, None]:
        """The lines of an answer that goes on, each without its end.

        Raises Unavailable after `silence` seconds without a byte.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT, sock_read=silence)
        headers = {"Accept": accept}
        options = {"timeout": timeout, "headers": headers}
        try:
            async with await self._good("GET", path, parameters, options) as answer:
                rest = b""
                async for data in answer.content.iter_any():
                    *whole, rest = (rest + data).split(b"\n")
                    for line in whole:
                        yield line
                if rest:
                    yield rest
        except NO_ANSWER as error:
            raise _silent(error) from error

    async def _write(
        self, method: str, path: str, body: Document, *, content: str = JSON, **parameters: str
    ) -> Document:
        await self._writes.take()
        self.written += 1
        log.debug("%s %s", method, path)
        return await self._request(method, path, parameters=parameters, body=body, content=content)

    async def _request(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str],
        body: Document | None = None,
        content: str = JSON,
        accept: str = JSON,
    ) -> Document:
        data = None if body is None else encoded(body)
        headers = {"Accept": accept} | ({"Content-Type": content} if data else {})
        options = {"data": data, "headers": headers}
        try:
            async with await self._good(method, path, parameters, options) as answer:
                document: Document = json.loads(await answer.read())
                return document
        except NO_ANSWER as error:
            raise _silent(error) from error

    async def _good(
        self, method: str, path: str, parameters: Mapping[str, str], options: Mapping[str, Any]
    ) -> aiohttp.ClientResponse:
        """The answer to a request, if it is a good one; an outdated token is read again once."""
        answer = await self._send(method, path, parameters, options)
        if answer.status == 401:
            answer.release()
            await self._auth.reauthenticate()
            answer = await self._send(method, path, parameters, options)
        if answer.status >= 400:
            async with answer:
                raise _error(answer.status, await answer.read())
        return answer

    async def _send(
        self, method: str, path: str, parameters: Mapping[str, str], options: Mapping[str, Any]
    ) -> aiohttp.ClientResponse:
        headers = dict(options.get("headers", {}))
        if self._auth.token:
            headers["Authorization"] = f"Bearer {self._auth.token}"
        rest = {key: value for key, value in options.items() if key != "headers"}
        return await self._session.request(method, path, params=parameters, headers=headers, **rest)


def encoded(body: Document) -> bytes:
    """As the API server itself writes JSON.

    It compares the data of a ControllerRevision byte by byte: written in another way, nobody could
    change so much as its owner any more, and the garbage collector would wait for ever.
    """
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode()


def _silent(error: BaseException) -> Unavailable:
    return Unavailable(f"the Kubernetes API does not answer: {error!r}")


def _error(code: int, body: bytes) -> PlatError:
    try:
        status = json.loads(body)
    except ValueError:
        status = {}
    reason = str(status.get("reason", ""))
    message = str(status.get("message", "")) or body[:300].decode(errors="replace")
    return error_of(code, reason, message)


def error_of(code: int, reason: str, message: str) -> PlatError:
    """The error of the house for a `Status` of the API."""
    if code == 404:
        return Missing(code, reason, message)
    if code == 409:
        return Conflict(message, fix="read it again")
    if code == 410:
        return Expired(code, reason, message)
    if code in (400, 403, 413, 422):
        return Refused(code, reason, message)
    return ApiError(code, reason, message)
