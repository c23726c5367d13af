"""`plat up --kind` without a cluster: its checks, manifests and errors."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest
import yaml
from plat_cli.kind import checkout, images, network, platform
from plat_cli.kind.subprocesses import CommandFailed, stream
from plat_cli.kind.target import KindCluster
from plat_cli.settings import CompanyNetwork, build_arguments, company_network
from plat_core.errors import InvalidInput

from tests.cli.conftest import Plat

ROOT = Path(__file__).parents[2]
DOCKER = shutil.which("docker") or "docker"
OTHER = KindCluster("plat-other", 8090, 5002)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_a_missing_docker_has_install_advice(plat: Plat, programs: Path) -> None:
    result = plat("up", "--kind", "--json")
    assert result.code == 5
    assert result.json["detail"] == "docker is not installed, or not on the PATH"
    assert "install Docker" in result.json["fix"]


@pytest.mark.docker
def test_a_stopped_daemon_differs_from_a_missing_docker(
    plat: Plat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    result = plat("up", "--kind")
    assert result.code == 5
    assert "the Docker daemon does not respond: " in result.err
    assert "systemctl start docker" in result.err


@pytest.mark.docker
def test_a_missing_kind_has_install_advice(plat: Plat, programs: Path) -> None:
    (programs / "docker").symlink_to(DOCKER)
    result = plat("up", "--kind", "--json")
    assert result.json["detail"] == "kind is not installed, or not on the PATH"
    assert "install kind" in result.json["fix"]


@pytest.mark.kubernetes
def test_rejects_a_used_port_before_a_kubernetes_cluster_is_created(plat: Plat) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = plat("up", "--kind", "--name", "plat-taken", "--port", str(port), "--json")
        assert result.code == 5
        assert f"port {port} is used by " in result.json["detail"]
        assert "python" in result.json["detail"]
        assert f"plat up --kind --name plat-taken --port {port + 10}" in result.json["fix"]
    assert plat("down", "--kind", "--name", "plat-taken", "-y", "--json").json["deleted"] is False


def test_needs_a_clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checkout.find(tmp_path) == ROOT
    installed = tmp_path / "lib/site-packages/plat_cli/kind/checkout.py"
    monkeypatch.setattr(checkout, "__file__", str(installed))
    with pytest.raises(checkout.Unavailable) as refused:
        checkout.find(tmp_path)
    assert "this folder is not in a clone of it" in refused.value.message
    assert checkout.find(ROOT / "docs") == ROOT


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("up", "--name", "x"), "--name needs --kind"),
        (("up", "--registry-port", "5002"), "--registry-port needs --kind"),
        (("down", "--yes"), "--yes needs --kind"),
        (("up", "--kind", "--home", "."), "--home cannot be used with --kind"),
        (("up", "--kind", "--port", "0"), "--port must not be 0 with --kind"),
        (("up", "--kind", "--name", "A_b"), "--name: "),
    ],
)
def test_rejects_options_of_the_other_mode(plat: Plat, line: tuple[str, ...], message: str) -> None:
    result = plat(*line)
    assert result.code == 2
    assert message in result.err


def test_does_not_delete_a_cluster_without_confirmation(plat: Plat) -> None:
    result = plat("down", "--kind", "--name", "plat-other")
    assert result.code == 2
    assert "cannot ask for confirmation to delete the cluster plat-other" in result.err
    assert "plat down --kind --name plat-other --yes" in result.err


def test_the_tag_depends_on_sources_and_arguments(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("*\n!core\n**/__pycache__\n")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "core").mkdir()
    (tmp_path / "core/a.py").write_text("a = 1\n")
    before = checkout.version(tmp_path, {})
    (tmp_path / "core/__pycache__").mkdir()
    (tmp_path / "core/__pycache__/a.pyc").write_text("")
    (tmp_path / "notes").write_text("not part of the images")
    assert checkout.version(tmp_path, {}) == before
    assert checkout.version(tmp_path, {"PIP_INDEX_URL": "https://packages.example"}) != before
    (tmp_path / "core/a.py").write_text("a = 2\n")
    assert checkout.version(tmp_path, {}) != before


def test_adapts_the_manifests_to_the_cluster() -> None:
    text = platform.manifest(ROOT, OTHER, "src-1")
    parts = platform.parts(ROOT)
    assert {"gateway", "operator"} <= set(parts)
    for part in parts:
        assert f"image: localhost:5002/{images.repository(part)}:src-1\n" in text
    assert "http://localhost:8090" in text
    for default in (":built", "localhost:5001", "localhost:8080"):
        assert default not in text


def test_manifests_are_unchanged_without_network_settings() -> None:
    text = platform.manifest(ROOT, KindCluster(), "src-1")
    assert network.applied(text, KindCluster(), CompanyNetwork()) is text


def test_configures_the_network_of_the_builder(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\n")
    network_settings = CompanyNetwork(
        proxy="http://proxy.example:3128",
        no_proxy=".example",
        ca_bundle=str(bundle),
        index_url="https://packages.example:8443/simple",
    )
    text = platform.manifest(ROOT, KindCluster(), "src-1")
    before = {(d["kind"], d["metadata"]["name"]): d for d in yaml.safe_load_all(text)}
    after = {
        (d["kind"], d["metadata"]["name"]): d
        for d in yaml.safe_load_all(network.applied(text, KindCluster(), network_settings))
    }
    assert after[("ConfigMap", "plat-ca")]["data"] == {"ca.pem": bundle.read_text()}
    pod = after[("Deployment", "plat-builder")]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    environment = {one["name"]: one.get("value") for one in container["env"]}
    assert environment["HTTPS_PROXY"] == "http://proxy.example:3128"
    assert environment["NO_PROXY"].split(",")[-2:] == ["plat-registry", ".example"]
    assert environment["PLAT_INDEX_URL"] == "https://packages.example:8443/simple"
    [mount] = [m for m in container["volumeMounts"] if m["name"] == "ca"]
    assert environment["PLAT_CA_BUNDLE"] == f"{mount['mountPath']}/ca.pem"
    assert {"name": "ca", "configMap": {"name": "plat-ca"}} in pod["volumes"]
    egress = after[("NetworkPolicy", "plat-builder")]["spec"]["egress"]
    assert [rule["ports"][0]["port"] for rule in egress[-2:]] == [3128, 8443]
    changed = {key for key, document in after.items() if before.get(key) != document}
    builder = {("Deployment", "plat-builder"), ("NetworkPolicy", "plat-builder")}
    assert changed == {*builder, ("ConfigMap", "plat-ca")}


def test_rejects_unreadable_certificates(tmp_path: Path) -> None:
    lost = str(tmp_path / "lost.pem")
    with pytest.raises(InvalidInput) as refused:
        network.applied("", KindCluster(), CompanyNetwork(ca_bundle=lost))
    assert lost in refused.value.message
    assert refused.value.field == "PLAT_CA_BUNDLE"


def test_doctor_stops_at_the_first_failure(plat: Plat, programs: Path) -> None:
    result = plat("doctor", "--kind", "--json")
    assert result.code == 1
    assert [(c["name"], c["level"]) for c in result.json["checks"]] == [
        ("clone", "ok"),
        ("docker", "fail"),
    ]
    assert "install Docker" in result.json["checks"][-1]["fix"]


def test_streams_output_and_keeps_its_tail_for_the_error() -> None:
    lines: list[str] = []
    with pytest.raises(CommandFailed) as failed:
        stream("sh", "-c", "seq 300; echo oh no >&2; exit 3", on_progress=lines.append)
    assert lines == [*map(str, range(1, 301)), "oh no"]
    assert failed.value.tail.splitlines()[-1].strip() == "oh no"
    assert len(failed.value.tail.splitlines()) < 10


def test_kills_a_program_and_its_children_after_a_timeout() -> None:
    with pytest.raises(CommandFailed, match="timed out after"):
        stream("sh", "-c", "sleep 1000 & sleep 1000", on_progress=lambda line: None, timeout=0.5)


def test_the_command_contains_only_changed_options() -> None:
    assert KindCluster().command() == "plat up --kind"
    assert OTHER.command() == "plat up --kind --name plat-other --port 8090 --registry-port 5002"
    assert OTHER.command("down") == "plat down --kind --name plat-other"


def test_build_arguments_exclude_loopback_addresses() -> None:
    environ = {"HTTPS_PROXY": "http://proxy.example:3128", "http_proxy": "http://127.0.0.1:3128"}
    assert build_arguments({**environ, "PLAT_INDEX_URL": "https://packages.example"}) == {
        "HTTPS_PROXY": "http://proxy.example:3128",
        "PIP_INDEX_URL": "https://packages.example",
    }
    assert company_network({**environ, "SSL_CERT_FILE": "/ca.pem"}) == CompanyNetwork(
        proxy="http://proxy.example:3128", ca_bundle="/ca.pem"
    )
