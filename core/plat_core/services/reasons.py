"""Reasons of failures: which ones are final, and what to do about each."""

from __future__ import annotations

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
"""A revision that fails to start for one of these will not start at a second attempt either."""

PASSING_REASONS = frozenset({"ImageUnavailable", "DockerUnavailable"})
"""Nothing of the function's: it is tried again by itself, and somebody may help it on meanwhile."""

HINTS = {
    "BuildFailed": "mend the line that the build names, then: plat deploy",
    "HandlerSyntaxError": "mend the line that the message names, then: plat deploy",
    "HandlerImportError": "add the missing package to requirements.txt, then: plat deploy",
    "HandlerNotFound": 'set "handler": "module:name" in function.json, then: plat deploy',
    "HandlerUnrecognised": "see the guide on the shapes of a handler, then: plat deploy",
    "HandlerExited": "a function must not call exit while it is imported; then: plat deploy",
    "StartTimeout": "do less while the module is imported; see: plat logs {name}",
    "OOMKilled": "raise spec.resources.limits.memory, or use less of it; then: plat deploy",
    "SecretNotFound": "plat secret set NAME KEY=VALUE",
    "SecretInvalid": "mend what the message names: plat secret set NAME KEY=VALUE",
    "ImageNotFound": "build it again: plat deploy",
    "ImagePullFailed": "see that the registry answers, then: plat redeploy {name}",
    "ImagePullDenied": (
        "kubectl create secret docker-registry LOGIN -n {namespace} --docker-server=HOST "
        "--docker-username=USER --docker-password=PASSWORD\n"
        "kubectl patch serviceaccount default -n {namespace} "
        '-p \'{{"imagePullSecrets": [{{"name": "LOGIN"}}]}}\'\n'
        "plat redeploy {name}"
    ),
    "Unschedulable": "ask for less in spec.resources.requests, or give the cluster more nodes",
    "QuotaExceeded": "ask for less, or raise it: kubectl describe quota -n {namespace}",
    "PodRefused": "mend what the message names, then: plat redeploy {name}",
    "ImageUnavailable": "it is tried again by itself; is the registry there? plat doctor",
    "DockerUnavailable": "sudo systemctl start docker; what stopped with it comes back by itself",
    "CannotStart": "mend what the message names on this machine, then: plat redeploy {name}",
    "Unhealthy": "a call held it up, or it answers no probe; see: plat logs {name}",
    "Suspended": "plat start {name}",
}
CRASH_HINT = "plat logs {name}"
