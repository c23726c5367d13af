"""The kind cluster that a command works on: its name and its ports on this machine."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "plat"
PORT = 8080
REGISTRY_PORT = 5001


@dataclass(frozen=True, slots=True)
class KindCluster:
    """A local kind cluster. Its containers and context carry its name."""

    name: str = NAME
    port: int = PORT
    registry_port: int = REGISTRY_PORT

    @property
    def node(self) -> str:
        """Container of the control plane, as named by kind."""
        return f"{self.name}-control-plane"

    @property
    def registry(self) -> str:
        """Container of the registry, which is also its host name on the network of kind."""
        return f"{self.name}-registry"

    @property
    def images(self) -> str:
        """Prefix of image names, on this machine and on the nodes."""
        return f"localhost:{self.registry_port}"

    @property
    def url(self) -> str:
        """URL of the gateway."""
        return f"http://localhost:{self.port}"

    @property
    def context(self) -> str:
        """Context that kind writes to the kubeconfig."""
        return f"kind-{self.name}"

    def command(self, verb: str = "up") -> str:
        """Return the command that starts or deletes this cluster."""
        given = [f" --name {self.name}"] if self.name != NAME else []
        given += [f" --port {self.port}"] if verb == "up" and self.port != PORT else []
        if verb == "up" and self.registry_port != REGISTRY_PORT:
            given.append(f" --registry-port {self.registry_port}")
        return f"plat {verb} --kind" + "".join(given)
