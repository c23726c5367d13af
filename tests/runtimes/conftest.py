"""Environments, made once and kept in pytest's cache, and a fixture that starts replicas."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from .replica import Replica

RUNTIMES = Path(__file__).parents[2] / "runtimes"
Start = Callable[..., Replica]


def _requirements(runtime: str) -> list[str]:
    lines = (RUNTIMES / runtime / "requirements.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


ENVIRONMENTS = {
    "python": _requirements("python"),
    "flask": [*_requirements("python-flask"), "fastapi"],
    "framework": [*_requirements("python"), "functions-framework>=3.9", "cloudevents<2"],
}


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Give the folder of a named environment, installing it at its first use."""
    cache = request.config.cache
    assert cache is not None
    home = Path(cache.mkdir("plat-runtimes"))

    def environment(name: str) -> Path:
        wanted = "\n".join([sys.version, *ENVIRONMENTS[name]])
        folder = home / f"{name}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
        if not folder.exists():
            _install(folder, ENVIRONMENTS[name])
        return folder

    return environment


def _install(folder: Path, requirements: list[str]) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--quiet",
        "--compile-bytecode",
        "--python",
        sys.executable,
    ]
    subprocess.run([*command, "--target", str(partial), *requirements], check=True)
    partial.rename(folder)


@pytest.fixture
def start(site: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Start replicas: ``start("app.py's text", environment="flask", **variables)``."""
    with ExitStack() as stack:

        def begin(
            app: str | bytes = "", *, environment: str = "python", files: Any = None, **env: str
        ) -> Replica:
            folder = tmp_path_factory.mktemp("r")
            every = files if files is not None else {"app.py": app}
            return stack.enter_context(Replica(folder, site(environment), every, **env))

        yield begin
