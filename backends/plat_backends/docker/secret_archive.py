"""Secret files as a tar archive, which Docker unpacks into a volume. Pure."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping


def secret_archive(files: Mapping[str, Mapping[str, str]]) -> bytes:
    """Return a tar with the files `<secret>/<key>`, readable and not writable by every user."""
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
