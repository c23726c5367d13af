"""The naming rule, `FunctionRef` and `SecretRef`, without pydantic, which slows the CLI's start.

A name is an RFC 1123 label, the strictest form that all backends accept: it becomes the name of a
Kubernetes object and a container, a directory, and a path segment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NAME_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
NAME_LENGTH = 63
NAME_RULE = (
    "a name has 1 to 63 characters: lower-case letters a-z, digits and '-', "
    "and starts and ends with a letter or digit"
)
DEFAULT_NAMESPACE = "default"

_NAME = re.compile(NAME_PATTERN, re.ASCII)


def check_name(value: str) -> str:
    """Return `value`; raise ValueError with NAME_RULE if it is not a valid name."""
    # fullmatch, because `$` also matches before a final newline
    if len(value) > NAME_LENGTH or not _NAME.fullmatch(value):
        raise ValueError(NAME_RULE)
    return value


def similar_name(text: str) -> str:
    """Return a valid name that resembles `text`; empty if no character is valid."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:NAME_LENGTH].strip("-")


@dataclass(frozen=True, slots=True, order=True)
class FunctionRef:
    """Name and namespace of a function."""

    name: str
    namespace: str = DEFAULT_NAMESPACE

    def __str__(self) -> str:
        """Return the form for logs and messages, which omits the default namespace."""
        return self.name if self.namespace == DEFAULT_NAMESPACE else f"{self.namespace}/{self.name}"

    @property
    def segment(self) -> str:
        """Path segment of the function in `/function/<segment>`: `name[.namespace]`."""
        return self.name if self.namespace == DEFAULT_NAMESPACE else f"{self.name}.{self.namespace}"

    def url_at(self, gateway: str) -> str:
        """Return the URL of the function at the gateway with this base URL."""
        return f"{gateway.rstrip('/')}/function/{self.segment}"

    @classmethod
    def from_segment(cls, segment: str) -> FunctionRef:
        """Parse `name[.namespace]`; raise ValueError with the naming rule."""
        name, _, namespace = segment.partition(".")
        return cls(check_name(name), check_name(namespace) if "." in segment else DEFAULT_NAMESPACE)


@dataclass(frozen=True, slots=True, order=True)
class SecretRef:
    """Name and namespace of a secret."""

    name: str
    namespace: str = DEFAULT_NAMESPACE
