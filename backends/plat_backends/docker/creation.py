"""How a replica's container comes to be: its secrets, its image, its secret files, itself."""

from __future__ import annotations

from plat_core.ports import Revision

from plat_backends.docker import spec
from plat_backends.docker.archive import secret_archive
from plat_backends.docker.engine import Engine
from plat_backends.docker.surroundings import Surroundings
from plat_backends.replica.inputs import fetch_secrets, secret_files, user_variables


async def create(name: spec.ReplicaName, revision: Revision, around: Surroundings) -> None:
    """Create the container, without starting it.

    Raises CannotStart where a secret or a setting is missing, ImageMissing, Unavailable, Refused.
    """
    secrets = await fetch_secrets(revision, around.secrets)
    values = user_variables(revision.spec, secrets)
    files = secret_files(revision.spec, secrets)
    user = await _fetched(around.engine, revision.image)
    if files:
        await _fill(name, revision, around, secret_archive(files))
    document = spec.container(name, revision, around.policy, values=values, user=user)
    await around.engine.create(document, name.container)


async def remove(name: spec.ReplicaName, engine: Engine) -> None:
    """Remove the container with all that belongs to it; gone is gone."""
    await engine.remove(name.container)
    await engine.remove(spec.loader_name(name))
    await engine.remove_volume(spec.secret_volume(name))


async def _fetched(engine: Engine, image: str) -> str:
    """The image's USER; the image is here then."""
    user = await engine.image_user(image)
    if user is None:
        await engine.pull(image)
        user = await engine.image_user(image)
    return user or ""


async def _fill(
    name: spec.ReplicaName, revision: Revision, around: Surroundings, files: bytes
) -> None:
    engine, policy = around.engine, around.policy
    await engine.create_volume(spec.secret_volume(name), spec.owner_labels(policy))
    await engine.remove(spec.loader_name(name))
    loader = await engine.create(spec.loader(name, revision, policy), spec.loader_name(name))
    try:
        await engine.upload(loader, spec.LOADER_PATH, files)
    finally:
        await engine.remove(loader)
