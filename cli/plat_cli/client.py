"""The HTTP client of the platform, built on the standard library.

`http.client` takes 27 ms to import and httpx 250 ms, while a redeploy may take 500 ms. Decision
0006 has the figures. Responses have a maximum size, and streams are read in chunks.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import quote, urlencode, urlsplit

from plat_core.backoff import Backoff
from plat_core.errors import Malformed, TooLarge
from plat_core.model.refs import FunctionRef

from plat_cli.errors import ReceivedProblem, RequestRejected, Unreachable
from plat_cli.settings import is_loopback

if TYPE_CHECKING:
    from typing import Unpack

CONNECT_TIMEOUT = 5.0
MAX_RESPONSE_BYTES = 64 * 1024 * 1024
MAX_PROBLEM_BYTES = 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024
RETRY_SECONDS = 10.0
"""How long to retry idempotent requests after the platform responded at least once."""
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})

Body = bytes | Iterator[bytes] | None


class RequestOptions(TypedDict, total=False):
    """Options of every request."""

    query: Mapping[str, str]
    timeout: float


class JsonOptions(RequestOptions, total=False):
    """Options of a request with a JSON response; `document` is sent as JSON."""

    document: object


class StreamOptions(RequestOptions, total=False):
    """Options of a request whose response is read as a stream."""

    body: Body
    headers: Mapping[str, str]


class Client:
    """Sends requests to one platform over one kept-alive connection."""

    def __init__(
        self, url: str, token: str = "", *, timeout: float = 30.0, absent: str = ""
    ) -> None:
        """`absent` is the advice to show when the connection is refused."""
        self.url = url
        self._absent = absent
        self._parts = urlsplit(url)
        self.token = token
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._responded = False

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> http.client.HTTPResponse:
        """Send a request and return its response, with the body unread, whatever its status.

        `path` must be quoted. Raises Unreachable. If the connection breaks, an idempotent request
        is retried for ten seconds, because the platform may be restarting.
        """
        target = self._parts.path + path + (f"?{urlencode(query)}" if query else "")
        fields = dict(headers or {})
        if self.token and "authorization" not in {name.lower() for name in fields}:
            fields["Authorization"] = f"Bearer {self.token}"
        backoff = Backoff(initial=0.05, maximum=0.2)
        deadline = time.monotonic() + (RETRY_SECONDS if self._responded else 0.0)
        while True:
            try:
                return self._exchange(method, target, body, fields, timeout or self._timeout)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if method not in IDEMPOTENT or not _restarting(error, deadline):
                    failure = unreachable(self.url, error)
                    failure.fix = self._absent if failure.reason == "refused" else ""
                    raise failure from error
                time.sleep(backoff.next_delay())

    def call(self, method: str, path: str, **options: Unpack[JsonOptions]) -> Any:
        """Return the JSON body of a response, or None if it is empty.

        Raises RequestRejected and Unreachable.
        """
        return self.exchange(method, path, **options)[0]

    def exchange(
        self, method: str, path: str, *, document: object = None, **options: Unpack[RequestOptions]
    ) -> tuple[Any, Mapping[str, str]]:
        """Like `call`, but also return the headers of the response, with lower-case names."""
        headers = {"Accept": "application/json"}
        body = None
        if document is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(document).encode()
        response = self.send(method, path, body=body, headers=headers, **options)
        raise_for_problem(response)
        found = {name.lower(): value for name, value in response.getheaders()}
        return parse(self._read(response), self.url), found

    def events(
        self, method: str, path: str, **options: Unpack[StreamOptions]
    ) -> Iterator[dict[str, Any]]:
        """Yield the objects of a stream of JSON lines as they arrive.

        Raises RequestRejected and Unreachable.
        """
        options["headers"] = {"Accept": "application/x-ndjson", **options.get("headers", {})}
        response = self.send(method, path, **options)
        raise_for_problem(response)
        try:
            while line := response.readline(MAX_LINE_BYTES + 1):
                if len(line) > MAX_LINE_BYTES:
                    raise TooLarge(f"{self.url} sent a line of more than {MAX_LINE_BYTES} bytes")
                if line.strip():
                    yield _object(line, self.url)
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(self.url, error) from error
        finally:
            if not response.isclosed():
                self.close()

    def close(self) -> None:
        """Close the connection. The next request opens a new one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(
        self, method: str, target: str, body: Body, headers: Mapping[str, str], timeout: float
    ) -> http.client.HTTPResponse:
        if self._connection is not None and method not in IDEMPOTENT:
            # The server may have closed this connection, and the request must not be sent twice.
            self.close()
        connection = self._connection or self._connect()
        self._connection = connection
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        prefix = f"http://{self._parts.netloc}" if getattr(connection, "absolute", False) else ""
        sized = isinstance(body, bytes) or "Content-Length" in headers
        chunked = body is not None and not sized
        fields = {**headers, **({"Transfer-Encoding": "chunked"} if chunked else {})}
        response = _request(connection, method, prefix + target, body, fields)
        self._responded = True
        return response

    def _connect(self) -> http.client.HTTPConnection:
        from plat_cli.proxies import connection_to

        connection = connection_to(self._parts, os.environ, CONNECT_TIMEOUT)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        try:
            content = response.read(MAX_RESPONSE_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise unreachable(self.url, error) from error
        if len(content) > MAX_RESPONSE_BYTES:
            self.close()
            raise TooLarge(f"{self.url} sent a response of more than {MAX_RESPONSE_BYTES} bytes")
        return content


def _request(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: Body,
    headers: Mapping[str, str],
) -> http.client.HTTPResponse:
    chunked = "Transfer-Encoding" in headers
    try:
        connection.request(method, target, body, headers, encode_chunked=chunked)
    except (BrokenPipeError, ConnectionResetError) as error:
        # The server may send a response with the reason before it closes the connection.
        try:
            return connection.getresponse()
        except (OSError, http.client.HTTPException):
            raise error from None
    return connection.getresponse()


def function_path(ref: FunctionRef) -> str:
    """Return the path of a function in the management API."""
    return f"/functions/{quote(ref.name, safe='')}"


def namespaced(ref: FunctionRef) -> dict[str, str]:
    """Return the query that selects the namespace; it is empty for the default one."""
    return {} if ref.namespace == "default" else {"namespace": ref.namespace}


def raise_for_problem(response: http.client.HTTPResponse) -> None:
    """Raise RequestRejected if the status is 400 or above."""
    if response.status < 400:
        return
    content = response.read(MAX_PROBLEM_BYTES)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    raise RequestRejected(
        ReceivedProblem.read(response.status, document, response.getheader("X-Call-Id", ""))
    )


def parse(content: bytes, url: str) -> Any:
    """Parse a JSON response. Raises Malformed if it is not JSON."""
    if not content:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        start = content[:80].decode("utf-8", "replace")
        raise Malformed(
            f"{url} is not a plat API: it responded with {start!r}", fix="check API_URL"
        ) from error


def unreachable(url: str, error: Exception) -> Unreachable:
    """Convert an error of the standard library to Unreachable."""
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(url, "refused", f"nothing listens at {url}")
    if isinstance(error, socket.gaierror):
        return Unreachable(url, "unknown-host", f"the host of {url} cannot be resolved")
    if isinstance(error, TimeoutError):
        return Unreachable(url, "timeout", f"{url} did not respond in time")
    if isinstance(error, ssl.SSLError):
        return Unreachable(url, "tls", f"the TLS connection to {url} failed: {error}")
    return Unreachable(url, "broken", f"the connection to {url} broke: {error or type(error)}")


def _object(line: bytes, url: str) -> dict[str, Any]:
    value = parse(line, url)
    if not isinstance(value, dict):
        raise Malformed(f"{url} sent a line that is not a JSON object")
    return value


def _restarting(error: Exception, deadline: float) -> bool:
    if time.monotonic() >= deadline:
        return False
    broken = (ConnectionError, http.client.RemoteDisconnected, http.client.BadStatusLine)
    return isinstance(error, broken)


__all__ = ["Client", "function_path", "is_loopback", "namespaced"]
