"""Validation of names, JSON, quantities, archives and images in API and CLI."""

from __future__ import annotations

import io
import json
import os
import stat
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from plat_core.model.names import NAME_RULE

from tests.acceptance.bounds.conftest import write
from tests.acceptance.bounds.sockets import Memory, connected, gateway, until
from tests.examples.platform import TOKEN, Platform

IMAGE = "embedded/none@sha256:" + "0" * 64
HANDLER = "def handler(request):\n    return 'x'\n"
NAMES = ["A", "a_b", "-a", "a" * 64, "a.b", "а", "a b"]
ZIP = {"Content-Type": "application/zip"}
MIB = 1 << 20


@pytest.mark.parametrize("name", NAMES)
def test_an_invalid_name_has_the_same_message_everywhere(
    bounded: Platform, api: httpx.Client, tmp_path: Path, name: str
) -> None:
    put = api.put(f"/functions/{name}", json={"spec": {"image": IMAGE}})
    assert put.status_code == 422
    assert put.json()["errors"] == [{"field": "metadata.name", "message": NAME_RULE}]
    assert api.get(f"/functions/{name}").status_code == 422
    assert api.put(f"/secrets/{name}", json={"values": {"a": "b"}}).status_code == 422
    folder = write(tmp_path / "fine", {"app.py": HANDLER})
    deployed = bounded.plat("deploy", folder, f"--name={name}", check=False)
    assert (deployed.returncode, NAME_RULE in deployed.stderr) == (2, True)
    manifest = write(tmp_path / "other", {"app.py": HANDLER}, name=name)
    assert bounded.plat("deploy", manifest, check=False).returncode == 2
    result = json.loads(bounded.plat("describe", "--json", "--", name, check=False).stdout)
    assert result["detail"] == f"metadata.name: {NAME_RULE}"
    assert result["field"] == "metadata.name"


def spec(text: str) -> str:
    return '{"spec": {"image": "' + IMAGE + '", ' + text + "}}"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (spec('"handler": "a", "handler": "b"'), 400, "spec.handler"),
        (spec('"scale": {"target": NaN}'), 400, "spec.scale.target"),
        (spec('"scale": {"target": 1e400}'), 400, "spec.scale.target"),
        (spec('"env": [{"name": "A", "value": "\\ud800"}]'), 400, "spec.env[0].value"),
        (spec('"handlr": "a"'), 422, "spec.handlr"),
        (spec('"concurrency": "3"'), 422, "spec.concurrency"),
        (spec('"concurrency": ' + "9" * 5000), 400, "spec.concurrency"),
        (spec('"resources": {"limits": {"memory": "100MB"}}'), 422, "spec.resources.limits.memory"),
        (spec('"resources": {"limits": {"memory": "-1"}}'), 422, "spec.resources.limits.memory"),
        (
            spec('"resources": {"limits": {"memory": "1e999Gi"}}'),
            422,
            "spec.resources.limits.memory",
        ),
        (
            spec('"resources": {"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}'),
            422,
            "spec.resources",
        ),
        ('{"spec": {"image": "Not An Image"}}', 422, "spec.image"),
        ('{"spec": {"image": "embedded/x@sha256:abc"}}', 422, "spec.image"),
        ('{"spec": {}}', 422, "spec"),
        ("[" * 10_000 + "]" * 10_000, 400, ""),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, 400, ""),
        ('{"spec": "' + "a" * (10 * MIB) + '"}', 413, ""),
        ("", 400, ""),
        ("null", 422, ""),
    ],
)
def test_an_invalid_document_is_rejected_with_the_path(
    api: httpx.Client, body: str, status: int, field: str
) -> None:
    answer = api.put("/functions/json", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    result = answer.json()
    assert result["callId"] == answer.headers["X-Call-Id"]
    assert not field or result["errors"][0]["field"] == field
    assert "String should match" not in answer.text
    assert api.get("/functions/json").status_code == 404


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ('{"name": "a", "name": "b"}', "duplicate key"),
        ("{bad", "not valid JSON"),
        ("[]", "one JSON object"),
        ('{"nme": "a"}', "nme: unknown field"),
        ('{"handler": "../x"}', "handler: invalid handler: write module:name"),
        ('{"resources": {"limits": {"memory": "100MB"}}}', "'100MB' is not a quantity"),
        ('{"env": {"GR\\u00dcN": "x"}}', "a variable's name has letters"),
    ],
)
def test_an_invalid_function_json_names_the_field(
    bounded: Platform, tmp_path: Path, manifest: str, words: str
) -> None:
    folder = write(tmp_path / "manifest", {"app.py": HANDLER})
    (folder / "function.json").write_text(manifest, encoding="utf-8")
    result = bounded.plat("deploy", folder, check=False)
    assert result.returncode == 2
    assert words in result.stderr
    assert "function.json" in result.stderr
    assert "→" in result.stderr


def test_quantities_are_stored_as_written(api: httpx.Client) -> None:
    resources = {"requests": {"memory": "5Mi"}, "limits": {"memory": "0.5Gi", "cpu": "1500m"}}
    api.put("/functions/amounts", json={"spec": {"image": IMAGE, "resources": resources}})
    assert api.get("/functions/amounts").json()["spec"]["resources"] == resources
    api.delete("/functions/amounts")


@pytest.mark.parametrize("image", [IMAGE, "docker.io/library/nginx:1"])
def test_a_missing_image_is_a_condition(api: httpx.Client, image: str) -> None:
    api.put("/functions/imageless", json={"spec": {"image": image, "timeout": "2s"}})

    def ready() -> dict[str, str]:
        found = api.get("/functions/imageless").json()["status"]["conditions"]
        return next((dict(c) for c in found if c["type"] == "Ready"), {})

    until(lambda: ready().get("reason") == "ImageNotFound")
    assert ready()["status"] == "False"
    assert image in ready()["message"]
    called = api.get("/function/imageless")
    assert called.status_code == 503
    assert "ImageNotFound" in called.json()["detail"]
    api.delete("/functions/imageless")
    until(lambda: api.get("/functions/imageless").status_code == 404)


Entry = tuple[str, bytes, int]


def archive(*entries: Entry) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content, mode in (("app.py", HANDLER.encode(), stat.S_IFREG), *entries):
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (mode | 0o644) << 16
            made.writestr(info, content)
    return buffer.getvalue()


def regular(name: str, content: bytes = b"x") -> Entry:
    return name, content, stat.S_IFREG


HOSTILE: dict[str, tuple[bytes, int]] = {
    "up": (archive(regular("../outside.py")), 422),
    "absolute": (archive(regular("/tmp/outside.py")), 422),
    "drive": (archive(regular("C:\\outside.py")), 422),
    "backslash": (archive(regular("..\\outside.py")), 422),
    "link": (archive(("link", b"/etc/passwd", stat.S_IFLNK)), 422),
    "device": (archive(("null", b"", stat.S_IFCHR)), 422),
    "pipe": (archive(("pipe", b"", stat.S_IFIFO)), 422),
    "twins": (archive(regular("App.py")), 422),
    "newline": (archive(regular("a\nb.py")), 422),
    "size": (archive(regular("zeros", bytes(300 * MIB))), 413),
    "count": (archive(*(regular(f"f{n}", b"") for n in range(10_001))), 413),
    "no zip": (b"hello", 400),
    "cut": (archive()[:-30], 400),
    "nothing": (b"PK\x05\x06" + bytes(18), 422),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_archive_is_rejected_and_leaves_no_files(
    bounded: Platform, api: httpx.Client, tmp_path: Path, kind: str
) -> None:
    content, status = HOSTILE[kind]
    memory = Memory(gateway(bounded))
    answer = api.post("/build?name=hostile", content=content, headers=ZIP)
    assert answer.status_code == status, answer.text
    assert answer.json()["detail"]
    assert left_behind(bounded) == []
    assert not Path("/tmp/outside.py").exists()
    assert memory.growth < 64 * MIB
    file = tmp_path / "hostile.zip"
    file.write_bytes(content)
    result = bounded.plat("deploy", file, check=False)
    assert result.returncode in (2, 6), result.stderr
    assert "→" in result.stderr
    assert api.get("/functions/hostile").status_code == 404


def left_behind(platform: Platform) -> list[str]:
    home = Path(platform.environment["PLAT_HOME"])
    return [str(path) for folder in ("staging", "uploads") for path in (home / folder).glob("*")]


def test_concurrent_equal_uploads_have_one_digest(api: httpx.Client) -> None:
    content = archive(regular("data.txt", b"twice at once"))

    def build(_: int) -> str:
        answer = api.post("/build?name=twice", content=content, headers=ZIP)
        return str(answer.json()["image"])

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(build, range(4)))) == 1


def test_an_interrupted_upload_leaves_no_files_and_can_be_repeated(
    bounded: Platform, api: httpx.Client
) -> None:
    content = archive(regular("noise", os.urandom(2 * MIB)))
    with connected(bounded) as connection:
        head = (
            "POST /build?name=cut HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/zip\r\n"
            f"Authorization: Bearer {TOKEN}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        connection.sendall(head.encode() + content[: len(content) // 2])
    until(lambda: left_behind(bounded) == [])

    def slowly() -> Iterator[bytes]:
        yield content[:MIB]
        yield content[MIB:]

    again = api.post("/build?name=cut", content=slowly(), headers=ZIP)
    assert again.status_code == 200, again.text
