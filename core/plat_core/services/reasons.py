"""Reasons of failures: which ones are final, and the fix of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from plat_core.fix import FixCode

FINAL_REASONS = frozenset(
    {
        "HandlerSyntaxError",
        "HandlerImportError",
        "HandlerNotFound",
        "HandlerExited",
        "HandlerFailed",
        "HandlerUnrecognised",
        "StartTimeout",
        "SecretNotFound",
        "SecretInvalid",
        "ImageNotFound",
        "ImagePullDenied",
        "SettingInvalid",
        "CannotStart",
        "Unhealthy",
    }
)
"""A revision that fails to start for one of these fails again at a second attempt."""

PASSING_REASONS = frozenset({"ImageUnavailable", "DockerUnavailable"})
"""Failures of the platform. The start is retried automatically; the hint may speed it up."""

FIXES: Final[Mapping[str, FixCode]] = {
    "BuildFailed": "correct-build",
    "HandlerSyntaxError": "correct-handler",
    "HandlerImportError": "add-package",
    "HandlerNotFound": "name-handler",
    "HandlerUnrecognised": "read-handler-guide",
    "HandlerExited": "remove-exit",
    "StartTimeout": "speed-up-start",
    "OOMKilled": "raise-memory",
    "SecretNotFound": "set-secret",
    "SecretInvalid": "correct-secret",
    "ImageNotFound": "rebuild-image",
    "ImagePullFailed": "retry-pull",
    "ImagePullDenied": "add-pull-secret",
    "Unschedulable": "lower-requests",
    "QuotaExceeded": "raise-quota",
    "PodRefused": "correct-pod",
    "ImageUnavailable": "check-registry",
    "DockerUnavailable": "start-docker",
    "CannotStart": "correct-machine",
    "Unhealthy": "check-health",
    "Suspended": "start-function",
}
"""The fix of each reason; for any other reason the logs may help."""
