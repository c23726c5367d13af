"""The steps of `plat up --kind` and `plat down --kind`. Each step is idempotent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from plat_cli.kind import (
    checkout,
    cluster,
    docker_engine,
    example,
    gateway,
    images,
    network,
    platform,
    registry,
)
from plat_cli.kind.subprocesses import OnProgress
from plat_cli.kind.target import KindCluster
from plat_cli.output import Output, Phase
from plat_cli.settings import CompanyNetwork

WIDTH = 8


@dataclass(frozen=True, slots=True)
class InstallPlan:
    """The desired cluster and platform."""

    target: KindCluster
    token: str
    node_image: str = ""
    build_arguments: Mapping[str, str] = field(default_factory=dict)
    network: CompanyNetwork = field(default_factory=CompanyNetwork)
    with_example: bool = True


def up(plan: InstallPlan, out: Output) -> dict[str, object]:
    """Install the platform in the cluster and return the JSON document of the result.

    Raises Unavailable and InvalidInput.
    """
    target = plan.target
    with out.phase("tools", WIDTH) as phase:
        root = checkout.find()
        phase.detail = f"Docker {docker_engine.daemon()}"
        existing = cluster.names()
    made, restarted = _ensure_cluster(plan, root, out, exists=target.name in existing)
    with out.phase("registry", WIDTH) as phase:
        before = registry.ensure(target, phase.update)
        cluster.configure_registry(target)
        phase.detail = f"{target.images} {before}"
    tag = checkout.version(root, plan.build_arguments)
    built = _ensure_images(plan, root, tag, out)
    with out.phase("platform", WIDTH) as phase:
        documents = network.applied(platform.manifest(root, target, tag), target, plan.network)
        changed = platform.install(target, documents, plan.token, phase.update, restarted=restarted)
        gateway.wait_until_ready(target, phase.update)
        phase.detail = "installed" if changed else "unchanged"
    done: dict[str, object] = {"url": target.url, "cluster": target.name, "context": target.context}
    done |= {"registry": target.images, "made": made, "built": built, "changed": changed}
    return done | ({"answer": _example(target, root, out)} if plan.with_example else {})


def down(target: KindCluster, out: Output) -> dict[str, object]:
    """Delete the cluster, its registry and its images, and return the JSON document."""
    docker_engine.daemon()
    exists = target.name in cluster.names()
    if exists:
        with out.phase("cluster", WIDTH) as phase:
            cluster.delete(target, phase.update)
            phase.detail = f"{target.name} deleted"
    removed = registry.remove(target)
    images.remove_old(target)
    return {"deleted": exists or removed, "cluster": target.name}


def _ensure_cluster(
    plan: InstallPlan, root: Path, out: Output, *, exists: bool
) -> tuple[bool, bool]:
    """Create or start the cluster, and return whether it was created or restarted."""
    target, restarted = plan.target, False
    with out.phase("cluster", WIDTH) as phase:
        if exists:
            restarted = cluster.start(target, phase.update)
            phase.detail = f"{target.name} {'started' if restarted else 'running'}"
        else:
            registry.check_port_free(target)
            cluster.create(target, root, plan.node_image, _line_handler(phase, out))
            phase.detail = f"{target.name} created"
    return not exists, restarted


def _ensure_images(plan: InstallPlan, root: Path, tag: str, out: Output) -> list[str]:
    """Build the missing images and return their names.

    The runtimes come first, so that an image of the platform implies that they exist.
    """
    target = plan.target
    missing = images.missing(target, platform.parts(root), tag)
    if missing:
        with out.phase("runtimes", WIDTH) as phase:
            images.build_runtimes(target, _line_handler(phase, out))
            phase.detail = "in the registry"
    with out.phase("images", WIDTH) as phase:
        for part in missing:
            phase.update(f"building {part}")
            on_progress = _line_handler(phase, out)
            images.build(
                target, root, part, tag=tag, arguments=plan.build_arguments, on_progress=on_progress
            )
        if missing:
            images.remove_old(target, but=tag)
        phase.detail = f"{', '.join(missing)} built" if missing else "up to date"
    return missing


def _example(target: KindCluster, root: Path, out: Output) -> str:
    with out.phase("function", WIDTH) as phase:
        example.deploy(target, root, phase.update)
        answer = gateway.call(target, example.PATH, phase.update)
        phase.detail = f"{example.NAME} responds"
    return answer


def _line_handler(phase: Phase, out: Output) -> OnProgress:
    """Return a handler that shows lines next to the spinner, and prints them with --verbose."""

    def handle_line(line: str) -> None:
        phase.update(line[:100])
        if out.verbose:
            phase.log(line)

    return handle_line
