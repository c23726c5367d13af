"""Names of repositories, tags and images. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

TAG_HASH = 40
"""Hexadecimal characters of a hash in a tag; a tag has at most 128 in all."""

SOURCE_PREFIX = "src-"
"""Prefix of the tags of sources."""


@dataclass(frozen=True, slots=True)
class ImageNames:
    """The repositories below `name`, which is a registry's host and perhaps a path in it."""

    name: str
    version: str

    @property
    def _prefix(self) -> str:
        path = self.name.partition("/")[2]
        return f"{path}/" if path else ""

    def function(self, name: str) -> str:
        """The repository of a function's images."""
        return f"{self._prefix}{name}"

    def is_function(self, repository: str) -> bool:
        """Whether that repository may be a function's."""
        return repository.startswith(self._prefix) and "/" not in repository[len(self._prefix) :]

    @property
    def packages(self) -> str:
        """The repository that keeps layers of packages, each under a tag."""
        return f"{self._prefix}plat/deps"

    def runtime(self, name: str) -> str:
        """The repository of a runtime's base images; the tag is the version of plat."""
        return f"{self._prefix}plat/runtime-{name}"

    def image(self, repository: str, reference: str) -> str:
        """The name by which a node pulls: by digest, or by tag."""
        host = self.name.partition("/")[0]
        separator = "@" if ":" in reference else ":"
        return f"{host}/{repository}{separator}{reference}"


def source_tag(key: str) -> str:
    """The tag under which the image of a source is found again."""
    return f"{SOURCE_PREFIX}{key[:TAG_HASH]}"
