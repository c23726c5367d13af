"""Real builds: what stands afterwards, what a second one does, and what bad input ends with."""

import asyncio
import json
import os
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from plat_builder.engines.environment import EnvironmentEngine
from plat_core.model.build import EnvironmentArtifact, Step

from tests.builder.conftest import HELLO, build

Folder = Callable[..., Path]
Fresh = Callable[..., EnvironmentEngine]

FLASK = """\
from flask import Flask
app = Flask(__name__)

@app.get("/")
def hello():
    return "hello from flask"
"""


def artifact(home: Path, digest: str) -> EnvironmentArtifact:
    file = home / "artifacts" / digest / "artifact.json"
    return EnvironmentArtifact.model_validate_json(file.read_bytes())


def run(found: EnvironmentArtifact, program: str) -> str:
    """Run `program` as a replica would: with the artifact's interpreter, packages and code."""
    paths = [str(found.code), *map(str, found.site)]
    lead = f"import sys; sys.path[:0] = {paths!r}\n"
    command = [str(found.python), "-I", "-S", "-c", lead + program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


async def test_a_flask_folder_becomes_an_artifact_that_runs(
    engine: EnvironmentEngine, home: Path, folder: Folder
) -> None:
    source = folder({"app.py": FLASK, "requirements.txt": "flask>=3.1\n", "a/data.txt": "x"})
    built = await build(engine, source)
    done = built.finished
    assert done.runtime == "python-flask"
    assert done.image == f"embedded/fn@sha256:{done.digest}"
    assert "requirements.txt names flask" in built.log
    found = artifact(home, done.digest)
    assert (
        run(found, "import app; print(app.app.test_client().get('/').text)") == "hello from flask"
    )
    assert run(found, "import app, flask; print(app.__cached__)").startswith(str(found.code))
    assert (found.launcher / "__main__.py").is_file()
    assert found.python.is_file()
    assert ".venv" not in str(found.python)
    assert (found.code / "a/data.txt").read_text() == "x"


async def test_the_same_source_installs_and_makes_nothing(
    engine: EnvironmentEngine, folder: Folder
) -> None:
    first = await build(engine, folder({"app.py": HELLO, "x.txt": "1"}))
    again = await build(engine, folder({"x.txt": "1", "app.py": HELLO}), name="other")
    assert again.finished.unchanged
    assert again.finished.digest == first.finished.digest
    assert again.finished.image == f"embedded/other@sha256:{first.finished.digest}"
    assert not any(isinstance(event, Step) for event in again.events)


async def test_other_code_takes_the_same_environment(
    engine: EnvironmentEngine, home: Path, folder: Folder
) -> None:
    one = (await build(engine, folder({"app.py": HELLO}))).finished
    built = await build(engine, folder({"app.py": HELLO + "# edited\n"}))
    assert [e.cached for e in built.events if isinstance(e, Step) and e.name == "environment"] == [
        True
    ]
    assert built.finished.digest != one.digest
    assert not built.finished.unchanged
    assert artifact(home, built.finished.digest).site == artifact(home, one.digest).site


@pytest.mark.parametrize(
    "changes", [{"handler": "app:other"}, {"runtime": "python-flask"}], ids=str
)
async def test_the_digest_depends_on_runtime_and_handler(
    engine: EnvironmentEngine, folder: Folder, changes: dict[str, str]
) -> None:
    source = folder()
    assert (await build(engine, source)).finished.digest != (
        await build(engine, source, **changes)
    ).finished.digest


async def test_everybody_can_read_an_artifact_and_nobody_write_it(
    engine: EnvironmentEngine, home: Path, folder: Folder
) -> None:
    found = artifact(home, (await build(engine, folder())).finished.digest)
    for root in (found.code.parent, found.site[0].parent):
        for path in (root, *root.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode & 0o222 == 0, path
            assert mode & 0o444 == 0o444, path
            assert not path.is_dir() or mode & 0o111 == 0o111, path


async def test_two_uploads_of_the_same_at_once_make_one_artifact(
    fresh: Fresh, folder: Folder, tmp_path: Path
) -> None:
    engine = fresh()
    sources = [folder(), folder(), folder({"app.py": HELLO + "#\n"})]
    built = await asyncio.gather(*(build(engine, source) for source in sources))
    digests = [one.finished.digest for one in built]
    assert digests[0] == digests[1] != digests[2]
    assert sum("Installed" in one.log for one in built) == 1
    assert sum("waiting for it" in one.log for one in built) == 2
    assert {path.name for path in (tmp_path / "home/artifacts").iterdir()} == set(digests)
    assert not list((tmp_path / "home/staging").iterdir())


async def test_a_functions_framework_function_gets_the_cloudevents_it_can_use(
    engine: EnvironmentEngine, home: Path, folder: Folder
) -> None:
    code = "import functions_framework\n\n@functions_framework.http\ndef handler(request): ...\n"
    source = folder({"main.py": code, "requirements.txt": "functions-framework>=3.5\n"})
    found = artifact(home, (await build(engine, source)).finished.digest)
    note = json.loads((found.site[0].parent / "environment.json").read_bytes())
    assert any(package.startswith("cloudevents-1.") for package in note["packages"])


async def test_one_script_with_a_header_gets_what_it_names(
    engine: EnvironmentEngine, home: Path, folder: Folder
) -> None:
    script = '# /// script\n# dependencies = ["six"]\n# ///\nimport six\n' + HELLO
    found = artifact(home, (await build(engine, folder({"app.py": script}))).finished.digest)
    assert run(found, "import app; print(app.six.__name__)") == "six"


@pytest.mark.parametrize(
    ("requirements", "line", "says"),
    [
        (
            "six\nplat-no-such-package-at-all==9\n",
            ":2: plat-no-such-package-at-all==9",
            "not found",
        ),
        ("six\n\nflask==99\n", ":3: flask==99", "no version"),
        ("flask==3.1.0\nwerkzeug<2\n", ":1: flask==3.1.0", "requirements.txt:2: werkzeug<2"),
        ("gunicorn<20\n", ":1: gunicorn<20", "the runtime python itself needs gunicorn>="),
        ("docopt==0.6.2\n", ":1: docopt==0.6.2", "no ready-made wheel"),
        ("six\nfoo bar\n", ":2: foo bar", "not a requirement"),
        ("-i https://evil.example/simple\n", ":1: -i https://evil.example/simple", "option"),
    ],
)
async def test_requirements_that_cannot_be_met_end_with_the_guilty_line(
    engine: EnvironmentEngine, folder: Folder, requirements: str, line: str, says: str
) -> None:
    files = {"app.py": HELLO, "requirements.txt": requirements}
    failed = (await build(engine, folder(files), runtime="python")).failed
    assert failed.code == "build-failed"
    assert failed.line == f"requirements.txt{line}"
    assert says in failed.message
    assert failed.fix


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"app.py": "def f(:\n"}, "app.py:1: SyntaxError: invalid syntax"),
        ({"app.py": "x = 1\n  y = 2\n"}, "app.py:2: IndentationError"),
        ({"app.py": "import lib.a\n", "lib/a.py": "\n\nx = = 1"}, "lib/a.py:3: SyntaxError"),
        ({"app.py": "from . import a\n", "a.py": "("}, "a.py:1: SyntaxError"),
        ({"app.py": "# caf\xe9\nx = 1\n".encode("latin-1")}, "app.py:1: byte 0xe9 is not UTF-8"),
        ({"app.py": b"x = 1\0"}, "null bytes"),
    ],
    ids=str,
)
async def test_code_that_does_not_compile_ends_with_its_place(
    engine: EnvironmentEngine, folder: Folder, files: dict[str, str | bytes], says: str
) -> None:
    failed = (await build(engine, folder(files))).failed
    assert failed.code == "build-failed"
    assert says in failed.message


@pytest.mark.parametrize(
    "expression",
    ["(" * 5000 + ")" * 5000, "-" * 100_000 + "1", "y" + ".y" * 200_000, "[" * 99 + "]" * 99],
    ids=["parentheses", "signs", "attributes", "lists"],
)
async def test_code_made_to_break_the_compiler_breaks_nothing_else(
    engine: EnvironmentEngine, folder: Folder, expression: str
) -> None:
    last = (await build(engine, folder({"app.py": f"x = {expression}\n"}))).events[-1]
    assert last.type == "finished" or (last.type == "failed" and last.code == "build-failed")


async def test_a_syntax_error_has_a_caret_under_it(
    engine: EnvironmentEngine, folder: Folder
) -> None:
    failed = (await build(engine, folder({"app.py": "if True:\n    x = 1 +\n"}))).failed
    assert failed.message.splitlines()[1:] == ["    x = 1 +", "           ^"]
    assert failed.line == "app.py:2: x = 1 +"


async def test_a_broken_file_that_the_handler_does_not_need_is_no_matter(
    engine: EnvironmentEngine, folder: Folder
) -> None:
    files = {"app.py": HELLO, "old.py": "print 1", "latin.py": b"# -*- coding: latin-1 -*-\n# \xe9"}
    assert (await build(engine, folder(files))).finished


async def test_nothing_of_the_code_is_executed(
    engine: EnvironmentEngine, folder: Folder, tmp_path: Path
) -> None:
    witness = tmp_path / "witness"
    code = f"open({str(witness)!r}, 'w')\nwhile True: ...\n" + HELLO
    assert (await build(engine, folder({"app.py": code}))).finished
    assert not witness.exists()


@pytest.mark.parametrize(
    ("files", "options", "code", "says"),
    [
        ({"app.py": HELLO}, {"handler": "nope:x"}, "build-failed", "there are app.py"),
        ({"app.py": HELLO}, {"handler": "a-b:x"}, "build-failed", "module:name"),
        ({"app.py": HELLO}, {"runtime": "cobol"}, "invalid-input", "python, python-flask"),
        ({"a.py": "", "b.py": ""}, {}, "build-failed", "there are a.py, b.py"),
        ({"readme.txt": ""}, {}, "build-failed", "no Python file"),
        ({"app.py": HELLO, "function.json": '{"a":1,"a":2}'}, {}, "malformed", "duplicate key"),
        ({"app.py": HELLO, "function.json": '{"nope":1}'}, {}, "invalid-input", "nope"),
        ({"app.py": HELLO, "function.json": " " * 2**21}, {}, "too-large", "function.json"),
    ],
)
async def test_a_source_that_cannot_be_understood_says_why(
    engine: EnvironmentEngine,
    folder: Folder,
    files: dict[str, str],
    options: dict[str, str],
    code: str,
    says: str,
) -> None:
    failed = (await build(engine, folder(files), **options)).failed
    assert failed.code == code
    assert says in failed.message


async def test_what_a_folder_says_of_itself_counts_unless_told_otherwise(
    engine: EnvironmentEngine, folder: Folder
) -> None:
    said = '{"runtime": "python-flask", "handler": "web:app", "timeout": "5s"}'
    source = folder({"web.py": FLASK, "app.py": HELLO, "function.json": said})
    own = (await build(engine, source)).finished
    assert (own.runtime, own.handler) == ("python-flask", "web:app")
    told = (await build(engine, source, handler="app:handler", runtime="python")).finished
    assert (told.runtime, told.handler) == ("python", "app:handler")


async def test_the_only_script_is_the_handlers(engine: EnvironmentEngine, folder: Folder) -> None:
    assert (await build(engine, folder({"thumb.py": HELLO}))).finished.handler == "thumb"


async def test_what_nobody_needs_is_collected(fresh: Fresh, folder: Folder, tmp_path: Path) -> None:
    engine, home = fresh(), tmp_path / "home"
    kept = (await build(engine, folder())).finished.digest
    files = {"app.py": HELLO, "requirements.txt": "six"}
    await build(engine, folder(files))
    (home / "staging/dead").mkdir()
    young = await engine.collect({kept})
    assert (young.artifacts, young.environments, young.leftovers) == (0, 0, 1)
    old = await engine.collect({f"sha256:{kept}"}, grace=0)
    assert (old.artifacts, old.environments, old.leftovers) == (1, 1, 0)
    assert [path.name for path in (home / "artifacts").iterdir()] == [kept]
    assert (await build(engine, folder())).finished.unchanged
    assert not (await build(engine, folder(files))).finished.unchanged


async def test_a_lost_environment_is_installed_again(
    fresh: Fresh, folder: Folder, tmp_path: Path
) -> None:
    engine = fresh()
    source = folder()
    first = (await build(engine, source)).finished
    (environment,) = (tmp_path / "home/environments").iterdir()
    environment.chmod(0o755)
    environment.rename(tmp_path / "gone")
    again = (await build(engine, source)).finished
    assert again.digest == first.digest
    assert artifact(tmp_path / "home", again.digest).site[0].is_dir()


async def test_a_home_that_moved_is_corrected(fresh: Fresh, folder: Folder, tmp_path: Path) -> None:
    source = folder()
    await build(fresh(), source)
    (tmp_path / "home").rename(tmp_path / "old")
    (tmp_path / "home").symlink_to(tmp_path / "old")
    file = next((tmp_path / "home/artifacts").glob("*/artifact.json"))
    file.parent.chmod(0o755)
    file.chmod(0o644)
    file.write_text(file.read_text().replace("plat_runtime", "elsewhere"))
    done = (await build(fresh(), source)).finished
    assert done.unchanged
    assert artifact(tmp_path / "home", done.digest).launcher.name == "plat_runtime"


async def test_a_home_that_cannot_be_written_is_an_error_and_no_crash(
    fresh: Fresh, folder: Folder, tmp_path: Path
) -> None:
    (tmp_path / "home").write_text("a file")
    failed = (await build(fresh(), folder())).failed
    assert failed.code == "unavailable"
    assert "home" in failed.message


async def test_a_used_artifact_counts_as_young(
    fresh: Fresh, folder: Folder, tmp_path: Path
) -> None:
    engine, source = fresh(), folder()
    done = (await build(engine, source)).finished
    long_ago = time.time() - 10_000
    for path in (tmp_path / "home").glob("*/*"):
        os.utime(path, (long_ago, long_ago))
    assert (await build(engine, source)).finished.unchanged
    assert (await engine.collect(set())).artifacts == 0
    assert artifact(tmp_path / "home", done.digest)
