"""Measures builds of the embedded engine, compared with plain tools.

    python -m bench.build [rounds]

`unchanged` and `code only` are compared with a plain copy of the folder, and the first Flask
install from a warm cache with `pip install` of the same requirements. Each round measures all rows
in turn, so that other load on the machine affects them equally.
"""

import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from plat_builder import runtimes, settings
from plat_builder.engines.environment import EnvironmentEngine
from plat_builder.process import base_python
from plat_core.model.build import BuildOptions

FLASK = """\
from flask import Flask
app = Flask(__name__)

@app.get("/")
def hello():
    return "{}"
"""
FILES = 20
OPTIONS = BuildOptions(name="bench")


class Bench:
    """A temporary folder with a source, and timed builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "source"
        self.source.mkdir()
        for number in range(FILES):
            (self.source / f"module_{number}.py").write_text(f"VALUE = {number}\n" * 100)
        (self.source / "requirements.txt").write_text("flask>=3.1\n")
        self.engine = self.fresh("home")
        self.count = 0

    def fresh(self, name: str) -> EnvironmentEngine:
        """Return an engine with a home of this name."""
        return EnvironmentEngine(
            self.folder / name, runtimes=runtimes.find(), settings=settings.read()
        )

    def edit(self) -> None:
        """Change one line of the source."""
        self.count += 1
        (self.source / "app.py").write_text(FLASK.format(self.count))

    async def build(self, engine: EnvironmentEngine) -> None:
        """Build the current source."""
        last = [event async for event in engine.build(self.source, OPTIONS)][-1]
        if last.type != "finished":
            raise SystemExit(f"the build failed: {last}")

    async def unchanged(self) -> None:
        """Build an unchanged source."""
        await self.build(self.engine)

    async def code_only(self) -> None:
        """Build after an edit, with an existing environment."""
        self.edit()
        await self.build(self.engine)

    async def first(self) -> None:
        """Build in an empty home, with packages in the user's cache."""
        self.edit()
        await self.build(self.fresh(f"home{self.count}"))

    async def copy(self) -> None:
        """Copy the source, as a baseline."""
        self.count += 1
        shutil.copytree(self.source, self.folder / f"copy{self.count}")

    async def pip(self) -> None:
        """Install the same packages with pip, as a baseline."""
        self.count += 1
        needs = runtimes.find() / "python-flask" / "requirements.txt"
        lead = [str(base_python()), "-m", "pip", "install", "-qq", "--only-binary", ":all:"]
        where = ["--target", str(self.folder / f"pip{self.count}")]
        files = ["-r", str(needs), "-r", str(self.source / "requirements.txt")]
        await asyncio.to_thread(subprocess.run, [*lead, *where, *files], check=True)


async def timed(step: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await step()
    return (time.perf_counter() - began) * 1000


async def measure(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        await bench.first()  # warms the package cache
        await bench.code_only()
        rows = {
            "plain copy of the folder": (bench.copy, "plain copy of the folder"),
            "build, code only": (bench.code_only, "plain copy of the folder"),
            "build, unchanged": (bench.unchanged, "plain copy of the folder"),
            "pip install, warm": (bench.pip, "pip install, warm"),
            "first build with Flask, warm": (bench.first, "pip install, warm"),
        }
        times: dict[str, list[float]] = {row: [] for row in rows}
        for _ in range(rounds):
            for row, (step, _against) in rows.items():
                times[row].append(await timed(step))
    print(f"{'':32}{'median ms':>10}{'ratio':>8}   against")
    for row, (_step, against) in rows.items():
        median = statistics.median(times[row])
        ratio = median / statistics.median(times[against])
        print(f"{row:32}{median:10.1f}{ratio:8.2f}   {against}")


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
