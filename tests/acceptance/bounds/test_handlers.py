"""Broken handlers and requirements fail the deploy with their cause."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from tests.acceptance.bounds.conftest import write
from tests.acceptance.bounds.sockets import until
from tests.examples.platform import Platform, running

GOOD = "def handler(request):\n    return 'x'\n"
NOISY = """
def handler(request):
    for _ in range(100_000):
        print("x" * 1000)
    print("last")
    return "x"
"""
HANDLERS: dict[str, tuple[bytes, dict[str, object], int, list[str]]] = {
    "syntax": (b"def handler(request)\n    return 1\n", {}, 6, ["app.py:1", "SyntaxError"]),
    "import": (b"import numpyy\n" + GOOD.encode(), {}, 7, ["HandlerImportError", "numpyy"]),
    "exit": (b"import sys\nsys.exit(3)\n", {"handler": "app:x"}, 7, ["HandlerExited", "exit(3)"]),
    "name": (GOOD.encode(), {"handler": "app:nope"}, 7, ["HandlerNotFound", "'nope'", "handler"]),
    "latin": (b"# caf\xe9\n" + GOOD.encode(), {}, 6, ["app.py:1", "0xe9 is not UTF-8"]),
    "raises": (b"1 / 0\n" + GOOD.encode(), {}, 7, ["HandlerFailed", "ZeroDivisionError"]),
}
REQUIREMENTS = {
    "unknown": ("no-such-package-of-plat==9.9", "no-such-package-of-plat==9.9"),
    "host": ("https://elsewhere.example/x.whl", "points at another host or file"),
    "file": ("x @ file:///etc", "points at another host or file"),
    "git": ("git+https://elsewhere.example/x", "points at another host or file"),
    "index": ("--index-url http://elsewhere.example/", "the option --index-url"),
    "editable": ("-e .", "the option -e"),
    "include": ("-r /etc/passwd", "outside the function's folder"),
    "nonsense": ("fl ask!!", "not a requirement"),
}


@pytest.mark.parametrize("kind", HANDLERS)
def test_a_broken_handler_ends_the_deploy_with_its_cause(
    bounded: Platform, tmp_path: Path, kind: str
) -> None:
    code, manifest, exit_code, words = HANDLERS[kind]
    folder = write(tmp_path / kind, {"app.py": code}, name=f"broken-{kind}", **manifest)
    result = bounded.plat("deploy", folder, check=False)
    assert result.returncode == exit_code, result.stderr
    assert result.stdout == ""
    assert [word for word in words if word not in result.stderr] == []
    assert "\n  → " in result.stderr
    assert "\x1b" not in result.stderr
    document = json.loads(bounded.plat("deploy", folder, "--json", check=False).stdout)
    assert document["exitCode"] == exit_code
    assert words[0] in document["detail"]
    assert document["fix"]


def test_an_endless_import_fails_after_the_start_timeout(tmp_path: Path) -> None:
    code = {"app.py": "while True:\n    pass\n"}
    folder = write(tmp_path / "endless", code, name="endless", handler="app:x")
    with running(tmp_path, PLAT_START_TIMEOUT="2") as platform:
        result = platform.plat("deploy", folder, check=False)
    assert result.returncode == 7
    assert "StartTimeout: endless-1: it was not ready within 2 s" in result.stderr
    assert "\n  → " in result.stderr


@pytest.mark.parametrize("kind", REQUIREMENTS)
def test_unsatisfiable_requirements_name_the_line(
    bounded: Platform, tmp_path: Path, kind: str
) -> None:
    line, words = REQUIREMENTS[kind]
    files = {"app.py": GOOD, "requirements.txt": f"# a comment\n{line}\n"}
    folder = write(tmp_path / kind, files, name=f"needs-{kind}")
    result = bounded.plat("deploy", folder, check=False)
    assert result.returncode == 6, result.stderr
    assert f"requirements.txt:2: {line}" in result.stderr
    assert words in result.stderr
    assert "\n  → " in result.stderr


def test_logs_of_a_hundred_megabytes_are_bounded(
    bounded: Platform, api: httpx.Client, tmp_path: Path
) -> None:
    bounded.plat("deploy", write(tmp_path / "noisy", {"app.py": NOISY}, name="noisy", timeout="1m"))
    assert api.get("/function/noisy").text == "x"
    logs = Path(bounded.environment["PLAT_HOME"], "logs")
    assert sum(f.stat().st_size for f in logs.rglob("*noisy*") if f.is_file()) < 32 << 20
    logged: list[str] = []

    def bounded_and_told() -> bool:
        logged[:] = bounded.plat("logs", "noisy", "--tail", "10000").stdout.splitlines()
        return any("lines dropped" in line or line.endswith(" last") for line in logged)

    until(bounded_and_told)
    assert len(logged) <= 10_000
