"""What a user can do about an error, as a code with parameters.

The core and the backends name commands by code. Only the edges turn a code into words, with
`plat_http.fixes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

FixCode = Literal[
    "add-package",
    "add-pull-secret",
    "check-controller",
    "check-health",
    "check-platform",
    "check-registry",
    "choose-home",
    "choose-home-or-stop",
    "choose-object-name",
    "choose-secret-name",
    "correct-build",
    "correct-handler",
    "correct-machine",
    "correct-pod",
    "correct-secret",
    "create-namespace",
    "debug-in-dev",
    "describe-function",
    "edit-resource",
    "free-registry",
    "init-function",
    "install-extra",
    "list-calls",
    "list-calls-of-function",
    "list-functions",
    "listen-on-loopback",
    "listen-on-port",
    "lower-requests",
    "name-handler",
    "raise-memory",
    "raise-quota",
    "raise-timeout",
    "read-handler-guide",
    "read-logs",
    "rebuild-image",
    "recreate-function",
    "remove-exit",
    "retry-after-start",
    "retry-or-scale",
    "retry-pull",
    "set-secret",
    "show-call",
    "show-runtime",
    "speed-up-start",
    "start-docker",
    "start-function",
    "start-registry",
    "wait-for-result",
]


@dataclass(frozen=True, slots=True)
class Fix:
    """A step that resolves an error, such as `Fix("start-function", {"name": "orders"})`.

    A parameter that is not given is left for the user to fill in.
    """

    code: FixCode
    parameters: Mapping[str, str] = field(default_factory=dict)


DescribeFix = Callable[[Fix], str]
"""Turns a fix into the words for the user."""
