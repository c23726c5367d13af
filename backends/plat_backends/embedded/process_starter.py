"""Starting the process of a replica: artifact, secrets, directories, limits, command."""

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

from plat_backends.embedded.cgroups import Cgroup, CgroupLimits, Cgroups
from plat_backends.embedded.environment import ProcessIdentity, process_environment
from plat_backends.embedded.function_users import FunctionUsers
from plat_backends.embedded.logs import ReplicaOutput
from plat_backends.embedded.paths import PlatformPaths, ReplicaPaths
from plat_backends.embedded.process import ProcessCommand, ReplicaProcess
from plat_backends.replica.inputs import CannotStart, SecretValues, fetch_secrets, secret_files

LAUNCH = Path(__file__).with_name("launch.py")
OPEN_FILES = 4096
THREAD_BYTES = 8 * 1024**2
LOADER_VARIABLES = ("LD_", "GLIBC_TUNABLES")


@dataclass(frozen=True, slots=True)
class StartedProcess:
    """A running process with its paths and its control group."""

    process: ReplicaProcess
    paths: ReplicaPaths
    group: Cgroup | None


@dataclass(frozen=True, slots=True)
class ProcessStarter:
    """Starts the processes of one platform."""

    paths: PlatformPaths
    cgroups: Cgroups
    users: FunctionUsers
    secrets: SecretStore
    network: Mapping[str, str]

    async def start(
        self, revision: Revision, replica: str, token: str, output: ReplicaOutput
    ) -> StartedProcess:
        """Start a process of `revision`; raises CannotStart."""
        secrets = await fetch_secrets(revision, self.secrets)
        try:
            prepared = await asyncio.to_thread(self._prepare, revision, replica, token, secrets)
            command, paths, group = prepared
            process = ReplicaProcess(command, group, output.receive)
        except OSError as error:
            raise CannotStart(Failure("CannotStart", f"it cannot be started: {error}")) from error
        return StartedProcess(process, paths, group)

    def remove_files(self, token: str) -> None:
        """Remove the directories and the group of an ended replica; a second call is a no-op.

        Blocks.
        """
        self.cgroups.group(token).remove()
        self.paths.replica(token).remove()

    def _prepare(
        self, revision: Revision, replica: str, token: str, secrets: SecretValues
    ) -> tuple[ProcessCommand, ReplicaPaths, Cgroup | None]:
        artifact = self._artifact(revision.image)
        paths = self.paths.replica(token)
        identity = ProcessIdentity(self.paths.instance, replica, revision, artifact, paths)
        env = process_environment(identity, secrets, self.network)
        user = self.users.assign(revision.ref, _required_files(artifact))
        if user is not None:
            # the dynamic loader would obey these while the process is still root
            env = {k: v for k, v in env.items() if not k.startswith(LOADER_VARIABLES)}
        paths.create(user)
        _mount(revision.spec, secrets, paths, user)
        limits = _limits(revision.spec)
        group = self.cgroups.create(token, limits)
        options = self._options(group, limits, revision.spec.concurrency, user)
        argv = [str(artifact.python), "-I", "-S", str(LAUNCH), str(artifact.launcher), *options]
        return ProcessCommand(argv, env, artifact.code, "PLAT_SOCKET"), paths, group

    def _artifact(self, image: str) -> EnvironmentArtifact:
        repository, _, digest = image.partition("@sha256:")
        if not digest or not repository.startswith(f"{EMBEDDED_REPOSITORY}/"):
            raise _image_not_found(f"{image} is not an artifact of the embedded backend")
        try:
            document = self.paths.artifact(digest).read_bytes()
            artifact = EnvironmentArtifact.model_validate_json(document)
        except FileNotFoundError:
            raise _image_not_found(f"the artifact {image} no longer exists") from None
        except (OSError, ValidationError) as error:
            raise _image_not_found(f"the artifact {image} cannot be read: {error}") from error
        for path in _required_files(artifact):
            if not path.exists():
                raise _image_not_found(f"the artifact {image} is incomplete: {path} is missing")
        return artifact

    def _options(
        self, group: Cgroup | None, limits: CgroupLimits, concurrency: int, user: int | None
    ) -> list[str]:
        options = [f"parent={os.getpid()}", f"files={OPEN_FILES}"]
        if group is not None:
            options.append(f"cgroups={os.pathsep.join(map(str, group.files))}")
        if user is not None:
            options += [f"uid={user}", f"processes={limits.processes}"]
        if limits.memory is not None and not self.cgroups.limits_memory:
            # RLIMIT_DATA counts whole thread stacks, of which threads use little
            options.append(f"data={limits.memory + THREAD_BYTES * (concurrency + 4)}")
        return options


def _required_files(artifact: EnvironmentArtifact) -> list[Path]:
    return [artifact.python, artifact.launcher, artifact.code, *artifact.site, LAUNCH]


def _limits(spec: FunctionSpec) -> CgroupLimits:
    limits = spec.resources.limits
    return CgroupLimits(
        memory=memory_bytes(limits.memory) if limits.memory else None,
        cpu=cpu_cores(limits.cpu) if limits.cpu else None,
    )


def _mount(
    spec: FunctionSpec, secrets: SecretValues, paths: ReplicaPaths, user: int | None
) -> None:
    for name, values in secret_files(spec, secrets).items():
        for key, value in values.items():
            paths.write_secret(name, key, value, user)


def _image_not_found(message: str) -> CannotStart:
    return CannotStart(Failure("ImageNotFound", message))
