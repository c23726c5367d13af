"""A fake platform: a small HTTP server with the API of the gateway."""

import hashlib
import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "test-token"


class Platform:
    """The state of the server. Tests read and change it."""

    def __init__(self) -> None:
        self.functions: dict[str, dict[str, Any]] = {}
        self.secrets: dict[str, dict[str, str]] = {}
        self.notices: dict[str, str] = {}
        self.digests: set[str] = set()
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.log_lines: list[dict[str, Any]] = []
        self.start_failure: tuple[str, str, str] | None = None
        self.never_ready = False
        self.drop_next = 0
        self.url = ""

    def paths(self) -> list[str]:
        return [f"{method} {urlsplit(path).path}" for method, path, _, _ in self.requests]

    def put(self, name: str, document: dict[str, Any]) -> tuple[int, dict[str, Any], bool]:
        old = self.functions.get(name)
        if old and "scale" not in document["spec"]:
            document["spec"]["scale"] = old["spec"]["scale"]
        metadata = document.get("metadata", {})
        annotations = metadata.get("annotations", {})
        if old and old["spec"] == _full(document["spec"]):
            return 200, old, True
        generation = old["metadata"]["generation"] + 1 if old else 1
        function = {
            "apiVersion": "plat.dev/v1alpha1",
            "kind": "Function",
            "metadata": {
                "name": name,
                "namespace": "default",
                "annotations": annotations,
                "generation": generation,
                "resourceVersion": str(time.monotonic_ns()),
                "creationTimestamp": datetime.now(UTC).isoformat(),
            },
            "spec": _full(document["spec"]),
        }
        serving = old["status"]["revision"] if old else None
        function["status"] = self.status(name, generation, serving)
        self.functions[name] = function
        return (200 if old else 201), function, False

    def status(self, name: str, generation: int, serving: str | None) -> dict[str, Any]:
        newest = f"{name}-{generation}"
        reason, message, fix = self.start_failure or ("Serving", "", "")
        failed = self.start_failure is not None
        ready = "Unknown" if self.never_ready else "False" if failed else "True"
        progressing = "True" if self.never_ready else "False"
        return {
            "observedGeneration": generation,
            "conditions": [
                {"type": "Ready", "status": ready, "reason": reason, "message": message},
                {"type": "Progressing", "status": progressing, "reason": reason},
            ],
            "hints": [{"reason": reason, "fix": fix}] if fix else [],
            "revision": serving if failed or self.never_ready else newest,
            "latestRevision": newest,
            "replicas": 1,
            "readyReplicas": 0 if failed else 1,
            "url": f"{self.url}/function/{name}",
        }

    def build(self, name: str, body: bytes, media_type: str) -> Iterator[dict[str, Any]]:
        files = _files(body, media_type)
        yield {"type": "log", "text": f"{len(files)} files", "stream": "stdout"}
        if b"broken-package" in files.get("requirements.txt", b""):
            line = "requirements.txt:1: broken-package==99"
            yield {"type": "failed", "message": "broken-package==99 does not exist", "line": line}
            return
        yield {"type": "step", "name": "environment", "seconds": 0.01, "cached": True}
        digest = hashlib.sha256(body).hexdigest()
        unchanged = digest in self.digests
        self.digests.add(digest)
        yield {
            "type": "finished",
            "image": f"embedded/{name}@sha256:{digest}",
            "digest": f"sha256:{digest}",
            "runtime": "python",
            "handler": "app:handler",
            "unchanged": unchanged,
        }


def _full(spec: dict[str, Any]) -> dict[str, Any]:
    scale = {"min": 0, "max": 10, "idle": "60s", **spec.get("scale", {})}
    defaults = {"timeout": "30s", "concurrency": 20, "access": "token", "env": [], "secrets": []}
    return {**defaults, "suspend": False, **spec, "scale": scale}


def _files(body: bytes, media_type: str) -> dict[str, bytes]:
    if media_type != "application/zip":
        return {"app.py": body}
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    platform: Platform

    def log_message(self, format: str, *args: object) -> None:
        """Tests read `Platform.requests` instead."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def route(self) -> None:
        body = self._body()
        self.platform.requests.append((self.command, self.path, dict(self.headers.items()), body))
        if self.platform.drop_next:
            self.platform.drop_next -= 1
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        head, *rest = [unquote(part) for part in parts.path.split("/")[1:]]
        if head in ("healthz", "readyz"):
            self._json(200, {"status": "ok"})
        elif head == "function":
            self._call(rest, query, body)
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._problem(401, "unauthenticated", "the token is invalid")
        else:
            getattr(self, f"on_{head}")(rest, query, body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = route

    def on_system(self, rest: list[str], query: dict[str, str], body: bytes) -> None:
        self._json(200, {"version": "0.1.0", "backend": "embedded"})

    def on_build(self, rest: list[str], query: dict[str, str], body: bytes) -> None:
        media_type = self.headers["Content-Type"]
        self._lines(self.platform.build(query["name"], body, media_type))

    def on_functions(self, rest: list[str], query: dict[str, str], body: bytes) -> None:
        functions = self.platform.functions
        if not rest:
            self._json(200, {"items": list(functions.values())})
            return
        name, verb = rest[0], (rest[1] if len(rest) > 1 else "")
        if self.command == "PUT" and not verb:
            status, function, unchanged = self.platform.put(name, json.loads(body))
            self._json(status, function, {"X-Plat-Unchanged": "true"} if unchanged else {})
        elif name not in functions:
            self._problem(404, "function-not-found", f"there is no function {name}")
        elif self.command == "DELETE":
            self._json(202, functions.pop(name))
        elif verb == "":
            self._json(200, functions[name])
        else:
            self._verb(name, verb, query, body)

    def _verb(self, name: str, verb: str, query: dict[str, str], body: bytes) -> None:
        function = self.platform.functions[name]
        if verb == "logs":
            self._lines(iter(self.platform.log_lines))
            return
        if verb == "notice":
            self.platform.notices[name] = json.loads(body)["text"]
        elif verb == "scale":
            function["spec"]["scale"] |= json.loads(body)
        elif verb in ("start", "stop"):
            function["spec"]["suspend"] = verb == "stop"
        elif verb == "replicas":
            replica = {"id": f"{name}-1-a", "revision": 1, "state": "ready", "restarts": 0}
            self._json(200, {"items": [replica]})
            return
        elif verb == "revisions":
            revision = {"name": f"{name}-1", "image": function["spec"]["image"], "serving": True}
            self._json(200, {"items": [revision]})
            return
        self._json(200, function)

    def on_secrets(self, rest: list[str], query: dict[str, str], body: bytes) -> None:
        secrets = self.platform.secrets
        if not rest:
            items = [{"name": name, "keys": sorted(values)} for name, values in secrets.items()]
            self._json(200, {"items": items})
        elif self.command == "PUT":
            secrets[rest[0]] = json.loads(body)["values"]
            self._json(200, {"name": rest[0]})
        elif secrets.pop(rest[0], None) is None:
            self._problem(404, "secret-not-found", f"there is no secret {rest[0]}")
        else:
            self._json(200, {})

    def _call(self, rest: list[str], query: dict[str, str], body: bytes) -> None:
        if rest[0] not in self.platform.functions:
            code = "function-not-found"
            self._problem(404, code, f"there is no function {rest[0]}", {"X-Plat-Answer": code})
            return
        status = int(query.get("status", "200"))
        sent = {name.lower(): value for name, value in self.headers.items()}
        echo = {"method": self.command, "path": self.path, "headers": sent}
        content = body or json.dumps(echo).encode()
        self._answer(status, content, {"X-Call-Id": "call-1", "Content-Type": "text/plain"})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _lines(self, lines: Iterator[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in lines:
            content = json.dumps(line).encode() + b"\n"
            self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        self.wfile.write(b"0\r\n\r\n")

    def _json(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        given = {"Content-Type": "application/json", **(headers or {})}
        self._answer(status, json.dumps(value).encode(), given)

    def _problem(
        self, status: int, code: str, detail: str, headers: dict[str, str] | None = None
    ) -> None:
        problem = {"title": code, "status": status, "detail": detail, "code": code}
        self._json(status, {**problem, "callId": "call-9"}, headers)

    def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving() -> Iterator[Platform]:
    platform = Platform()
    handler = type("Bound", (Handler,), {"platform": platform})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    platform.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield platform
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
