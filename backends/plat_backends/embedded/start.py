"""From a revision to a started process: artifact, secrets, directories, limits, command."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plat_core.model.build import EMBEDDED_REPOSITORY, EnvironmentArtifact
from plat_core.model.function import FunctionSpec
from plat_core.model.quantities import cpu_cores, memory_bytes
from plat_core.ports import Failure, Revision, SecretStore
from pydantic import ValidationError

from plat_backends.embedded.cgroups import Cgroup, Cgroups, Limits
from plat_backends.embedded.environment import Identity, environment
from plat_backends.embedded.logs import Sink
from plat_backends.embedded.places import Places, ReplicaPlaces
from plat_backends.embedded.process import Command, Process
from plat_backends.embedded.users import Users
from plat_backends.replica.inputs import CannotStart, SecretValues, fetch_secrets, secret_files

LAUNCH = Path(__file__).with_name("launch.py")
OPEN_FILES = 4096
THREAD_BYTES = 8 * 1024**2
LOADER_VARIABLES = ("LD_", "GLIBC_TUNABLES")


@dataclass(frozen=True, slots=True)
class Started:
    """A process, where it lives and what limits it."""

    process: Process
    places: ReplicaPlaces
    group: Cgroup | None


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts replicas of one platform."""

    places: Places
    cgroups: Cgroups
    users: Users
    secrets: SecretStore
    network: Mapping[str, str]

    async def start(self, revision: Revision, replica: str, token: str, sink: Sink) -> Started:
        """Start a process of `revision`. Raises CannotStart."""
        secrets = await fetch_secrets(revision, self.secrets)
        try:
            made = await asyncio.to_thread(self._prepare, revision, replica, token, secrets)
            command, places, group = made
            process = Process(command, group, sink.output)
        except OSError as error:
            raise CannotStart(Failure("CannotStart", f"it cannot be started: {error}")) from error
        return Started(process, places, group)

    def clear(self, token: str) -> None:
        """Remove what was made for a replica that ended; a second call is a no-op. Blocking."""
        self.cgroups.group(token).remove()
        self.places.replica(token).remove()

    def _prepare(
        self, revision: Revision, replica: str, token: str, secrets: SecretValues
    ) -> tuple[Command, ReplicaPlaces, Cgroup | None]:
        artifact = self._artifact(revision.image)
        places = self.places.replica(token)
        identity = Identity(self.places.instance, replica, revision, artifact, places)
        env = environment(identity, secrets, self.network)
        user = self.users.pick(revision.ref, _needed(artifact))
        if user is not None:
            # the loader would act on these while the process is still root
            env = {k: v for k, v in env.items() if not k.startswith(LOADER_VARIABLES)}
        places.make(user)
        _mount(revision.spec, secrets, places, user)
        limits = _limits(revision.spec)
        group = self.cgroups.create(token, limits)
        options = self._options(group, limits, revision.spec.concurrency, user)
        argv = [str(artifact.python), "-I", "-S", str(LAUNCH), str(artifact.launcher), *options]
        return Command(argv, env, artifact.code, "PLAT_SOCKET"), places, group

    def _artifact(self, image: str) -> EnvironmentArtifact:
        repository, _, digest = image.partition("@sha256:")
        if not digest or not repository.startswith(f"{EMBEDDED_REPOSITORY}/"):
            raise _no_image(f"{image} is not an artifact of the embedded backend")
        try:
            document = self.places.artifact(digest).read_bytes()
            artifact = EnvironmentArtifact.model_validate_json(document)
        except FileNotFoundError:
            raise _no_image(f"the artifact {image} is not here any more") from None
        except (OSError, ValidationError) as error:
            raise _no_image(f"the artifact {image} cannot be read: {error}") from error
        for path in _needed(artifact):
            if not path.exists():
                raise _no_image(f"the artifact {image} is not whole: {path} is missing")
        return artifact

    def _options(
        self, group: Cgroup | None, limits: Limits, concurrency: int, user: int | None
    ) -> list[str]:
        options = [f"parent={os.getpid()}", f"files={OPEN_FILES}"]
        if group is not None:
            options.append(f"cgroups={os.pathsep.join(map(str, group.files))}")
        if user is not None:
            options += [f"uid={user}", f"processes={limits.processes}"]
        if limits.memory is not None and not self.cgroups.limits_memory:
            # counts the stacks that threads reserve and hardly use
            options.append(f"data={limits.memory + THREAD_BYTES * (concurrency + 4)}")
        return options


def _needed(artifact: EnvironmentArtifact) -> list[Path]:
    return [artifact.python, artifact.launcher, artifact.code, *artifact.site, LAUNCH]


def _limits(spec: FunctionSpec) -> Limits:
    limits = spec.resources.limits
    return Limits(
        memory=memory_bytes(limits.memory) if limits.memory else None,
        cpu=cpu_cores(limits.cpu) if limits.cpu else None,
    )


def _mount(
    spec: FunctionSpec, secrets: SecretValues, places: ReplicaPlaces, user: int | None
) -> None:
    for name, values in secret_files(spec, secrets).items():
        for key, value in values.items():
            places.write_secret(name, key, value, user)


def _no_image(message: str) -> CannotStart:
    return CannotStart(Failure("ImageNotFound", message))
