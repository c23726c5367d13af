"""What every engine that makes images does: one suite, a real registry, images that really run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from plat_builder.images.registry import Registry
from plat_core.model.build import Step
from plat_core.ports import Builder

from tests.builder.conftest import HELLO, build
from tests.builder.engines.conftest import Place, Running

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.timeout(900)]

Folder = Callable[..., Path]
Run = Callable[[str], Awaitable[Running]]

FLASK = """\
import flask, sys
app = flask.Flask(__name__)

@app.get("/")
def hello():
    return f"hello from {flask.__name__} {sys.version_info.minor} {flask.__file__}"
"""


async def test_an_image_runs_as_anybody_on_a_read_only_root(
    engine: Builder, folder: Folder, name: str, run: Run, place: Place
) -> None:
    source = folder({"app.py": FLASK, "requirements.txt": "flask>=3.1\n", "data/x.txt": "x"})
    built = await build(engine, source, name)
    done = built.finished
    assert done.image == f"{place.settings.registry.name}/{name}@sha256:{done.digest}"
    assert (done.runtime, done.unchanged) == ("python-flask", False)
    assert "requirements.txt names flask" in built.log
    function = await run(done.image)
    assert (await function.call("/_/health")).status_code == 200
    answer = await function.call()
    assert (answer.status_code, answer.text) == (
        200,
        "hello from flask 13 /plat/packages/flask/__init__.py",
    )
    assert function.stop() == 0


async def test_a_function_without_packages_has_those_of_the_base(
    engine: Builder, folder: Folder, name: str, run: Run
) -> None:
    built = await build(engine, folder({"app.py": HELLO}), name)
    function = await run(built.finished.image)
    assert (await function.call()).text == "hello"


async def test_a_named_handler_stands_in_the_image(
    engine: Builder, folder: Folder, name: str, run: Run
) -> None:
    source = folder({"tasks.py": "def work(request):\n    return 'worked'\n", "other.py": ""})
    built = await build(engine, source, name, handler="tasks:work", runtime="python")
    assert built.finished.handler == "tasks:work"
    assert (await (await run(built.finished.image)).call()).text == "worked"


async def test_the_same_source_is_found_again_and_sends_nothing(
    engine: Builder, folder: Folder, name: str
) -> None:
    first = await build(engine, folder({"app.py": HELLO, "x.txt": "1"}), name)
    again = await build(engine, folder({"x.txt": "1", "app.py": HELLO}), name)
    assert again.finished.unchanged
    assert again.finished.image == first.finished.image
    assert not any(isinstance(event, Step) for event in again.events)


async def test_an_edit_gives_another_image_and_the_old_one_stays(
    engine: Builder, folder: Folder, name: str, registry: Registry
) -> None:
    first = (await build(engine, folder({"app.py": HELLO}), name)).finished
    second = (await build(engine, folder({"app.py": HELLO + "# edited\n"}), name)).finished
    assert not second.unchanged
    assert second.digest != first.digest
    assert await registry.digest(name, f"sha256:{first.digest}") is not None


async def test_labels_say_whose_the_image_is(
    engine: Builder, folder: Folder, name: str, place: Place
) -> None:
    done = (await build(engine, folder(), name)).finished
    labels = place.client.images.pull(done.image).labels
    assert labels["plat.dev/function"] == name
    assert labels["plat.dev/instance"] == "plat-test"
    assert labels["plat.dev/managed"] == "true"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"app.py": HELLO, "requirements.txt": "no-such-package-of-plat==9\n"}, "requirements.txt"),
        ({"app.py": HELLO, "requirements.txt": "git+https://example.org/x\n"}, "does not allow"),
        ({"notes.txt": "nothing"}, "which file has the handler"),
        ({"app.py": HELLO, "function.json": '{"runtime": "cobol"}'}, "no runtime called cobol"),
    ],
    ids=["unknown package", "another host", "no handler", "no runtime"],
)
async def test_what_cannot_be_built_says_why_and_leaves_nothing(
    engine: Builder,
    folder: Folder,
    name: str,
    registry: Registry,
    files: dict[str, str],
    said: str,
) -> None:
    failed = (await build(engine, folder(files), name)).failed
    assert said in failed.message + failed.line
    assert await registry.tags(name) == []
