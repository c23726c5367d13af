"""Sources that are elsewhere: what is fetched, what is refused, and that bounds hold."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import socket
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from plat_builder.engines.environment import EnvironmentEngine
from plat_builder.service import BuildService
from plat_builder.settings import BuildSettings, SourceSettings
from plat_core.model.build import BuildOptions

from tests.builder.conftest import HELLO, Built

ALL = SourceSettings(schemes=("https", "http", "file"))
Build = Callable[..., object]


class Repository:
    """A bare repository on this disk, with one commit at first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"file://{folder}/bare"
        self.git("init", "--quiet", "--bare", "--initial-branch=main", "bare", at=folder)
        self.git("clone", "--quiet", "bare", "work", at=folder)

    def git(self, *words: str, at: Path | None = None) -> str:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", *who, "-c", "init.defaultBranch=main", *words]
        where = at or self.folder / "work"
        return subprocess.run(
            command, cwd=where, env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self, **files: str) -> str:
        """Commit files (`__` in a name is a slash) to main; returns the commit."""
        for name, text in files.items():
            place = self.folder / "work" / name.replace("__", "/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        self.git("checkout", "--quiet", "-B", "main")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=x")
        self.git("push", "--quiet", "origin", "main")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    (tmp_path / "repositories").mkdir()
    return Repository(tmp_path / "repositories")


async def send(engine: EnvironmentEngine, work: Path, source: object, **changes: object) -> Built:
    settings = replace(BuildSettings(sources=ALL), **changes)  # type: ignore[arg-type]
    service = BuildService(engine, work, settings)
    body, options = json.dumps(source).encode(), BuildOptions(name="fn")
    built = Built([event async for event in service.build_upload(body, "source", options)])
    left = await asyncio.to_thread(lambda: list(work.iterdir()))
    assert left == [], "something is left"
    return built


@pytest.fixture
def build(engine: EnvironmentEngine, tmp_path: Path) -> Build:
    return partial(send, engine, tmp_path / "uploads")


async def test_a_branch_a_tag_and_a_commit_are_built_and_named(
    repository: Repository, build: Build
) -> None:
    first = repository.commit(**{"fn__app.py": HELLO, "other.txt": "x"})
    repository.git("tag", "v1")
    repository.git("push", "--quiet", "origin", "v1")
    second = repository.commit(**{"fn__app.py": HELLO.replace("hello", "bye")})
    git = {"url": repository.url, "path": "fn"}
    newest = await build({"git": git})
    assert newest.finished.commit == second
    assert (await build({"git": {**git, "ref": "main"}})).finished.commit == second
    tagged = await build({"git": {**git, "ref": "v1"}})
    assert tagged.finished.commit == first
    assert tagged.finished.digest != newest.finished.digest
    by_commit = await build({"git": {**git, "ref": first}})
    assert (by_commit.finished.commit, by_commit.finished.digest) == (
        first,
        tagged.finished.digest,
    )


@pytest.mark.parametrize(
    ("git", "words", "line"),
    [
        ({"ref": "nope"}, "has no nope", "source.git.ref: nope"),
        ({"path": "nope"}, "has no folder nope", "source.git.path: nope"),
        ({"url": "file:///nonexistent/x"}, "git cannot fetch", "source.git.url: file:///nonex"),
    ],
)
async def test_what_is_not_there_is_said_in_the_words_of_the_resource(
    repository: Repository, build: Build, git: dict[str, str], words: str, line: str
) -> None:
    repository.commit(**{"app.py": HELLO})
    failed = (await build({"git": {"url": repository.url, **git}})).failed
    assert failed.code == "build-failed"
    assert words in failed.message
    assert failed.line.startswith(line)


async def test_hooks_and_filters_and_submodules_do_nothing(
    repository: Repository, build: Build, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    for name in ("post-checkout", "post-update", "pre-receive", "reference-transaction"):
        hook = repository.folder / "bare/hooks" / name
        hook.write_text(f"#!/bin/sh\ntouch {witness}\n", encoding="utf-8")
        hook.chmod(0o755)
    (repository.folder / "bare/hooks/pre-receive").unlink()
    (repository.folder / "bare/hooks/reference-transaction").unlink()
    repository.commit(
        **{
            "app.py": HELLO,
            ".gitattributes": "* filter=evil\n",
            ".gitmodules": '[submodule "s"]\n\tpath = s\n\turl = file:///nonexistent\n',
        }
    )
    witness.unlink(missing_ok=True)
    assert (await build({"git": {"url": repository.url}})).finished
    assert not witness.exists()


async def test_a_link_in_a_repository_is_refused_as_in_a_zip(
    repository: Repository, build: Build
) -> None:
    (repository.folder / "work/link").symlink_to("/etc/passwd")
    repository.commit(**{"app.py": HELLO})
    failed = (await build({"git": {"url": repository.url}})).failed
    assert (failed.code, failed.message) == ("invalid-input", "the entry 'link' is a link")


async def test_a_repository_beyond_the_bound_is_given_up(
    repository: Repository, build: Build
) -> None:
    text = os.urandom(3 * 2**20).hex()
    repository.commit(**{"app.py": HELLO, "big.txt": text})
    limits = replace(BuildSettings().limits, upload=2**20)
    failed = (await build({"git": {"url": repository.url}}, limits=limits)).failed
    assert failed.code == "build-failed"


async def test_a_server_that_says_nothing_is_left_at_the_deadline(build: Build) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        for source in ({"git": {"url": url}}, {"archive": {"url": f"{url}.zip"}}):
            failed = (await build(source, timeout=1.0)).failed
            assert "took too long" in failed.message


async def test_a_host_that_may_answer_later_is_told_from_what_is_not_there(
    build: Build, served: tuple[Path, str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}/x"
    for address, passing in (
        (nobody, True),
        (f"{served[1]}/busy/503", True),
        (f"{served[1]}/busy/429", True),
        (f"{served[1]}/busy/403", False),
        (f"{served[1]}/nope", False),
    ):
        for source in ({"git": {"url": address}}, {"archive": {"url": address}}):
            failed = (await build(source)).failed
            assert (failed.code, failed.passing) == ("build-failed", passing), (source, failed)


@pytest.mark.parametrize(
    "source",
    [
        {"git": {"url": "file:///x/y"}},
        {"git": {"url": "http://127.0.0.1/x"}},
        {"archive": {"url": "http://127.0.0.1/x.zip"}},
    ],
)
async def test_schemes_that_were_not_allowed_are_refused(
    build: Build, source: dict[str, object]
) -> None:
    failed = (await build(source, sources=SourceSettings())).failed
    [kind] = source
    assert (failed.code, failed.line) == ("invalid-input", f"source.{kind}.url")
    assert "PLAT_SOURCE_SCHEMES" in failed.fix


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that an HTTP server on loopback serves, and its address."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Also redirects `/to/<address>`, and answers `/busy/<status>` with that."""

    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        if self.path.startswith("/busy/"):
            self.send_error(int(self.path.split("/")[2]))
            return
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


def zipped(name: str = "fn-1.0/app.py") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, HELLO)
    return buffer.getvalue()


def tarred(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for member, data in members or [(entry("fn-1.0/app.py"), HELLO.encode())]:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize("data", [zipped(), tarred()], ids=["zip", "tar.gz"])
async def test_an_archive_is_built_and_its_digest_checked(
    served: tuple[Path, str], build: Build, data: bytes
) -> None:
    folder, address = served
    (folder / "a").write_bytes(data)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    url = f"{address}/to/{address}/a"
    assert (await build({"archive": {"url": url, "digest": digest}})).finished
    other = await build({"archive": {"url": url, "digest": "sha256:" + "0" * 64}})
    assert (other.failed.code, digest in other.failed.message) == ("invalid-input", True)


async def test_a_redirection_cannot_leave_the_allowed_schemes(
    served: tuple[Path, str], build: Build
) -> None:
    url = f"{served[1]}/to/file:///etc/passwd"
    sources = SourceSettings(schemes=("http",))
    assert (await build({"archive": {"url": url}}, sources=sources)).failed.code == "invalid-input"


async def test_a_page_instead_of_an_archive_is_named(
    served: tuple[Path, str], build: Build
) -> None:
    (served[0] / "x").write_text("<html>", encoding="utf-8")
    failed = (await build({"archive": {"url": f"{served[1]}/x"}})).failed
    assert "neither a zip nor a tar.gz" in failed.message
    failed = (await build({"archive": {"url": f"{served[1]}/nope"}})).failed
    assert "answers 404" in failed.message


@pytest.mark.parametrize(
    "member",
    [
        entry("../x"),
        entry("/etc/x"),
        entry("link", tarfile.SYMTYPE, "/etc/passwd"),
        entry("hard", tarfile.LNKTYPE, "fn/app.py"),
        entry("device", tarfile.CHRTYPE),
        entry("pipe", tarfile.FIFOTYPE),
        entry("a\nb"),
    ],
    ids=lambda member: member.name,
)
async def test_what_may_not_be_in_a_zip_may_not_be_in_a_tar(
    tmp_path: Path, build: Build, member: tarfile.TarInfo
) -> None:
    data = tarred((entry("app.py"), HELLO.encode()), (member, b""))
    (tmp_path / "a.tar.gz").write_bytes(data)
    failed = (await build({"archive": {"url": f"file://{tmp_path}/a.tar.gz"}})).failed
    assert failed.code == "invalid-input"


@pytest.mark.parametrize("what", ["bomb", "header", "cut", "twins"])
async def test_a_hostile_tar_is_refused_within_its_bounds(
    tmp_path: Path, build: Build, what: str
) -> None:
    app = (entry("app.py"), HELLO.encode())
    long = entry("x")
    long.pax_headers = {"comment": "x" * 2 * 2**20}
    data = {
        "bomb": tarred(app, (entry("zeros"), bytes(64 * 2**20))),
        "header": tarred(app, (long, b"")),
        "cut": tarred(app, (entry("noise"), os.urandom(4096)))[:-2000],
        "twins": tarred(app, app),
    }[what]
    (tmp_path / "a.tar.gz").write_bytes(data)
    failed = (await build({"archive": {"url": f"file://{tmp_path}/a.tar.gz"}})).failed
    assert failed.code in ("too-large", "malformed", "invalid-input")
