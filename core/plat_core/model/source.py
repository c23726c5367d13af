"""Sources: the user's files in a `Function` that has no image."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from plat_core.model.base import FilePath, Model, encodable

INLINE_BYTES = 512 * 1024
GIT_URL_PATTERN = (
    r"^(https?://[A-Za-z0-9\[][^\s/@]*/[^\s]+|ssh://([A-Za-z0-9._-]+@)?[A-Za-z0-9\[][^\s/@]*/[^\s]+"
    r"|file:///[^\s]+)$"
)
GIT_REF_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,254}$"
ARCHIVE_URL_PATTERN = r"^(https?://[A-Za-z0-9\[][^\s/@]*/[^\s]+|file:///[^\s]+)$"
DIGEST_PATTERN = r"^sha256:[0-9a-f]{64}$"
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class GitSource(Model):
    """A folder in a git repository."""

    url: Annotated[str, StringConstraints(pattern=GIT_URL_PATTERN, max_length=2008)]
    ref: Annotated[str, StringConstraints(pattern=GIT_REF_PATTERN)] = "HEAD"
    path: FilePath | None = None


class ArchiveSource(Model):
    """A zip or tar.gz archive at a URL."""

    url: Annotated[str, StringConstraints(pattern=ARCHIVE_URL_PATTERN, max_length=2008)]
    digest: Annotated[str, StringConstraints(pattern=DIGEST_PATTERN)] | None = None


class Source(Model):
    """The user's files: inline, in a git repository, or in an archive."""

    inline: dict[FilePath, str] | None = Field(default=None, min_length=1, max_length=100)
    git: GitSource | None = None
    archive: ArchiveSource | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Source:
        if [self.inline, self.git, self.archive].count(None) != 2:
            raise ValueError("exactly one of inline, git and archive is required")
        for text in (self.inline or {}).values():
            if not encodable(text):
                raise ValueError("a file's text must be Unicode without lone surrogates")
        if sum(len(text.encode()) for text in (self.inline or {}).values()) > INLINE_BYTES:
            raise ValueError(f"an inline source has at most {INLINE_BYTES} bytes; deploy a folder")
        return self

    @property
    def moves(self) -> bool:
        """Whether the source may change without a change of the spec, like a branch."""
        if self.git is not None:
            return COMMIT.fullmatch(self.git.ref) is None
        return self.archive is not None and self.archive.digest is None
