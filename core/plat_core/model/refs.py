"""The naming rule, `FunctionRef` and `SecretRef`, without pydantic: a command line has no time to
import it.

A name is an RFC 1123 label, the strictest form that every backend accepts: it becomes a Kubernetes
object, a container, a folder and a path segment.
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
    """Return `value`, or raise ValueError with the one message used everywhere."""
    # fullmatch, because `$` also matches before a final newline
    if len(value) > NAME_LENGTH or not _NAME.fullmatch(value):
        raise ValueError(NAME_RULE)
    return value


def similar_name(text: str) -> str:
    """A name made of any text: what none may have becomes '-'. Empty where nothing is left."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:NAME_LENGTH].strip("-")


@dataclass(frozen=True, slots=True, order=True)
class FunctionRef:
    """Which function: `namespace/name`."""

    name: str
    namespace: str = DEFAULT_NAMESPACE

    def __str__(self) -> str:
        """The form used in logs and messages; the default namespace goes without saying."""
        return self.name if self.namespace == DEFAULT_NAMESPACE else f"{self.namespace}/{self.name}"

    @property
    def segment(self) -> str:
        """The one path segment that names it in `/function/<segment>`: `name[.namespace]`."""
        return self.name if self.namespace == DEFAULT_NAMESPACE else f"{self.name}.{self.namespace}"

    @classmethod
    def from_segment(cls, segment: str) -> FunctionRef:
        """Read `name[.namespace]`; raises ValueError with the naming rule."""
        name, _, namespace = segment.partition(".")
        return cls(check_name(name), check_name(namespace) if "." in segment else DEFAULT_NAMESPACE)


@dataclass(frozen=True, slots=True, order=True)
class SecretRef:
    """Which secret: a name within a namespace."""

    name: str
    namespace: str = DEFAULT_NAMESPACE
