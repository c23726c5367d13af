"""Base images from another registry, as they get into a cluster without Docker."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plat_builder import image_plan, runtimes
from plat_builder.images.connection import connect
from plat_builder.images.mirroring import copy_base_images
from plat_builder.images.registry import Registry
from plat_builder.runtimes import RuntimeCatalog
from plat_core.errors import Unavailable

from tests.builder.engines.conftest import Place, registry_container

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(300)]


async def test_base_images_are_copied_once_with_their_digests(
    place: Place, registry: Registry
) -> None:
    catalog, there = RuntimeCatalog(runtimes.find()), image_plan.image_names(place.settings)
    with registry_container(place.client) as empty:
        other = connect(empty.settings)
        here = image_plan.image_names(empty.settings)
        pairs = ((other, here), (registry, there))
        try:
            said = [line async for line in copy_base_images(catalog, *pairs)]
            assert all("is copied from" in line for line in said)
            assert len(said) == len(catalog.list())
            for runtime in catalog.list():
                repository = here.runtime(runtime.name)
                assert await other.digest(repository, here.version) == await registry.digest(
                    repository, here.version
                )
            said = [line async for line in copy_base_images(catalog, *pairs)]
            assert all(line.endswith("is there") for line in said)
            missing = replace(there, version="0.0.0-nobody")
            newer = (other, replace(here, version="0.0.0-nobody"))
            with pytest.raises(Unavailable, match=r"there is no .*runtime-"):
                [line async for line in copy_base_images(catalog, newer, (registry, missing))]
        finally:
            await other.close()
