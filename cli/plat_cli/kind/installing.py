"""From nothing to a called function, and back: the steps, each of which looks first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from plat_cli.kind import (
    checkout,
    cluster,
    example,
    gateway,
    images,
    machine,
    network,
    platform,
    registry,
)
from plat_cli.kind.place import Place
from plat_cli.kind.programs import Say
from plat_cli.output import Output, Phase
from plat_cli.settings import CompanyNetwork

WIDTH = 8


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be there at the end."""

    place: Place
    token: str
    node_image: str = ""
    build_arguments: Mapping[str, str] = field(default_factory=dict)
    network: CompanyNetwork = field(default_factory=CompanyNetwork)
    with_example: bool = True


def up(wish: Wish, out: Output) -> dict[str, object]:
    """Have it all; returns what was done, as `--json` prints it.

    Raises Unavailable and InvalidInput, with what to type next.
    """
    place = wish.place
    with out.phase("tools", WIDTH) as phase:
        root = checkout.find()
        phase.detail = f"Docker {machine.daemon()}"
        existing = cluster.names()
    made, woken = _have_cluster(wish, root, out, exists=place.name in existing)
    with out.phase("registry", WIDTH) as phase:
        before = registry.have(place, phase.say)
        cluster.tell_registry(place)
        phase.detail = f"{place.images} {before}"
    tag = checkout.version(root, wish.build_arguments)
    built = _have_images(wish, root, tag, out)
    with out.phase("platform", WIDTH) as phase:
        documents = network.applied(platform.manifest(root, place, tag), place, wish.network)
        changed = platform.install(place, documents, wish.token, phase.say, woken=woken)
        gateway.until_ready(place, phase.say)
        phase.detail = "installed" if changed else "is as it should be"
    done: dict[str, object] = {"url": place.url, "cluster": place.name, "context": place.context}
    done |= {"registry": place.images, "made": made, "built": built, "changed": changed}
    return done | ({"answer": _example(place, root, out)} if wish.with_example else {})


def down(place: Place, out: Output) -> dict[str, object]:
    """Remove the cluster, its registry and its images; returns what there was of them."""
    machine.daemon()
    there = place.name in cluster.names()
    if there:
        with out.phase("cluster", WIDTH) as phase:
            cluster.delete(place, phase.say)
            phase.detail = f"{place.name} deleted"
    removed = registry.remove(place)
    images.forget(place)
    return {"deleted": there or removed, "cluster": place.name}


def _have_cluster(wish: Wish, root: Path, out: Output, *, exists: bool) -> tuple[bool, bool]:
    """Have the cluster; returns whether it was made, and whether it was started."""
    place, woken = wish.place, False
    with out.phase("cluster", WIDTH) as phase:
        if exists:
            woken = cluster.wake(place, phase.say)
            phase.detail = f"{place.name} {'started' if woken else 'runs'}"
        else:
            registry.claim(place)
            cluster.create(place, root, wish.node_image, _telling(phase, out))
            phase.detail = f"{place.name} made"
    return not exists, woken


def _have_images(wish: Wish, root: Path, tag: str, out: Output) -> list[str]:
    """Have the platform's images in the registry, and before them those of the runtimes.

    In that order the images of a version tell that its runtimes are there, too.
    """
    place = wish.place
    missing = images.missing(place, platform.parts(root), tag)
    if missing:
        with out.phase("runtimes", WIDTH) as phase:
            images.seed(place, _telling(phase, out))
            phase.detail = "in the registry"
    with out.phase("images", WIDTH) as phase:
        for part in missing:
            phase.say(f"builds {part}")
            say = _telling(phase, out)
            images.build(place, root, part, tag=tag, arguments=wish.build_arguments, say=say)
        if missing:
            images.forget(place, but=tag)
        phase.detail = f"{', '.join(missing)} built" if missing else "are there"
    return missing


def _example(place: Place, root: Path, out: Output) -> str:
    with out.phase("function", WIDTH) as phase:
        example.deploy(place, root, phase.say)
        answer = gateway.call(place, example.PATH, phase.say)
        phase.detail = f"{example.NAME} answers"
    return answer


def _telling(phase: Phase, out: Output) -> Say:
    """Where the lines of a program go: beside the spinner, and with --verbose to the screen."""

    def tell(line: str) -> None:
        phase.say(line[:100])
        if out.verbose:
            phase.log(line)

    return tell
