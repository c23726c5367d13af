"""Functions in one namespace, managed with kubectl."""

from __future__ import annotations

import json
from typing import Any

from .cluster import Cluster, run
from .process import until

KINDS = "deployments,pods,services,controllerrevisions,poddisruptionbudgets"


class Functions:
    """Functions of a namespace: apply, wait and inspect."""

    def __init__(self, cluster: Cluster, namespace: str, image: str) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.image = image

    def kubectl(self, *arguments: str, text: str | None = None, check: bool = True) -> str:
        return self.cluster.kubectl("-n", self.namespace, *arguments, text=text, check=check)

    def apply(self, name: str, **spec: Any) -> None:
        document = {
            "apiVersion": "plat.dev/v1alpha1",
            "kind": "Function",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {"image": self.image, "timeout": "5s", **spec},
        }
        self.kubectl("apply", "-f", "-", text=json.dumps(document))

    def wait(self, name: str, *, ready: str = "True", seconds: int = 90) -> None:
        """Wait until the stored spec is observed and Ready has the given status."""
        generation = self.get(f"fn/{name}")["metadata"]["generation"]
        observed = f"--for=jsonpath={{.status.observedGeneration}}={generation}"
        timeout = f"--timeout={seconds}s"
        self.kubectl("wait", observed, f"fn/{name}", timeout)
        self.kubectl("wait", f"--for=condition=Ready={ready}", f"fn/{name}", timeout)

    def get(self, *what: str) -> Any:
        return json.loads(self.kubectl("get", *what, "-o", "json"))

    def status(self, name: str) -> dict[str, Any]:
        status: dict[str, Any] = self.get(f"fn/{name}").get("status", {})
        return status

    def condition(self, name: str, type_: str = "Ready") -> tuple[str, str, str]:
        """Return status, reason and message of a condition."""
        for found in self.status(name).get("conditions", ()):
            if found["type"] == type_:
                return found["status"], found["reason"], found["message"]
        return "", "", ""

    def until_reason(self, name: str, reason: str) -> str:
        """The message of Ready as soon as its reason is `reason`."""
        until(lambda: self.condition(name)[1] == reason, what=f"{name}: {reason}")
        return self.condition(name)[2]

    def names(self, kinds: str = KINDS) -> list[str]:
        """The children that are there."""
        return sorted(self.kubectl("get", kinds, "-o", "name").split())

    def call(self, name: str, path: str = "/") -> str:
        """Call it as a pod of the cluster would, through its Service: from the node."""
        address = self.get(f"service/{name}")["spec"]["clusterIP"]
        node = f"{self.cluster.name}-control-plane"
        command = ("docker", "exec", node, "curl", "-s", "--fail", "--max-time", "20")
        return run(*command, f"http://{address}{path}", check=False).strip()

    def until_answer(self, name: str, path: str, answer: str) -> None:
        """kube-proxy learns of another endpoint when it is ready, or a moment later."""
        until(lambda: self.call(name, path) == answer, what=f"{name}{path} answers {answer}")
