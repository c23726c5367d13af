"""Client of the API server: JSON documents over HTTP, and a limit on writes.

Only this module imports the `kubernetes` package. The package loads the configuration, refreshes
tokens and opens connections. Its typed models are not used: docs/decisions/0025.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from kubernetes.aio.config import (
    KUBE_CONFIG_DEFAULT_LOCATION,
    ConfigException,
    load_incluster_config,
    load_kube_config,
)
from plat_core.errors import Unavailable
from yaml import YAMLError

from plat_backends.kubernetes.api_errors import ObjectNotFound, error_of_response
from plat_backends.kubernetes.kinds import Document
from plat_backends.token_bucket import TokenBucket

log = logging.getLogger(__name__)

TIMEOUT: Final = 30.0
WATCH_TIMEOUT: Final = 300
"""Seconds after which the API server ends a watch, and the reflector starts the next."""
WRITES: Final = 500.0
"""Maximum writes per second, and in a burst, of this process: docs/decisions/0020."""
MAX_CONNECTIONS: Final = 100

JSON: Final = "application/json"
MERGE: Final = "application/merge-patch+json"
APPLY: Final = "application/apply-patch+yaml"
TRANSPORT_ERRORS: Final = (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError)
# the loaders of the package raise one of these for an invalid file
CONFIGURATION_ERRORS: Final = (ConfigException, YAMLError, ValueError, TypeError, OSError)


class RawTransport(RESTClientObject):
    """Connections of the `kubernetes` package, for bodies that are encoded already.

    The package encodes a body itself, in another form than `encoded`.
    """

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str], **options: Any
    ) -> aiohttp.ClientResponse:
        """Send a request; raises one of `TRANSPORT_ERRORS`."""
        if self.pool_manager is None:
            self.pool_manager = self._create_pool_manager()
        if self.configuration.tls_server_name:
            options["server_hostname"] = self.configuration.tls_server_name
        return await self.pool_manager.request(
            method,
            url,
            headers=headers,
            proxy=self.proxy,
            proxy_headers=self.proxy_headers,
            **options,
        )


class Api:
    """Client of one API server with one identity."""

    def __init__(
        self,
        configuration: Configuration,
        transport: RawTransport,
        writes: TokenBucket,
        *,
        kubeconfig: str | None = None,
    ) -> None:
        self._configuration = configuration
        self._transport = transport
        self._writes = writes
        self._kubeconfig = kubeconfig
        self.write_count = 0

    @classmethod
    @asynccontextmanager
    async def open(
        cls, kubeconfig: str | None = None, *, rate: float = WRITES
    ) -> AsyncIterator[Api]:
        """Connect with `kubeconfig`, `$KUBECONFIG`, `~/.kube/config` or the service account.

        Raises Unavailable if none of them gives a configuration.
        """
        configuration = Configuration()
        configuration.connection_pool_maxsize = MAX_CONNECTIONS
        configuration.client_session_kwargs = {
            "timeout": aiohttp.ClientTimeout(total=TIMEOUT),
            "headers": {"User-Agent": "plat"},
            "skip_auto_headers": ("Accept-Encoding",),
            # HTTP_PROXY is for traffic of replicas, not for the API server
            "trust_env": False,
        }
        try:
            await _configure(configuration, kubeconfig)
            transport = RawTransport(configuration)
        except CONFIGURATION_ERRORS as error:
            raise Unavailable(
                f"no configuration for a Kubernetes cluster: {error}",
                fix="set KUBECONFIG, or run inside the cluster",
            ) from error
        try:
            yield cls(configuration, transport, TokenBucket(rate, rate), kubeconfig=kubeconfig)
        finally:
            await transport.close()

    async def read(self, path: str, *, accept: str = JSON, **parameters: str) -> Document:
        """GET; raises ObjectNotFound, WatchExpired, Unavailable."""
        return await self._request("GET", path, parameters=parameters, accept=accept)

    async def create(self, path: str, document: Document, *, manager: str) -> Document:
        """POST a new object; raises Conflict if the name is in use."""
        return await self._write("POST", path, document, fieldManager=manager)

    async def replace(self, path: str, document: Document, *, manager: str) -> Document:
        """PUT an object; raises Conflict if its resourceVersion is not the stored one."""
        return await self._write("PUT", path, document, fieldManager=manager)

    async def apply(
        self, path: str, document: Document, *, manager: str, force: bool = True
    ) -> Document:
        """Apply the fields of `document` on the server, and leave all others unchanged.

        Raises Conflict if another manager owns a field and `force` is false.
        """
        forced = {"force": "true"} if force else {}
        return await self._write(
            "PATCH", path, document, content=APPLY, fieldManager=manager, **forced
        )

    async def merge(self, path: str, change: Document, *, manager: str) -> Document:
        """Replace the fields of `change`; null removes a field."""
        return await self._write("PATCH", path, change, content=MERGE, fieldManager=manager)

    async def delete(
        self, path: str, *, propagation: str = "Background", uid: str = ""
    ) -> Document | None:
        """DELETE, and return None if the object does not exist.

        With `uid`, delete only the object with this uid.
        """
        options: Document = {"propagationPolicy": propagation}
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            return await self._write("DELETE", path, options)
        except ObjectNotFound:
            return None

    async def lines(
        self,
        path: str,
        *,
        accept: str = JSON,
        read_timeout: float = WATCH_TIMEOUT,
        **parameters: str,
    ) -> AsyncGenerator[bytes, None]:
        """Yield the lines of a streamed response, without their line ends.

        Raises Unavailable after `read_timeout` seconds without a byte.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=TIMEOUT, sock_read=read_timeout)
        options = {"timeout": timeout, "headers": {"Accept": accept}}
        try:
            async with await self._checked("GET", path, parameters, options) as response:
                rest = b""
                async for data in response.content.iter_any():
                    *complete, rest = (rest + data).split(b"\n")
                    for line in complete:
                        yield line
                if rest:
                    yield rest
        except TRANSPORT_ERRORS as error:
            raise _no_response(error) from error

    async def _write(
        self, method: str, path: str, body: Document, *, content: str = JSON, **parameters: str
    ) -> Document:
        await self._writes.take()
        self.write_count += 1
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
            async with await self._checked(method, path, parameters, options) as response:
                document: Document = json.loads(await response.read())
                return document
        except TRANSPORT_ERRORS as error:
            raise _no_response(error) from error

    async def _checked(
        self, method: str, path: str, parameters: Mapping[str, str], options: Mapping[str, Any]
    ) -> aiohttp.ClientResponse:
        """Return a successful response; after a 401, load the credentials again and retry once."""
        response = await self._send(method, path, parameters, options)
        if response.status == 401:
            response.release()
            try:
                await _configure(self._configuration, self._kubeconfig)
            except CONFIGURATION_ERRORS as error:
                raise Unavailable(f"cannot load the credentials again: {error}") from error
            response = await self._send(method, path, parameters, options)
        if response.status >= 400:
            async with response:
                raise error_of_response(response.status, await response.read())
        return response

    async def _send(
        self, method: str, path: str, parameters: Mapping[str, str], options: Mapping[str, Any]
    ) -> aiohttp.ClientResponse:
        headers = dict(options.get("headers", {}))
        # a service account's token is read again each minute, as the kubelet rotates it
        if token := await self._configuration.get_api_key_with_prefix("BearerToken"):
            headers["Authorization"] = token
        rest = {key: value for key, value in options.items() if key != "headers"}
        url = f"{self._configuration.host}{path}"
        return await self._transport.send(method, url, headers=headers, params=parameters, **rest)


async def _configure(configuration: Configuration, kubeconfig: str | None) -> None:
    """Set the server and the credentials of `configuration`; raises `CONFIGURATION_ERRORS`."""
    files = kubeconfig or KUBE_CONFIG_DEFAULT_LOCATION
    if kubeconfig or _any_exists(files):
        await load_kube_config(  # type: ignore[no-untyped-call]
            files, client_configuration=configuration, persist_config=False
        )
    else:
        load_incluster_config(configuration)  # type: ignore[no-untyped-call]


def _any_exists(files: str) -> bool:
    return any(Path(file).expanduser().exists() for file in files.split(os.pathsep) if file)


def encoded(body: Document) -> bytes:
    """Encode JSON in the form of the API server.

    It compares the data of a ControllerRevision byte by byte. In another form every later change of
    the object would fail, even one of its owner, and the garbage collector could not delete it.
    """
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode()


def _no_response(error: BaseException) -> Unavailable:
    return Unavailable(f"the Kubernetes API does not respond: {error!r}")
