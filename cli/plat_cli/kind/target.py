"""Which cluster: its name, and where this machine reaches its gateway and its registry."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "plat"
PORT = 8080
REGISTRY_PORT = 5001


@dataclass(frozen=True, slots=True)
class KindCluster:
    """A cluster of this machine; everything of it carries its name."""

    name: str = NAME
    port: int = PORT
    registry_port: int = REGISTRY_PORT

    @property
    def node(self) -> str:
        """The container of the control plane, as kind names it."""
        return f"{self.name}-control-plane"

    @property
    def registry(self) -> str:
        """The container of the registry; on the network of kind that is its host name."""
        return f"{self.name}-registry"

    @property
    def images(self) -> str:
        """What the names of images begin with, here and on the nodes."""
        return f"localhost:{self.registry_port}"

    @property
    def url(self) -> str:
        """The gateway."""
        return f"http://localhost:{self.port}"

    @property
    def context(self) -> str:
        """The context that kind writes into the user's kubeconfig."""
        return f"kind-{self.name}"

    def command(self, verb: str = "up") -> str:
        """What to type to bring this cluster up, or down."""
        given = [f" --name {self.name}"] if self.name != NAME else []
        given += [f" --port {self.port}"] if verb == "up" and self.port != PORT else []
        if verb == "up" and self.registry_port != REGISTRY_PORT:
            given.append(f" --registry-port {self.registry_port}")
        return f"plat {verb} --kind" + "".join(given)
