"""What only the daemonless engine promises: the same bytes anywhere, and nothing sent twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import docker
import pytest
from plat_builder import image_plan, runtimes
from plat_builder.engines.layers import LayersEngine
from plat_builder.images.connection import connect
from plat_builder.images.garbage_collection import collect
from plat_builder.images.registry import Registry
from plat_core.model.build import BuildOptions, Step
from plat_core.ports import Builder

from tests.builder.conftest import HELLO, build
from tests.builder.engines.conftest import Place, registry_container, seed

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(900)]

Folder = Callable[..., Path]
Make = Callable[..., Builder]


def steps(events: list[object]) -> dict[str, bool]:
    return {event.name: event.cached for event in events if isinstance(event, Step)}


async def test_another_builder_and_another_registry_give_the_same_bytes(
    make: Make, folder: Folder, name: str, place: Place, registry: Registry
) -> None:
    source = folder({"app.py": HELLO, "requirements.txt": "idna==3.10\n", "a/b.txt": "x"})
    first = (await build(make("layers"), source, name)).finished
    repository, image_names = name, image_plan.image_names(place.settings)
    await collect(registry, image_names, ())
    assert await registry.tags(repository) == []
    again = await build(make("layers"), source, name)
    assert steps(again.events)["packages"] is False
    assert (again.finished.unchanged, again.finished.digest) == (False, first.digest)


async def test_packages_are_shared_between_functions(make: Make, folder: Folder, name: str) -> None:
    files = {"app.py": HELLO, "requirements.txt": "idna==3.9\n"}
    one = await build(make("layers"), folder(files), name)
    two = await build(make("layers"), folder(files), f"{name}-two")
    assert steps(one.events)["packages"] is False
    assert steps(two.events)["packages"] is True


async def test_two_builds_at_once_install_once(make: Make, folder: Folder, name: str) -> None:
    engine = make("layers")
    source = folder({"app.py": HELLO, "requirements.txt": "idna==3.8\n"})
    both = await asyncio.gather(*(build(engine, source, f"{name}-{i}") for i in range(2)))
    assert sorted(steps(built.events)["packages"] for built in both) == [False, True]
    same = await asyncio.gather(*(build(engine, source, name) for _ in range(4)))
    assert len({built.finished.digest for built in same}) == 1


async def test_what_the_registry_forgot_is_sent_again(
    make: Make, folder: Folder, name: str, place: Place, registry: Registry
) -> None:
    engine = make("layers")
    source = folder({"app.py": HELLO, "requirements.txt": "idna==3.7\n"})
    first = (await build(engine, source, name)).finished
    assert await registry.delete_manifest(name, f"sha256:{first.digest}")
    command = ["registry", "garbage-collect", "/etc/docker/registry/config.yml"]
    code, said = await asyncio.to_thread(place.container.exec_run, command)
    assert code == 0, said
    again = (await build(engine, source, name)).finished
    assert (again.unchanged, again.digest) == (False, first.digest)
    image = f"{place.settings.registry.name}/{name}@sha256:{again.digest}"
    assert await asyncio.to_thread(place.client.images.pull, image)


async def test_closing_a_build_ends_it_and_leaves_nothing(
    make: Make, folder: Folder, name: str, registry: Registry
) -> None:
    engine = make("layers")
    source = folder({"app.py": HELLO, "requirements.txt": "idna==3.6\n"})
    events = engine.build(source, BuildOptions(name=name))
    await anext(events)
    await events.aclose()
    assert await registry.tags(name) == []
    assert (await build(engine, source, name)).finished.unchanged is False


async def test_a_dockerfile_of_ones_own_is_refused_with_the_way_to_go(
    make: Make, folder: Folder, name: str
) -> None:
    source = folder({"app.py": HELLO, "Dockerfile": "FROM scratch\n"})
    failed = (await build(make("layers"), source, name)).failed
    assert failed.code == "not-supported"
    assert "PLAT_BUILD_ENGINE=docker" in failed.fix


async def test_garbage_is_what_no_revision_names_and_a_builder_made(
    make: Make, folder: Folder, name: str, place: Place, registry: Registry
) -> None:
    engine, image_names = make("layers"), image_plan.image_names(place.settings)
    files = {"app.py": HELLO, "requirements.txt": "idna==3.4\n"}
    kept = (await build(engine, folder(files), name)).finished
    files |= {"app.py": HELLO + "# 2\n", "requirements.txt": "idna==3.5\n"}
    gone = (await build(engine, folder(files), name)).finished
    by_hand = await registry.manifest(name, f"sha256:{kept.digest}")
    assert by_hand is not None
    bases = {r: await registry.tags(r) for r in await registry.repositories() if "runtime" in r}
    keep = {f"sha256:{kept.digest}"}
    would = await collect(registry, image_names, keep, dry_run=True)
    assert f"{name}@sha256:{gone.digest}" in would.images
    assert await registry.digest(name, f"sha256:{gone.digest}") is not None
    done = await collect(registry, image_names, keep)
    assert done == would
    assert await registry.digest(name, f"sha256:{gone.digest}") is None
    assert await registry.digest(name, f"sha256:{kept.digest}") is not None
    assert {r: await registry.tags(r) for r in bases} == bases
    again = await collect(registry, image_names, keep)
    assert (again.images, again.layers) == ((), ())
    cached = await build(engine, folder({**files, "requirements.txt": "idna==3.4\n"}), name)
    assert steps(cached.events)["packages"] is True


async def test_without_base_images_a_build_says_what_to_type(
    folder: Folder, make: Make, name: str
) -> None:
    client = docker.from_env()
    try:
        with registry_container(client) as empty:
            registry = connect(empty.settings)
            built = await build(_layers(empty, registry, folder()), folder(), name)
            assert built.failed.code == "unavailable"
            assert "no base image" in built.failed.message
            assert "hack/build-runtimes" in built.failed.fix
            empty.container.stop(timeout=1)
            down = await build(_layers(empty, registry, folder()), folder(), name)
            assert "does not answer" in down.failed.message
            await registry.close()
    finally:
        client.close()


def _layers(place: Place, registry: Registry, home: Path) -> Builder:
    return LayersEngine(home, runtimes=runtimes.find(), registry=registry, settings=place.settings)


async def test_seeding_again_leaves_the_base_images_alone(place: Place) -> None:
    assert {line.rpartition(" ")[2] for line in await seed(place.settings)} == {"there"}


async def test_the_image_is_written_down_without_the_time(
    make: Make, folder: Folder, name: str, registry: Registry
) -> None:
    done = (await build(make("layers"), folder(), name)).finished
    manifest = await registry.manifest(name, f"sha256:{done.digest}")
    assert manifest is not None
    config = json.loads(await registry.document(name, json.loads(manifest[0])["config"]["digest"]))
    assert config["created"] == "1970-01-01T00:00:00Z"
    assert config["config"]["User"] == "65532:65532"
