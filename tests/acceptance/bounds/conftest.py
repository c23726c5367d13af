"""A shared platform with functions for tests that do not stop it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.acceptance.bounds.functions import WIRE
from tests.examples.platform import TOKEN, Platform, running

Deploy = Callable[..., None]


@pytest.fixture(scope="session")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Start the platform that all tests of this package share."""
    with running(tmp_path_factory.mktemp("bounds")) as platform:
        yield platform


def write(folder: Path, files: Mapping[str, str | bytes], **manifest: object) -> Path:
    """Create the folder of a function and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    document = {"runtime": "python", **manifest}
    (folder / "function.json").write_text(json.dumps(document), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def wire(bounded: Platform, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """Deploy variants of the function `wire` on the platform."""
    tempers: dict[str, dict[str, object]] = {
        "wire": {"timeout": "60s"},
        "hasty": {"timeout": "1s", "concurrency": 4, "scale": {"max": 1}},
        "single": {"concurrency": 1, "scale": {"max": 1}},
        "killable": {"scale": {"max": 1}},
    }
    for name, manifest in tempers.items():
        folder = tmp_path_factory.mktemp("wire") / name
        bounded.plat("deploy", write(folder, {"app.py": WIRE}, name=name, **manifest))
    return bounded


@pytest.fixture
def api(bounded: Platform) -> Iterator[httpx.Client]:
    """Return a client of the management API."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=bounded.url, headers=headers, timeout=60) as client:
        yield client
