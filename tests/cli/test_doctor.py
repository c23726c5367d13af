"""The checks of `plat doctor` for the Docker set-up and the network."""

from __future__ import annotations

import json
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from plat_cli import checks, docker_checks
from plat_cli.docker_checks import DockerSetup
from plat_cli.settings import CliSettings

from tests.tls import Authority

Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def serving(
    answer: Callable[[str, str], Answer], context: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Run a server with `answer(method, path)` and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = answer(self.command, self.path)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_detects_the_docker_setup(tmp_path: Path) -> None:
    assert docker_checks.find(tmp_path, {}, requested=False) is None
    (tmp_path / "docker-compose.yaml").write_text("services: {}\n")
    assert docker_checks.find(tmp_path, {}, requested=False) is None
    (tmp_path / ".env").write_text("# a comment\nGATEWAY_PORT=9080\nREGISTRY_PORT='9001'\n")
    found = docker_checks.find(tmp_path, {"BUILDER_PORT": "9082"}, requested=False)
    assert found == DockerSetup(
        {"gateway": 9080, "controller": 8081, "builder": 9082, "registry": 9001},
        "http://localhost:8081",
        "http://localhost:9082",
        "http://localhost:9001",
    )


def test_a_remote_controller_needs_no_local_port_checks(
    tmp_path: Path,
) -> None:
    found = docker_checks.find(tmp_path, {"CONTROLLER_URL": "http://other:8081"}, requested=False)
    assert found is not None
    assert (found.ports, found.controller_url) == ({}, "http://other:8081")


@pytest.mark.parametrize(
    ("output", "text", "fix"),
    [
        (
            "permission denied while trying to connect to the Docker daemon socket at unix:///…",
            "this user has no access to the Docker socket",
            "usermod --append --groups docker",
        ),
        (
            "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
            "the daemon does not respond: Cannot connect",
            "systemctl start docker",
        ),
    ],
)
def test_explains_why_docker_does_not_respond(output: str, text: str, fix: str) -> None:
    check = docker_checks.unusable(output, "fail")
    assert text in check.text
    assert fix in check.fix


def test_names_the_process_that_uses_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
        check = docker_checks.port("builder", number)
    assert check.level == "fail"
    assert f"(pid {os.getpid()}) uses port {number} of the builder" in check.text
    assert f"BUILDER_PORT={number + 10000} docker compose up" in check.fix
    assert docker_checks.port("builder", number).level == "ok"


def test_reports_missing_and_unready_services() -> None:
    with serving(lambda *_: (200, {}, b"{}")) as url:
        assert docker_checks.service("builder", url).level == "ok"
    missing = docker_checks.service("controller", url)
    assert (missing.level, missing.fix) == ("fail", docker_checks.START)
    problem = json.dumps({"detail": "the registry does not answer", "fix": "start it"}).encode()
    with serving(lambda *_: (503, {}, problem)) as url:
        waiting = docker_checks.service("builder", url)
    assert "(503): the registry does not answer" in waiting.text
    assert waiting.fix == "start it"


def test_reports_a_missing_registry() -> None:
    with serving(lambda *_: (200, {}, b"")) as url:
        pass
    check = docker_checks.registry(url, {})
    assert (check.level, check.fix) == ("fail", "docker compose up --detach registry")


def test_reports_unreadable_certificates(tmp_path: Path) -> None:
    bad = tmp_path / "ca.pem"
    bad.write_text("not a certificate")
    for name in (str(bad), str(tmp_path / "missing.pem")):
        check = checks.bundle({"PLAT_CA_BUNDLE": name})
        assert (check.level, "PLAT_CA_BUNDLE=" in check.fix) == ("fail", True)
    assert checks.bundle({}).level == "ok"


def test_uses_the_ca_bundle_for_the_package_index(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with serving(lambda *_: (200, {}, b""), authority.server("localhost")) as url:
        environ = {"PLAT_INDEX_URL": f"{url}/simple"}
        untrusted = checks.index(environ)
        trusted = checks.index(environ | {"PLAT_CA_BUNDLE": str(authority.bundle)})
    assert untrusted.level == "fail"
    assert "untrusted certificate" in untrusted.text
    assert "PLAT_CA_BUNDLE=" in untrusted.fix
    assert (trusted.level, trusted.text) == ("ok", f"{url}/simple responds with 200")
    missing = checks.index(environ)
    assert (missing.level, "NO_PROXY" in missing.fix) == ("fail", True)


def test_reports_an_unsupported_proxy() -> None:
    environ = {"PLAT_INDEX_URL": "https://index.invalid/simple", "HTTPS_PROXY": "socks5://x:1"}
    check = checks.index(environ)
    assert check.level == "fail"
    assert "socks5" in check.text


@pytest.mark.parametrize(
    ("absent", "fix"),
    [("", "plat up --detach --port 1"), (docker_checks.START, docker_checks.START)],
)
def test_a_stopped_gateway_has_the_start_command_of_its_setup(absent: str, fix: str) -> None:
    settings = CliSettings("http://127.0.0.1:1", "", "http://127.0.0.1:1", "default")
    assert checks.gateway(settings, absent).fix.startswith(fix)
