"""What a revision asks of the secrets, looked up when its replica is created."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

from plat_core.errors import SecretNotFound
from plat_core.model.function import EnvVar
from plat_core.ports import Revision, SecretStore


@dataclass(frozen=True, slots=True)
class Inputs:
    """The values of the variables, and of each named secret its files."""

    variables: Mapping[str, str]
    files: Mapping[str, Mapping[str, str]]


async def look_up(revision: Revision, secrets: SecretStore) -> Inputs:
    """Resolve variables and secrets; raises SecretNotFound, which names what is missing."""
    namespace, spec = revision.ref.namespace, revision.spec
    variables: dict[str, str] = {}
    for variable in spec.env:
        value = await _value(variable, namespace, secrets)
        if value is not None:
            variables[variable.name] = value
    files = {name: await secrets.get(namespace, name) for name in spec.secrets}
    return Inputs(variables, files)


async def _value(variable: EnvVar, namespace: str, secrets: SecretStore) -> str | None:
    if variable.value_from is None:
        return variable.value or ""
    wanted = variable.value_from.secret_key_ref
    try:
        value = (await secrets.get(namespace, wanted.name)).get(wanted.key)
    except SecretNotFound:
        if wanted.optional:
            return None
        raise
    if value is None and not wanted.optional:
        message = f"the secret {wanted.name} has no key {wanted.key}"
        raise SecretNotFound(message, fix=f"plat secret set {wanted.name} {wanted.key}=VALUE")
    return value


def archive(files: Mapping[str, Mapping[str, str]]) -> bytes:
    """The files `<secret>/<key>` as a tar: anybody in the container may read, nobody write."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, values in sorted(files.items()):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
            for key, value in sorted(values.items()):
                data = value.encode()
                member = tarfile.TarInfo(f"{name}/{key}")
                member.size, member.mode = len(data), 0o444
                tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
