"""The Tiltfile, evaluated as Starlark with built-ins that record their calls."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import starlark
import yaml

from tests.architecture.repository import ROOMS, ROOT

RECORDED = ("allow_k8s_contexts", "docker_build", "k8s_resource", "k8s_yaml", "local_resource")
STEPS = ("fall_back_on", "link", "sync")
CONFIG = """
config = struct(define_string_list=define_string_list, parse=parse)
"""
NOT_IN_IMAGES = {"hack", "runtimes"}
"""The runtime is part of the functions' images."""


class Tilt:
    """The calls of each built-in, as their arguments."""

    def __init__(self, *functions: str) -> None:
        self.calls: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.arguments: list[str] = []
        self._functions = functions
        module, dialect = starlark.Module(), starlark.Dialect.extended()
        dialect.enable_top_level_stmt = True
        library = starlark.Globals.extended_by([starlark.LibraryExtension.StructType])
        for name, function in self._built_ins().items():
            module.add_callable(name, function)
        text = CONFIG + (ROOT / "Tiltfile").read_text(encoding="utf-8")
        starlark.eval(module, starlark.parse("Tiltfile", text, dialect=dialect), library)

    def only(self, name: str, first: str) -> dict[str, Any]:
        [call] = [call for call in self.calls[name] if call["arguments"][0] == first]
        return call

    def _built_ins(self) -> dict[str, Any]:
        recorded = {name: self._recorder(name) for name in RECORDED}
        steps = {name: self._step(name) for name in STEPS}
        return {
            **recorded,
            **steps,
            "define_string_list": lambda name, args: self.arguments.append(name),
            "parse": lambda: {"functions": list(self._functions)} if self._functions else {},
            "read_file": lambda path: (ROOT / path).read_text(encoding="utf-8"),
            "read_yaml_stream": lambda path: list(yaml.safe_load_all((ROOT / path).read_text())),
            "encode_yaml_stream": yaml.safe_dump_all,
        }

    def _recorder(self, name: str) -> Any:
        def record(*arguments: Any, **options: Any) -> None:
            self.calls[name].append({"arguments": arguments, **options})

        return record

    @staticmethod
    def _step(name: str) -> Any:
        return lambda *arguments: {name: list(arguments)}


@pytest.fixture(scope="module")
def tilt() -> Tilt:
    return Tilt()


def documents(tilt: Tilt) -> list[dict[str, Any]]:
    [applied] = tilt.calls["k8s_yaml"]
    return list(yaml.safe_load_all(applied["arguments"][0]))


def deployments(tilt: Tilt) -> dict[str, dict[str, Any]]:
    found = [one for one in documents(tilt) if one["kind"] == "Deployment"]
    return {one["metadata"]["name"]: one["spec"]["template"]["spec"] for one in found}


def test_allows_its_own_cluster_only(tilt: Tilt) -> None:
    assert [call["arguments"] for call in tilt.calls["allow_k8s_contexts"]] == [("kind-plat",)]


def test_applies_the_manifests_with_writable_containers(tilt: Tilt) -> None:
    text = (ROOT / "manifests/kind.yaml").read_text(encoding="utf-8")
    assert [one["kind"] for one in documents(tilt)] == [
        one["kind"] for one in yaml.safe_load_all(text)
    ]
    for name, pod in deployments(tilt).items():
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is False, name
            assert container["securityContext"]["allowPrivilegeEscalation"] is False, name


def test_builds_each_image_of_the_manifests(tilt: Tilt) -> None:
    images = {c["image"] for pod in deployments(tilt).values() for c in pod["containers"]}
    ours = {image.rpartition(":")[0] for image in images if image.endswith(":built")}
    assert ours == {call["arguments"][0] for call in tilt.calls["docker_build"]}
    assert {"localhost:5001/plat-gateway", "localhost:5001/plat-operator"} <= ours


def test_syncs_every_package_into_the_containers(tilt: Tilt) -> None:
    wanted = {
        (f"{folder}/{package}", f"/opt/plat/{package}")
        for folder, package in ROOMS.items()
        if folder not in NOT_IN_IMAGES
    }
    for call in tilt.calls["docker_build"]:
        first, *syncs = call["live_update"]
        [whole] = first["fall_back_on"]
        assert all((ROOT / name).is_file() for name in whole)
        assert {"Dockerfile", "requirements.lock"} <= set(whole)
        assert {tuple(step["sync"]) for step in syncs} == wanted
    for source, _ in wanted:
        assert (ROOT / source).is_dir()


@pytest.mark.parametrize("service", ["gateway", "operator"])
def test_restarts_a_service_when_its_imports_change(tilt: Tilt, service: str) -> None:
    call = tilt.only("docker_build", f"localhost:5001/plat-{service}")
    *program, start, core, backends, http, builder, own = call["entrypoint"]
    assert program == ["python", "-m", "watchfiles", "--target-type", "command"]
    assert start == f"python -m plat_{service}"
    assert (ROOT / service / f"plat_{service}" / "__main__.py").is_file()
    folders = ["plat_core", "plat_backends", "plat_http", "plat_builder", f"plat_{service}"]
    assert [core, backends, http, builder, own] == [f"/opt/plat/{name}" for name in folders]


def test_the_live_image_extends_the_service_image(tilt: Tilt) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    for call in tilt.calls["docker_build"]:
        service = call["arguments"][0].rpartition("-")[2]
        assert call["dockerfile_contents"].startswith(dockerfile)
        assert f"\nFROM {service} AS live\n" in call["dockerfile_contents"]
        assert f"\nFROM service AS {service}\n" in dockerfile
        assert call["target"] == "live"


def test_redeploys_saved_functions_once_the_platform_is_ready(tilt: Tilt) -> None:
    hello = tilt.only("local_resource", "01-hello")
    assert hello["cmd"] == ["plat", "deploy", "examples/01-hello"]
    assert hello["deps"] == ["examples/01-hello"]
    assert (ROOT / hello["deps"][0]).is_dir()
    assert {"plat-gateway", "plat-operator"} <= set(hello["resource_deps"])
    resources = {call["arguments"][0] for call in tilt.calls["k8s_resource"]}
    assert set(hello["resource_deps"]) <= resources


def test_own_functions_replace_the_examples(tmp_path: Path) -> None:
    tilt = Tilt("./orders/", "../invoices")
    assert tilt.arguments == ["functions"]
    named = [call["arguments"][0] for call in tilt.calls["local_resource"]]
    assert named == ["orders", "invoices"]
