"""Secret files as the archive through which they get into a container's volume: pure."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def secret_archive(files: Mapping[str, Mapping[str, str]]) -> bytes:
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
