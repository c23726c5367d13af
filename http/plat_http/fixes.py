"""The words of every `Fix`: the commands that resolve an error.

The HTTP services, the status hints of functions and the CLI share this one table. It imports
nothing but `plat_core.fix`, because the CLI imports it at start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from plat_core.fix import Fix, FixCode

WORDS: Final[Mapping[FixCode, str]] = {
    "add-package": "add the missing package to requirements.txt, then: plat deploy",
    "add-pull-secret": (
        "kubectl create secret docker-registry LOGIN -n {namespace} --docker-server=HOST "
        "--docker-username=USER --docker-password=PASSWORD\n"
        "kubectl patch serviceaccount default -n {namespace} "
        '-p \'{{"imagePullSecrets": [{{"name": "LOGIN"}}]}}\'\n'
        "plat redeploy {name}"
    ),
    "check-controller": "docker compose ps function-controller",
    "check-health": "a call blocked the replica, or it fails its probe; see: plat logs {name}",
    "check-platform": "plat doctor checks the platform's folders",
    "check-registry": "plat retries by itself; check the registry: plat doctor",
    "choose-home": "plat up --home ANOTHER-DIRECTORY",
    "choose-home-or-stop": "plat status, or plat up --home ANOTHER-DIRECTORY",
    "choose-object-name": "rename the function, or: kubectl delete {kind} {name}",
    "choose-secret-name": "choose another name, or: kubectl delete secret {name} -n {namespace}",
    "correct-build": "correct the line that the build names, then: plat deploy",
    "correct-handler": "correct the line that the message names, then: plat deploy",
    "correct-machine": "correct what the message names on this machine, then: plat redeploy {name}",
    "correct-pod": "correct what the message names, then: plat redeploy {name}",
    "correct-secret": "correct what the message names: plat secret set NAME KEY=VALUE",
    "create-namespace": "kubectl create namespace {namespace}",
    "debug-in-dev": "plat dev --debug",
    "describe-function": "plat describe {name}",
    "edit-resource": "kubectl edit fn {name} -n {namespace}, or delete it",
    "free-registry": "plat registry gc removes what no function needs; then deploy again",
    "init-function": "plat init creates a function to start from",
    "install-extra": "pip install 'plat-faas[{extra}]'",
    "list-calls": "plat calls list",
    "list-calls-of-function": "try again later; plat calls list --function {name}",
    "list-functions": "plat list",
    "listen-on-loopback": "plat up --host 127.0.0.1",
    "listen-on-port": "plat up --port {port}",
    "lower-requests": "ask for less in spec.resources.requests, or give the cluster more nodes",
    "name-handler": 'set "handler": "module:name" in function.json, then: plat deploy',
    "raise-memory": "raise spec.resources.limits.memory, or use less of it; then: plat deploy",
    "raise-quota": "ask for less, or raise it: kubectl describe quota -n {namespace}",
    "raise-timeout": "plat logs {name}, or give it a longer timeout",
    "read-handler-guide": "see the guide on the shapes of a handler, then: plat deploy",
    "read-logs": "plat logs {name}",
    "rebuild-image": "build it again: plat deploy",
    "recreate-function": "plat delete {name}, and deploy it again",
    "remove-exit": "do not call exit while the module is imported, then: plat deploy",
    "retry-after-start": "try again in a moment; plat status",
    "retry-or-scale": "Try again later, or allow more replicas: plat scale.",
    "retry-pull": "check that the registry responds, then: plat redeploy {name}",
    "set-secret": "plat secret set {name} KEY=VALUE",
    "show-call": "plat calls show {id}",
    "show-runtime": "plat init --runtime NAME shows one at work",
    "speed-up-start": "do less while the module is imported; see: plat logs {name}",
    "start-docker": "sudo systemctl start docker; what stopped with it restarts by itself",
    "start-function": "plat start {name}",
    "start-registry": "docker compose up --detach registry; plat registry gc if it is full",
    "wait-for-result": "plat calls result {id} --wait",
}
"""The sentence of each code; `{name}` stands for a parameter."""


class _Parameters(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return name.upper()


def describe(fix: Fix | str) -> str:
    """Return the words of a fix; a sentence is returned unchanged.

    A missing parameter appears in capitals: `plat secret set NAME KEY=VALUE`.
    """
    if isinstance(fix, str):
        return fix
    return WORDS[fix.code].format_map(_Parameters(fix.parameters))
