"""Measures images of an edited function, assembled by plat and built by Docker.

    python -m bench.layers [rounds]

Needs Docker. Starts a temporary registry and pushes the base images. Each round measures all rows
in turn, so that other load on the machine affects them equally. A build ends when its image is in
the registry. The baseline is `docker build && docker push` of the same function, with BuildKit, the
Dockerfile of the Docker engine, an edit of one line, and packages in Docker's cache.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
from plat_builder import image_plan, runtimes, settings
from plat_builder.base_images import BaseImages
from plat_builder.daemon import Daemon
from plat_builder.engines import docker_context
from plat_builder.engines.layers import LayersEngine
from plat_builder.images.connection import connect
from plat_builder.images.registry import Registry
from plat_builder.runtime_images import BaseImagePublisher
from plat_builder.runtimes import RuntimeCatalog
from plat_builder.settings import BuildSettings, RegistrySettings
from plat_core.model.build import BuildOptions, Finished

FLASK = """\
from flask import Flask
app = Flask(__name__)

@app.get("/")
def hello():
    return "{}"
"""
FILES = 20
HEAVY = ("numpy", "flask>=3.1")
"""A wheel of about 20 MB, or 60 MB unpacked."""
OPTIONS = BuildOptions(name="bench")


class Bench:
    """A source with an engine, and the same function as a folder for `docker build`."""

    def __init__(self, folder: Path, registry: Registry, building: BuildSettings) -> None:
        self.folder, self.settings, self.registry = folder, building, registry
        self.source = folder / "source"
        self.source.mkdir()
        for number in range(FILES):
            (self.source / f"module_{number}.py").write_text(f"VALUE = {number}\n" * 100)
        (self.source / "requirements.txt").write_text("flask>=3.1\n")
        self.engine = LayersEngine(
            folder / "home", runtimes=runtimes.find(), registry=registry, settings=building
        )
        self.count = 0

    def edit(self) -> None:
        """Change one line of the source."""
        self.count += 1
        (self.source / "app.py").write_text(FLASK.format(f"{self.count} {uuid.uuid4()}"))

    async def build(self) -> Finished:
        """Build the current source."""
        last = [event async for event in self.engine.build(self.source, OPTIONS)][-1]
        if not isinstance(last, Finished):
            raise SystemExit(f"the build failed: {last}")
        return last

    async def unchanged(self) -> None:
        """Build an unchanged source."""
        if not (await self.build()).unchanged:
            raise SystemExit("the same source was built again")

    async def code_only(self) -> None:
        """Build after an edit."""
        self.edit()
        await self.build()

    async def packages(self) -> None:
        """Build after a change of requirements, with wheels in the user's cache."""
        self.edit()
        lines = [*HEAVY, f"# {self.count}", f"idna>=2.{self.count}"]
        (self.source / "requirements.txt").write_text("\n".join(lines) + "\n")
        await self.build()
        (self.source / "requirements.txt").write_text("flask>=3.1\n")

    async def prepare_docker(self) -> None:
        """Write the folder for `docker build`, with the Dockerfile of the engine."""
        self.edit()
        source, info = image_plan.read(
            self.source, OPTIONS, RuntimeCatalog(runtimes.find()), self.settings
        )
        image_names = image_plan.image_names(self.settings)
        base = await BaseImages(self.registry, image_names).get(info.runtime)
        plan = image_plan.plan_image(source, info, base, self.settings)
        name = image_names.image(image_names.runtime(info.runtime.name), base.digest)
        for member in docker_context.of_function(plan, name, self.settings.network):
            target = self.folder / "docker" / member.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(member.content, bytes):
                target.write_bytes(member.content)
            else:
                shutil.copyfile(member.content, target)

    async def docker(self) -> None:
        """Run `docker build && docker push` after the same edit."""
        self.count += 1
        code = self.folder / "docker/code/app.py"
        code.write_text(FLASK.format(f"{self.count} {uuid.uuid4()}"))
        tag = f"{self.settings.registry.name}/docker:{self.count}"
        await _run("docker", "build", "--quiet", "--tag", tag, str(self.folder / "docker"))
        await _run("docker", "push", "--quiet", tag)


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {said.decode()}")


async def timed(step: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await step()
    return (time.perf_counter() - began) * 1000


async def measure(rounds: int, folder: Path, building: BuildSettings) -> None:
    registry, daemon = connect(building), Daemon(building)
    try:
        await _answers(building)
        catalog = RuntimeCatalog(runtimes.find())
        seeder = BaseImagePublisher(catalog, registry=registry, daemon=daemon, settings=building)
        async for _ in seeder.seed():
            pass
        bench = Bench(folder, registry, building)
        await bench.packages()  # warms the package cache
        await bench.code_only()
        await bench.prepare_docker()
        await bench.docker()
        rows = {
            "docker build && docker push, code only": bench.docker,
            "layers, code only": bench.code_only,
            "layers, unchanged": bench.unchanged,
            "layers, other packages (numpy)": bench.packages,
        }
        times: dict[str, list[float]] = {row: [] for row in rows}
        for _ in range(rounds):
            for row, step in rows.items():
                times[row].append(await timed(step))
    finally:
        daemon.close()
        await registry.close()
    against = statistics.median(times["docker build && docker push, code only"])
    print(f"{'':40}{'median ms':>10}{'best':>8}{'docker / it':>13}")
    for row, taken in times.items():
        median = statistics.median(taken)
        print(f"{row:40}{median:10.1f}{min(taken):8.1f}{against / median:13.1f}")


async def _answers(building: BuildSettings) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as http:
        while True:
            try:
                await http.get(f"{building.registry.url}/v2/")
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
            else:
                return


def main(rounds: int) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    box = f"plat-bench-{uuid.uuid4().hex[:8]}"
    publish = f"127.0.0.1:{port}:5000"
    subprocess.run(
        ["docker", "run", "--detach", "--name", box, "--publish", publish, "registry:2"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    where = RegistrySettings(f"localhost:{port}", f"http://localhost:{port}")
    building = replace(settings.read(os.environ), registry=where)
    try:
        with tempfile.TemporaryDirectory() as name:
            asyncio.run(measure(rounds, Path(name), building))
    finally:
        subprocess.run(
            ["docker", "rm", "--force", "--volumes", box], check=True, stdout=subprocess.DEVNULL
        )
        _remove_images(f"localhost:{port}/")


def _remove_images(prefix: str) -> None:
    listed = subprocess.run(
        ["docker", "images", "--format", "{{.Repository}}:{{.Tag}}"],
        check=True,
        capture_output=True,
        text=True,
    )
    mine = [name for name in listed.stdout.split() if name.startswith(prefix)]
    if mine:
        subprocess.run(["docker", "rmi", "--force", *mine], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
