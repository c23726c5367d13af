"""Follow the guide to adding a runtime: its files, its base image, and a function on it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from plat_builder import runtimes
from plat_builder.daemon import Daemon
from plat_builder.engines.docker import DockerEngine
from plat_builder.engines.layers import LayersEngine
from plat_builder.images.registry import Registry
from plat_builder.runtime_images import BaseImagePublisher
from plat_builder.runtimes import RuntimeCatalog

from tests.architecture.repository import ROOT
from tests.builder.conftest import build
from tests.builder.engines.conftest import Place, Running

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(900)]

GUIDE = ROOT / "docs/guides/adding-a-runtime.md"
FILE = re.compile(r"^`runtimes/([^`]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
Run = Callable[[str], Awaitable[Running]]


@pytest.fixture
def catalog(tmp_path: Path) -> RuntimeCatalog:
    """The runtimes of this checkout, and the one of the guide."""
    folder = tmp_path / "runtimes"
    shutil.copytree(runtimes.find(), folder)
    for path, content in FILE.findall(GUIDE.read_text(encoding="utf-8")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, encoding="utf-8")
    return RuntimeCatalog(folder)


async def test_the_guide_adds_a_runtime_to_the_image_engines(
    catalog: RuntimeCatalog,
    place: Place,
    registry: Registry,
    tmp_path: Path,
    name: str,
    run: Run,
) -> None:
    runtime = catalog.get("python-bottle")
    template = runtime.folder / "template"
    daemon = Daemon(place.settings)
    try:
        publisher = BaseImagePublisher(
            catalog, registry=registry, daemon=daemon, settings=place.settings
        )
        assert [line async for line in publisher.publish(runtime)][-1].startswith(
            f"{place.settings.registry.name}/plat/runtime-python-bottle:"
        )
        options = {"runtimes": catalog.folder, "registry": registry, "settings": place.settings}
        engines = (
            LayersEngine(tmp_path / "home", **options),  # type: ignore[arg-type]
            DockerEngine(daemon=daemon, **options),  # type: ignore[arg-type]
        )
        for engine, function_name in zip(engines, (name, f"{name}-d"), strict=True):
            built = await build(engine, template, function_name)
            assert built.finished.runtime == "python-bottle"
            function = await run(built.finished.image)
            assert (await function.call("/?name=Ada")).text == "Hello, Ada!\n"
    finally:
        daemon.close()
