"""Images without any registry: layers and documents, byte for byte."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from plat_builder.images import documents
from plat_builder.images.documents import BaseImage, Blob, ImageAddition, Layer
from plat_builder.images.image_names import ImageNames, source_tag
from plat_builder.images.layers import LayerFile, members, write_layer

BASE = BaseImage(
    "sha256:" + "b" * 64,
    (Blob("sha256:" + "1" * 64, 10),),
    {
        "architecture": "arm64",
        "os": "linux",
        "container": "noise of the machine that built it",
        "config": {"Env": ["PATH=/bin", "PLAT_SITE=/plat/site"], "Labels": {"a": "b"}, "User": "1"},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "2" * 64]},
        "history": [{"created_by": "somebody"}],
    },
)
LAYER = Layer(Blob("sha256:" + "3" * 64, 30), "sha256:" + "4" * 64)
ADDITION = ImageAddition(
    [(LAYER, "code")], {"PLAT_SITE": "/plat/packages"}, {"plat.dev/function": "f"}
)


def layer_of(folder: Path) -> tuple[Layer, bytes]:
    into = io.BytesIO()
    return write_layer(members(folder, "code"), into), into.getvalue()


def test_a_layer_is_what_its_hashes_say(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "sub/run.sh").chmod(0o700)
    (tmp_path / "app.py").write_text("x = 1\n")
    (tmp_path / "link").symlink_to("/etc/passwd")
    layer, data = layer_of(tmp_path)
    assert layer.blob == Blob("sha256:" + hashlib.sha256(data).hexdigest(), len(data))
    assert layer.diff_id == "sha256:" + hashlib.sha256(gzip.decompress(data)).hexdigest()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {m.name: (m.mode, m.uid, m.gid, m.mtime, m.uname) for m in tar}
    assert found == {
        "code": (0o755, 0, 0, 0, ""),
        "code/app.py": (0o444, 0, 0, 0, ""),
        "code/sub": (0o755, 0, 0, 0, ""),
        "code/sub/run.sh": (0o555, 0, 0, 0, ""),
    }


@given(st.dictionaries(st.from_regex(r"([a-c]_/)?[a-z]{1,3}", fullmatch=True), st.binary()))
def test_the_same_files_give_the_same_bytes(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        _write(Path(one), dict(sorted(files.items())))
        _write(Path(two), dict(sorted(files.items(), reverse=True)))
        for file in Path(two).rglob("*"):
            os.utime(file, (1, 1))
        assert layer_of(Path(one)) == layer_of(Path(two))


def _write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


def test_long_names_and_letters_of_any_script_survive(tmp_path: Path) -> None:
    name = "ü" * 60 + "/" + "漢" * 60 + ".py"
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_text("")
    _, data = layer_of(tmp_path)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert f"code/{name}" in tar.getnames()


def test_the_configuration_is_the_bases_with_what_was_added() -> None:
    config = json.loads(documents.config(BASE, ADDITION))
    assert config["rootfs"]["diff_ids"] == ["sha256:" + "2" * 64, LAYER.diff_id]
    assert config["config"]["Env"] == ["PATH=/bin", "PLAT_SITE=/plat/packages"]
    assert config["config"]["Labels"] == {"a": "b", "plat.dev/function": "f"}
    assert (config["config"]["User"], config["created"]) == ("1", "1970-01-01T00:00:00Z")
    assert [entry["created_by"] for entry in config["history"]] == ["somebody", "plat: code"]
    assert "container" not in config
    assert documents.config(BASE, ADDITION) == documents.config(BASE, ADDITION)
    assert BASE.config["rootfs"]["diff_ids"] == ["sha256:" + "2" * 64]


def test_the_manifest_names_every_blob_in_order() -> None:
    manifest = documents.manifest(BASE, ADDITION, Blob("sha256:" + "5" * 64, 50))
    assert documents.blobs_of(manifest) == [f"sha256:{digit * 64}" for digit in "513"]
    assert documents.config_of(manifest) == "sha256:" + "5" * 64


def test_a_kept_layer_is_read_back() -> None:
    assert (
        documents.read_layer_manifest(documents.layer_manifest(LAYER, Blob("sha256:0", 2))) == LAYER
    )


def test_an_index_is_searched_for_the_machine() -> None:
    entries = [
        {"digest": "sha256:a", "platform": {"os": "linux", "architecture": "amd64"}},
        {"digest": "sha256:b", "platform": {"os": "linux", "architecture": "arm64"}},
        {"digest": "sha256:c", "platform": {"os": "unknown", "architecture": "unknown"}},
    ]
    index = json.dumps({"manifests": entries}).encode()
    assert documents.choose(index, "arm64") == "sha256:b"
    assert documents.choose(index, "riscv64") is None


def test_a_registry_may_be_a_path_on_a_host() -> None:
    here, there = ImageNames("localhost:5001", "1.0"), ImageNames("example.org/team/fn", "1.0")
    assert here.image(here.function("orders"), "sha256:ab") == "localhost:5001/orders@sha256:ab"
    assert there.image(there.function("orders"), "v1") == "example.org/team/fn/orders:v1"
    assert there.runtime("python") == "team/fn/plat/runtime-python"
    assert len(source_tag("f" * 64)) <= 128


def test_members_are_files_below_a_prefix(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert list(members(tmp_path, "plat/packages")) == [
        LayerFile("plat/packages/a", tmp_path / "a", False)
    ]
