"""A company network: the only way out is a proxy with a private CA."""

from __future__ import annotations

import io
import json
import platform
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from socket import create_connection, socket
from socketserver import BaseServer
from ssl import SSLContext
from typing import Any

from .tls import Authority

INDEX = "index.company.test"
REGISTRY = "registry.company.test"
"""Names that nobody can resolve but the proxy."""
OWN = "company_tools-1.0-py3-none-any.whl"
MODULE = "company-words"
"""A package of the company's own for Node, as `OWN` is for Python."""
TYPES = {"simple": "text/html", "npm": "application/json"}
Address = tuple[str, int]


@dataclass
class Network:
    """The proxy, the requests that it received, and the bundle with the private CA."""

    host: str
    port: int
    bundle: Path
    asked: list[str] = field(default_factory=list)

    @property
    def settings(self) -> Mapping[str, str]:
        """Return the settings of an installation in this network."""
        return {
            "PLAT_PROXY": f"http://{self.host}:{self.port}",
            "PLAT_INDEX_URL": f"https://{INDEX}/simple/",
            "PLAT_NPM_REGISTRY": f"https://{INDEX}/npm/",
            "PLAT_CA_BUNDLE": str(self.bundle),
        }

    def taken(self) -> set[str]:
        """Return the hosts requested from the proxy since the last call."""
        taken, self.asked[:] = set(self.asked), ()
        return taken


def wheels(folder: Path, requirements: Path, *versions: str) -> Path:
    """Return a directory with the wheels of these requirements for these Python versions."""
    machine = platform.machine()
    for version in versions:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "-q", "--only-binary", ":all:"),
                *("--python-version", version, "--platform", f"manylinux_2_28_{machine}"),
                *("--platform", f"manylinux2014_{machine}", "--disable-pip-version-check"),
                *("-d", folder, "-r", requirements),
            ],
            check=True,
        )
    (folder / OWN).write_bytes(_own())
    return folder


def _own() -> bytes:
    info, data = "company_tools-1.0.dist-info", io.BytesIO()
    about = "Metadata-Version: 2.1\nName: company-tools\nVersion: 1.0\n"
    kind = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("company_tools.py", "WORD = 'ours'\n")
        archive.writestr(f"{info}/METADATA", about)
        archive.writestr(f"{info}/WHEEL", kind)
        archive.writestr(f"{info}/RECORD", "")
    return data.getvalue()


def bridge_gateway(client: Any) -> str:
    """Return the host's address on Docker's default network.

    Docker does not report it after a restart of the daemon; it is the first of the subnet.
    """
    [config] = client.networks.get("bridge").attrs["IPAM"]["Config"]
    return config.get("Gateway") or str(ip_network(config["Subnet"])[1])


@contextmanager
def company(
    authority: Authority, packages: Path, registry: Address, host: str
) -> Iterator[Network]:
    """Run the network with an index of `packages`, access to `registry`, and a proxy at `host`."""
    network = Network(host, 0, authority.bundle)
    with ExitStack() as stack:
        index = stack.enter_context(_serving(_index(packages), authority.server(INDEX)))
        ways = {f"{INDEX}:443": index, f"{REGISTRY}:443": registry}
        network.port = stack.enter_context(_serving(_proxy(ways, network.asked), host=host))[1]
        yield network


@contextmanager
def _serving(
    handler: type[BaseHTTPRequestHandler], tls: SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Address]:
    server = ThreadingHTTPServer((host, 0), handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=BaseServer.serve_forever, args=(server, 0.05))
    thread.start()
    try:
        yield (host, server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _index(packages: Path) -> type[BaseHTTPRequestHandler]:
    class Index(BaseHTTPRequestHandler):
        """A simple package index over a directory, and an npm registry with one package."""

        def do_GET(self) -> None:
            _, kind, name, *_ = [*self.path.split("/"), ""]
            if kind == "simple":
                found = [f.name for f in packages.iterdir() if _project(f.name) == name]
                body = "".join(f'<a href="/files/{one}">{one}</a>' for one in found).encode()
            elif kind == "npm":
                body = _npm(self.path)
            else:
                body = (packages / Path(name).name).read_bytes()
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", TYPES.get(kind, "application/octet-stream"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, *_: object) -> None:
            return

    return Index


def _npm(path: str) -> bytes:
    """The document or the archive of `MODULE`; nothing where something else is asked for.

    https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md
    """
    data = io.BytesIO()
    about = {"name": MODULE, "version": "1.0.0", "main": "index.js"}
    files = {"package.json": json.dumps(about), "index.js": "module.exports = 'ours';\n"}
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    if path.endswith(".tgz"):
        return data.getvalue()
    if path != f"/npm/{MODULE}":
        return b""
    version = {**about, "dist": {"tarball": f"https://{INDEX}/npm/{MODULE}/-/{MODULE}-1.0.0.tgz"}}
    document = {"name": MODULE, "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    return json.dumps(document).encode()


def _project(file: str) -> str:
    return file.partition("-")[0].replace("_", "-").lower()


def _proxy(ways: Mapping[str, Address], asked: list[str]) -> type[BaseHTTPRequestHandler]:
    class Proxy(BaseHTTPRequestHandler):
        """A proxy that allows only these hosts."""

        def do_CONNECT(self) -> None:
            asked.append(self.path)
            if self.path not in ways:
                self.send_error(403)
                return
            with create_connection(ways[self.path]) as far:
                self.send_response(200)
                self.end_headers()
                _join(self.connection, far)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            return

    return Proxy


def _join(one: socket, other: socket) -> None:
    back = threading.Thread(target=_copy, args=(other, one))
    back.start()
    _copy(one, other)
    back.join()


def _copy(source: socket, sink: socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(1)
    except OSError:
        return  # either side left
