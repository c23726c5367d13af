"""HTTP to the platform, over the standard library's client.

`http.client` takes 27 ms to import where httpx takes 250: a redeploy has 500 ms in all. Decision
0006 has the figures. Answers are bounded; what streams is handed out piece by piece.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from plat_core.errors import Malformed, TooLarge
from plat_core.model.refs import FunctionRef

from plat_cli.faults import Problem, Refused, Unreachable
from plat_cli.settings import is_loopback

CONNECT_TIMEOUT = 5.0
ANSWER_BYTES = 64 * 1024 * 1024
PROBLEM_BYTES = 1024 * 1024
LINE_BYTES = 1024 * 1024
PATIENCE = 10.0
"""Seconds for which repeatable requests are tried again, once the platform was seen alive."""
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})

Body = bytes | Iterator[bytes] | None


class Client:
    """One platform: an address, a token, and a connection that is kept."""

    def __init__(
        self, url: str, token: str = "", *, timeout: float = 30.0, absent: str = ""
    ) -> None:
        """`absent` is what to type where nothing listens, if it is not the platform itself."""
        self.url = url
        self._absent = absent
        self._parts = urlsplit(url)
        self.token = token
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None
        self._seen_alive = False

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
        """One request, its answer not yet read; any status is an answer.

        `path` is already quoted. Raises Unreachable. A repeatable request whose connection breaks
        is sent again for ten seconds, in case the platform is being restarted.
        """
        target = self._parts.path + path + (f"?{urlencode(query)}" if query else "")
        fields = dict(headers or {})
        if self.token and "authorization" not in {name.lower() for name in fields}:
            fields["Authorization"] = f"Bearer {self.token}"
        deadline = time.monotonic() + (PATIENCE if self._seen_alive else 0.0)
        while True:
            try:
                return self._exchange(method, target, body, fields, timeout or self._timeout)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if method not in REPEATABLE or not _restarting(error, deadline):
                    failure = unreachable(self.url, error)
                    failure.fix = self._absent if failure.reason == "refused" else ""
                    raise failure from error
                time.sleep(0.1)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        document: object = None,
        timeout: float | None = None,
    ) -> Any:
        """One request with a JSON answer, None where it is empty; raises Refused, Unreachable."""
        return self.exchange(method, path, query=query, document=document, timeout=timeout)[0]

    def exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        document: object = None,
        timeout: float | None = None,
    ) -> tuple[Any, Mapping[str, str]]:
        """As `call`, with the answer's headers beside it, their names in lower case."""
        headers = {"Accept": "application/json"}
        body = None
        if document is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(document).encode()
        answer = self.send(method, path, query=query, body=body, headers=headers, timeout=timeout)
        raise_for_problem(answer)
        found = {name.lower(): value for name, value in answer.getheaders()}
        return parse(self._read(answer), self.url), found

    def events(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Iterator[dict[str, Any]]:
        """The objects of a stream of JSON lines, as they come; raises Refused, Unreachable."""
        fields = {"Accept": "application/x-ndjson", **(headers or {})}
        answer = self.send(method, path, query=query, body=body, headers=fields, timeout=timeout)
        raise_for_problem(answer)
        try:
            while line := answer.readline(LINE_BYTES + 1):
                if len(line) > LINE_BYTES:
                    raise TooLarge(f"{self.url} sent a line of more than {LINE_BYTES} bytes")
                if line.strip():
                    yield _object(line, self.url)
        except (OSError, http.client.HTTPException) as error:
            raise unreachable(self.url, error) from error
        finally:
            if not answer.isclosed():
                self.close()

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(
        self, method: str, target: str, body: Body, headers: Mapping[str, str], timeout: float
    ) -> http.client.HTTPResponse:
        if self._connection is not None and method not in REPEATABLE:
            # a kept connection may be dead already, and this request may not be sent twice
            self.close()
        connection = self._connection or self._connect()
        self._connection = connection
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        prefix = f"http://{self._parts.netloc}" if getattr(connection, "absolute", False) else ""
        sized = isinstance(body, bytes) or "Content-Length" in headers
        chunked = body is not None and not sized
        fields = {**headers, **({"Transfer-Encoding": "chunked"} if chunked else {})}
        answer = _asked(connection, method, prefix + target, body, fields)
        self._seen_alive = True
        return answer

    def _connect(self) -> http.client.HTTPConnection:
        from plat_cli.proxies import connection_to

        connection = connection_to(self._parts, os.environ, CONNECT_TIMEOUT)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        try:
            content = answer.read(ANSWER_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise unreachable(self.url, error) from error
        if len(content) > ANSWER_BYTES:
            self.close()
            raise TooLarge(f"{self.url} sent an answer of more than {ANSWER_BYTES} bytes")
        return content


def _asked(
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
        # refused in the middle of the body: the answer that says why may be there already
        try:
            return connection.getresponse()
        except (OSError, http.client.HTTPException):
            raise error from None
    return connection.getresponse()


def function_path(ref: FunctionRef) -> str:
    """The path of a function in the management API."""
    return f"/functions/{quote(ref.name, safe='')}"


def namespaced(ref: FunctionRef) -> dict[str, str]:
    """The query that names the namespace, which is left out for the default one."""
    return {} if ref.namespace == "default" else {"namespace": ref.namespace}


def raise_for_problem(answer: http.client.HTTPResponse) -> None:
    """Raise Refused for a status of 400 or above."""
    if answer.status < 400:
        return
    content = answer.read(PROBLEM_BYTES)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    raise Refused(Problem.read(answer.status, document, answer.getheader("X-Call-Id", "")))


def parse(content: bytes, url: str) -> Any:
    """A JSON answer; raises Malformed where it is none."""
    if not content:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        start = content[:80].decode("utf-8", "replace")
        raise Malformed(
            f"{url} does not speak plat's API: it answered {start!r}", fix="check API_URL"
        ) from error


def unreachable(url: str, error: Exception) -> Unreachable:
    """The same failure in plat's words."""
    if isinstance(error, ConnectionRefusedError):
        return Unreachable(url, "refused", f"nothing listens at {url}")
    if isinstance(error, socket.gaierror):
        return Unreachable(url, "unknown-host", f"the host of {url} is not known")
    if isinstance(error, TimeoutError):
        return Unreachable(url, "timeout", f"{url} did not answer in time")
    if isinstance(error, ssl.SSLError):
        return Unreachable(url, "tls", f"no trusted connection to {url}: {error}")
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
