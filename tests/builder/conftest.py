"""What builder tests share: source folders, and an engine over real runtimes and packages."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from plat_builder import runtimes, settings
from plat_builder.engines.environment import EnvironmentEngine
from plat_core.model.build import BuildEvent, BuildOptions, Failed, Finished, LogLine
from plat_core.ports import Builder

SETTINGS = replace(settings.read(), other_sources=False, allow_source_builds=False)
HELLO = 'def handler(request):\n    return "hello"\n'


class Built:
    """The events of one build, and what they say."""

    def __init__(self, events: list[BuildEvent]) -> None:
        self.events = events
        self.log = "\n".join(event.text for event in events if isinstance(event, LogLine))

    @property
    def finished(self) -> Finished:
        last = self.events[-1]
        assert isinstance(last, Finished), last
        return last

    @property
    def failed(self) -> Failed:
        last = self.events[-1]
        assert isinstance(last, Failed), last
        return last


async def build(engine: Builder, source: Path, name: str = "fn", **options: str) -> Built:
    chosen = BuildOptions.model_validate({"name": name, **options})
    return Built([event async for event in engine.build(source, chosen)])


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all tests that do not look at what else is in it: one install per key."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def engine(home: Path) -> EnvironmentEngine:
    return EnvironmentEngine(home, runtimes=runtimes.find(), settings=SETTINGS)


@pytest.fixture
def fresh(tmp_path: Path) -> Callable[..., EnvironmentEngine]:
    """An engine with a home of its own; keywords change its settings."""

    def make(**changes: object) -> EnvironmentEngine:
        changed = replace(SETTINGS, **changes)  # type: ignore[arg-type]
        return EnvironmentEngine(tmp_path / "home", runtimes=runtimes.find(), settings=changed)

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Make a source folder of `{path: text}`, and of app.py where there is none."""
    count = 0

    def make(files: dict[str, str | bytes] | None = None) -> Path:
        nonlocal count
        count += 1
        place = tmp_path / f"source{count}"
        for path, content in (files or {"app.py": HELLO}).items():
            target = place / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())
        return place

    return make
