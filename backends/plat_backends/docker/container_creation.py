"""Creating a replica's container with its image and secret files, and removing both."""

from __future__ import annotations

from plat_core.ports import Revision

from plat_backends.docker import spec
from plat_backends.docker.context import ReplicaContext
from plat_backends.docker.engine import Engine
from plat_backends.docker.secret_archive import secret_archive
from plat_backends.replica.inputs import fetch_secrets, secret_files, user_variables


async def create_container(
    name: spec.ReplicaName, revision: Revision, context: ReplicaContext
) -> None:
    """Create the container, without starting it.

    Raises CannotStart for a missing secret or setting, ImageNotFound, Unavailable, DockerRejected.
    """
    secrets = await fetch_secrets(revision, context.secrets)
    values = user_variables(revision.spec, secrets)
    files = secret_files(revision.spec, secrets)
    user = await _ensure_image(context.engine, revision.image)
    if files:
        await _fill_volume(name, revision, context, secret_archive(files))
    document = spec.container(name, revision, context.policy, values=values, user=user)
    await context.engine.create(document, name.container)


async def remove_container(name: spec.ReplicaName, engine: Engine) -> None:
    """Remove the container with its loader and its volume; a second call is a no-op."""
    await engine.remove(name.container)
    await engine.remove(spec.loader_name(name))
    await engine.remove_volume(spec.secret_volume(name))


async def _ensure_image(engine: Engine, image: str) -> str:
    """Pull the image if it is missing, and return its USER."""
    user = await engine.image_user(image)
    if user is None:
        await engine.pull(image)
        user = await engine.image_user(image)
    return user or ""


async def _fill_volume(
    name: spec.ReplicaName, revision: Revision, context: ReplicaContext, files: bytes
) -> None:
    engine, policy = context.engine, context.policy
    await engine.create_volume(spec.secret_volume(name), spec.owner_labels(policy))
    await engine.remove(spec.loader_name(name))
    loader = await engine.create(spec.loader(name, revision, policy), spec.loader_name(name))
    try:
        await engine.upload(loader, spec.LOADER_PATH, files)
    finally:
        await engine.remove(loader)
