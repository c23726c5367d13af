"""`plat deploy -f` with the manifests of kubectl."""

import io
from pathlib import Path

import pytest

from tests.cli.conftest import Plat
from tests.cli.platform import Platform

IMAGE = "localhost:5001/orders@sha256:" + "a" * 64
MANIFEST = f"""\
apiVersion: plat.dev/v1alpha1
kind: Function
metadata: {{name: orders, labels: {{team: shop}}}}
spec:
  image: {IMAGE}
  timeout: 9s
  redeployedAt: 2026-01-02T03:04:05Z
"""
OTHER = MANIFEST.replace("orders,", "billing,")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "function.yaml"
    path.write_text(MANIFEST, encoding="utf-8")
    return path


def test_stores_the_manifest_unchanged_and_waits(
    plat: Plat, platform: Platform, manifest: Path
) -> None:
    result = plat("deploy", "-f", str(manifest))
    assert result.code == 0, result.err
    assert result.out == f"{platform.url}/function/orders\n"
    spec = platform.functions["orders"]["spec"]
    assert (spec["image"], spec["timeout"]) == (IMAGE, "9s")
    assert spec["redeployedAt"] == "2026-01-02T03:04:05Z"
    assert "POST /build" not in platform.paths()
    again = plat("deploy", "-f", str(manifest))
    assert "nothing to do: orders-1" in again.err


def test_prints_changed_fields(plat: Plat, platform: Platform, manifest: Path) -> None:
    plat("deploy", "-f", str(manifest))
    manifest.write_text(MANIFEST.replace("9s", "12s"), encoding="utf-8")
    assert "timeout 9s → 12s" in plat("deploy", "-f", str(manifest)).err


def test_deploys_the_functions_of_a_file_in_order(
    plat: Plat, platform: Platform, manifest: Path
) -> None:
    manifest.write_text(f"---\n{MANIFEST}---\n{OTHER}---\n", encoding="utf-8")
    result = plat("deploy", "-f", str(manifest), "--json")
    assert result.code == 0, result.err
    assert [item["name"] for item in result.json["items"]] == ["orders", "billing"]
    assert list(platform.functions) == ["orders", "billing"]


def test_reads_stdin(plat: Plat, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(MANIFEST.encode())))
    assert plat("deploy", "-f", "-", "-q").code == 0
    assert list(platform.functions) == ["orders"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("timeout: 9s", "timout: 9s"), "spec.timout: unknown field"),
        (("timeout: 9s", "scale: {min: 5, max: 2}"), "spec.scale: min exceeds max"),
        (("name: orders", "name: Orders"), "metadata.name: a name has 1 to 63 characters"),
        ((f"image: {IMAGE}", "env: []"), "spec: exactly one of image and source"),
        (("timeout: 9s", "env: [{name: PORT}]"), "spec.env[0]: PORT is set by the platform"),
        (("timeout: 9s", "timeout: 9s\n  timeout: 8s"), ":7:3: duplicate key timeout"),
        (("timeout: 9s", "env: [&a {name: A}, *a]"), ":6:23: aliases are not supported"),
        (("timeout: 9s", "timeout: ]"), ":6:12: expected the node content"),
        (("kind: Function", "kind: Pod"), "kind: found kind Pod"),
        (("v1alpha1", "v2"), "apiVersion: "),
    ],
)
def test_an_invalid_manifest_is_rejected_with_its_position(
    plat: Plat, platform: Platform, manifest: Path, change: tuple[str, str], message: str
) -> None:
    manifest.write_text(f"{OTHER}---\n{MANIFEST.replace(*change)}", encoding="utf-8")
    result = plat("deploy", "-f", str(manifest))
    assert result.code == 2, result.err
    if message.startswith(":"):
        number, rest = int(message.split(":")[1]) + 8, message.split(":", 2)[2]
        message = f":{number}:{rest}"
    assert str(manifest) in result.err
    assert message in result.err
    assert platform.functions == {}


def test_rejects_a_missing_or_empty_file(plat: Plat, tmp_path: Path) -> None:
    assert "cannot be read" in plat("deploy", "-f", str(tmp_path / "none.yaml")).err
    (tmp_path / "empty.yaml").write_text("# nothing\n", encoding="utf-8")
    result = plat("deploy", "-f", str(tmp_path / "empty.yaml"))
    assert (result.code, "contains no Function" in result.err) == (2, True)


def test_rejects_spec_flags_together_with_a_manifest(
    plat: Plat, platform: Platform, manifest: Path
) -> None:
    for flags in (["--timeout", "1s"], ["-e", "A=1"], [str(manifest.parent)], ["--scale-min", "0"]):
        result = plat("deploy", "-f", str(manifest), *flags)
        assert result.code == 2
        assert "set it in the file" in result.err
    assert platform.functions == {}


def test_rejects_a_namespace_flag_that_differs_from_the_manifest(
    plat: Plat, platform: Platform, manifest: Path
) -> None:
    manifest.write_text(MANIFEST.replace("name: orders", "name: orders, namespace: team"))
    assert plat("deploy", "-f", str(manifest), "--no-wait").code == 0
    assert any("namespace=team" in path for _, path, _, _ in platform.requests)
    result = plat("deploy", "-f", str(manifest), "--namespace", "other")
    assert (result.code, "is in namespace team, not other" in result.err) == (2, True)
