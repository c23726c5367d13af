"""A start that cannot work ends soon and says why, on stderr and in the termination log."""

import pytest

from .conftest import Start

DEEP = "def f(n):\n    if n: f(n - 1)\n    raise ValueError('x' * 9000)\nf(50)\n"


@pytest.mark.parametrize(
    ("app", "reason", "words"),
    [
        ("x = 1\ndef handler(request:\n  pass", "HandlerSyntaxError", "app.py:2: "),
        ("# é\nhandler = 'é'".encode("latin-1"), "HandlerSyntaxError", "utf-8"),
        ("import nonesuch", "HandlerImportError", "'nonesuch', which is not installed"),
        ("from os import nonesuch", "HandlerImportError", "cannot import name 'nonesuch'"),
        ("import sys; sys.exit(3)", "HandlerExited", "sys.exit(3)"),
        ("exit()", "HandlerExited", "sys.exit"),
        ("import os; os._exit(0)", "HandlerExited", "the process ended"),
        ("import os; os.kill(os.getpid(), 9)", "HandlerExited", "the process ended"),
        ("1 / 0", "HandlerFailed", "ZeroDivisionError"),
        (DEEP, "HandlerFailed", "ValueError"),
        ("x = 1", "HandlerNotFound", "it defines nothing callable"),
        ("def a(r): ...\ndef b(r): ...", "HandlerNotFound", "it has a, b"),
        ("handler = 7", "HandlerNotFound", "nothing callable"),
        ("def handler(a, b, c, d): ...", "HandlerUnrecognised", "(a, b, c, d)"),
        ("def handler(): ...", "HandlerUnrecognised", "def handler(request)"),
    ],
)
def test_a_broken_handler_ends_the_start_with_its_reason(
    start: Start, app: str | bytes, reason: str, words: str
) -> None:
    replica = start(app)
    fault = replica.fault()
    assert fault["reason"] == reason
    assert words in fault["message"]
    assert f"plat: {reason}: " in replica.log()
    assert "plat_runtime" not in fault["traceback"]
    assert "plat_runtime" not in replica.log()


@pytest.mark.parametrize(
    ("handler", "words"),
    [
        ("app:nonesuch", "it has handler"),
        ("other:handler", "no module 'other' in the code, which has app.py"),
        ("pkg.mod:handler", "no module 'pkg.mod'"),
        ("../etc:x", "not of the form module:name"),
        ("x" * 1000, "not of the form module:name"),
    ],
)
def test_a_wrong_name_gets_the_names_there_are(start: Start, handler: str, words: str) -> None:
    fault = start("def handler(request): ...", PLAT_HANDLER=handler).fault()
    assert fault["reason"] == "HandlerNotFound"
    assert words in fault["message"]


def test_the_traceback_keeps_its_end_and_the_users_frames(start: Start) -> None:
    trace = start(DEEP.replace("9000", "30")).fault()["traceback"]
    assert trace.rstrip().endswith("x" * 30)
    assert 'File "app.py", line ' in trace


def test_code_without_a_known_module_says_which_files_there_are(start: Start) -> None:
    fault = start(files={"thing.py": "def handler(request): ..."}).fault()
    assert fault["reason"] == "HandlerNotFound"
    assert "thing.py" in fault["message"]


@pytest.mark.parametrize("module", ["main", "function", "handler"])
def test_customary_modules_are_found(start: Start, module: str) -> None:
    replica = start(files={f"{module}.py": "def handler(request): return 'ok'"}).ready()
    assert replica.get().text == "ok"


def test_a_users_module_may_have_a_name_the_runtime_uses(start: Start) -> None:
    files = {
        "app.py": "import calls, queue\ndef handler(request): return calls.WORD",
        "calls.py": "WORD = 'mine'",
        "gunicorn.py": "raise SystemExit('shadowed')",
        "queue.py": "raise SystemExit('shadowed')",
    }
    assert start(files=files).ready().get().text == "mine"


def test_an_environment_without_servers_says_so(start: Start, tmp_path_factory: object) -> None:
    fault = start("def handler(request): ...", PLAT_SITE="/nonexistent").fault()
    assert fault["reason"] == "HandlerImportError"
    assert "gunicorn" in fault["message"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "99999999999999999999"),
        ("PLAT_TIMEOUT", "nan"),
        ("PLAT_TIMEOUT", "-1"),
        ("PLAT_CONCURRENCY", "١"),
        ("PLAT_SOCKET", "/" + "s" * 200),
        ("PLAT_DEBUGPY", "here"),
    ],
)
def test_a_senseless_setting_is_named(start: Start, name: str, value: str) -> None:
    fault = start("def handler(request): ...", **{name: value}).fault()
    assert fault["reason"] == "SettingInvalid"
    assert name in fault["message"]


def test_a_debugger_that_is_not_installed_is_named(start: Start) -> None:
    fault = start("def handler(request): ...", PLAT_DEBUGPY="127.0.0.1:18100").fault()
    assert fault["reason"] == "HandlerImportError"
    assert "debugpy" in fault["message"]


def test_a_lifespan_that_fails_ends_the_start(start: Start) -> None:
    app = """
async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})
"""
    replica = start(app)
    assert replica.fault()["reason"] == "HandlerFailed"
    assert "no database" in replica.log()
