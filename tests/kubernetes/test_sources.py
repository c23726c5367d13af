"""The builder of the cluster fetches git repositories and archives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .functions import Functions
from .installation import Gateway, path
from .process import until

pytestmark = [
    *(pytest.mark.kubernetes, pytest.mark.slow, pytest.mark.timeout(300)),
    pytest.mark.usefixtures("base_images"),
]

OTHER = "sha256:" + "0" * 64
SERVER = """
import io, os, pathlib, subprocess, tarfile
from http.server import BaseHTTPRequestHandler, HTTPServer

APP = "def handler(request):\\n    return {!r}\\n"
ROOT = pathlib.Path("/tmp/served")
NOBODY = {"GIT_" + who + of: "x" for who in ("AUTHOR_", "COMMITTER_") for of in ("NAME", "EMAIL")}

def git(*words):
    env = {**os.environ, **NOBODY, "HOME": "/tmp"}
    subprocess.run(["git", *words], cwd=ROOT / "repo", env=env, check=True)

(ROOT / "repo/fn").mkdir(parents=True)
(ROOT / "repo/fn/app.py").write_text(APP.format("from git"))
git("init", "--quiet", "--initial-branch=main")
git("add", "--all")
git("commit", "--quiet", "--message=x")
with tarfile.open(ROOT / "fn.tar.gz", "w:gz") as archive:
    member = tarfile.TarInfo("fn-1.0/app.py")
    content = APP.format("from an archive").encode()
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/fn.tar.gz":
            return self.answer("200", {}, (ROOT / "fn.tar.gz").read_bytes())
        place, _, query = self.path.partition("?")
        env = {"GIT_PROJECT_ROOT": str(ROOT), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": place,
               "QUERY_STRING": query, "REQUEST_METHOD": self.command, "HOME": "/tmp",
               "CONTENT_TYPE": self.headers.get("Content-Type", ""),
               "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
               "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""), "PATH": os.environ["PATH"]}
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        env["CONTENT_LENGTH"] = str(len(body))
        done = subprocess.run(["git", "http-backend"], env=env, input=body, capture_output=True)
        head, _, rest = done.stdout.partition(b"\\r\\n\\r\\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\\r\\n"))
        self.answer(fields.pop("Status", "200"), fields, rest)
    do_POST = do_GET

    def answer(self, status, fields, body):
        self.send_response(int(status.split()[0]))
        for name, value in {**fields, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

HTTPServer(("", 8080), Handler).serve_forever()
"""


def _url(functions: Functions) -> str:
    return f"http://sources.{functions.namespace}:8080"


def serve(functions: Functions, url: str) -> None:
    """Serve both at `url`, from a pod with the image of the builder, which contains git."""
    labels = {"plat-test": "sources"}
    container = {
        "name": "sources",
        "image": "localhost:5001/plat-builder:test",
        "command": ["python", "-c", SERVER],
        "readinessProbe": {"httpGet": {"path": "/fn.tar.gz", "port": 8080}, "periodSeconds": 1},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    security = {
        **{"runAsNonRoot": True, "runAsUser": 65532},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    _create(functions, "Pod", labels, {"containers": [container], "securityContext": security})
    _create(functions, "Service", {}, {"selector": labels, "ports": [{"port": 8080}]})
    functions.kubectl("wait", "pod/sources", "--for=condition=Ready", "--timeout=60s")
    request = f"import urllib.request as u; print(u.urlopen('{url}/fn.tar.gz', timeout=5).status)"
    command = ("exec", "sources", "--", "python", "-c", request)
    # nodes update the endpoints of a Service shortly after the pod is ready
    until(lambda: "200" in functions.kubectl(*command, check=False), what="the Service responds")


def _create(functions: Functions, kind: str, labels: dict[str, str], spec: dict[str, Any]) -> None:
    metadata = {"name": "sources", "labels": labels}
    document = {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
    functions.kubectl("apply", "-f", "-", text=json.dumps(document))


def test_builds_a_repository_and_an_archive(functions: Functions, gateway: Gateway) -> None:
    url = _url(functions)
    git = {"url": f"{url}/repo", "path": "fn"}
    functions.apply("hello", image=None, source={"git": git})
    assert "it is tried again" in functions.until_reason("hello", "BuildFailed")
    serve(functions, url)
    inside = ("exec", "sources", "--", "env", "HOME=/tmp")
    commit = functions.kubectl(*inside, "git", "-C", "/tmp/served/repo", "rev-parse", "HEAD")
    functions.wait("hello")
    assert gateway.ask(path(functions)) == (200, "from git")
    status = functions.status("hello")
    assert status["commit"] == commit.strip()
    assert status["image"].startswith("localhost:5001/hello@sha256:")
    [pod] = functions.get("pods", "-l", "plat.dev/revision=1")["items"]
    assert pod["spec"]["containers"][0]["image"] == status["image"]

    digest = functions.kubectl(*inside, "sha256sum", "/tmp/served/fn.tar.gz").split()[0]
    archive = {"url": f"{url}/fn.tar.gz", "digest": f"sha256:{digest}"}
    functions.apply("hello", image=None, source={"archive": archive})
    functions.wait("hello")
    until(lambda: gateway.ask(path(functions)) == (200, "from an archive"))
    assert functions.status("hello").get("commit") is None
    assert functions.status("hello")["image"] != status["image"]

    functions.apply("hello", image=None, source={"archive": {**archive, "digest": OTHER}})
    assert digest in functions.until_reason("hello", "BuildFailed")
    assert gateway.ask(path(functions)) == (200, "from an archive")
    functions.apply("hello", image=None, source={"archive": archive})
    functions.wait("hello")
