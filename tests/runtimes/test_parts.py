"""The parts of plat_runtime that need no process: names, answers, requests, bounds."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_runtime import faults, loading, request, responses, settings
from plat_runtime.calls import Call, CallLimiter, Watched


@given(st.text(), st.text(), st.text())
def test_a_termination_log_is_json_of_at_most_4_kib(reason: str, message: str, trace: str) -> None:
    fault = faults.StartError(reason[:40], message * 50, trace * 500)
    body = faults.bounded(fault)
    assert len(body) <= 4096
    entry = json.loads(body)
    assert fault.message.startswith(entry["message"])
    assert fault.trace.endswith(entry["traceback"])


def test_a_long_message_of_wide_characters_is_cut_and_not_lost() -> None:
    entry = json.loads(faults.bounded(faults.StartError("R", "\U0001f600" * 1000, "t" * 9999)))
    assert len(entry["message"]) > 300


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("app:app", ("app", "app")),
        ("app", ("app", "")),
        ("pkg.mod:obj.attr", ("pkg.mod", "obj.attr")),
        ("pkg.mod", ("pkg.mod", "")),
        ("app.handler", ("app", "handler")),
        ("größe:ü", ("größe", "ü")),
        ("", ("app", "")),
    ],
)
def test_a_handlers_name_is_module_and_attribute(
    tmp_path: Path, text: str, name: tuple[str, str]
) -> None:
    (tmp_path / "app.py").touch()
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "mod.py").touch()
    assert loading.find_name(text, str(tmp_path)) == name


@given(st.text(max_size=300))
def test_any_other_name_is_refused_with_a_reason(text: str) -> None:
    try:
        name = loading.find_name(text, "/nonexistent")
    except faults.StartError as error:
        assert error.reason == "HandlerNotFound"
    else:
        assert str(name).replace(":", ".") == text.replace(":", ".")
        assert all(part.isidentifier() for part in name.module.split("."))


@given(st.dictionaries(st.sampled_from(["PORT", "PLAT_TIMEOUT", "PLAT_WORKERS"]), st.text()))
def test_settings_are_in_range_or_refused(env: dict[str, str]) -> None:
    try:
        read = settings.read(env)
    except faults.StartError as error:
        assert error.reason == "SettingInvalid"
    else:
        assert 1 <= read.port <= 65535
        assert 0 < read.timeout <= 86400


def test_a_site_may_be_several_folders() -> None:
    assert settings.read({"PLAT_SITE": os.pathsep.join(["/a", "", "/b"])}).site == ("/a", "/b")
    assert settings.read({"PORT": "80"}).bind == "0.0.0.0:80"


VALUES: list[tuple[Any, tuple[int, str | None, bytes]]] = [
    ("a", (200, "text/plain; charset=utf-8", b"a")),
    (b"a", (200, "application/octet-stream", b"a")),
    (True, (200, "application/json", b"true\n")),
    (({"a": 1}, 201), (201, "application/json", b'{"a": 1}\n')),
    (("a", {"content-type": "x/y"}), (200, "x/y", b"a")),
    ((None, 205), (205, None, b"")),
    (("", 304), (304, None, b"")),
]


@pytest.mark.parametrize(("value", "expected"), VALUES)
def test_a_return_value_becomes_an_answer(
    value: Any, expected: tuple[int, str | None, bytes]
) -> None:
    made = responses.to_response(value)
    kind = {name.lower(): text for name, text in made.headers}.get("content-type")
    assert (made.status, kind, made.body) == expected


@pytest.mark.parametrize("value", [object(), (), ("a", 200, {}, 1), ("a", 600), ("a", 100), {1, 2}])
def test_a_return_value_without_meaning_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError):
        responses.to_response(value)


@given(st.lists(st.tuples(st.text(), st.text())))
def test_the_query_keeps_the_first_value_and_all(pairs: list[tuple[str, str]]) -> None:
    from urllib.parse import urlencode

    query = request.Query(urlencode(pairs))
    assert [(n, v) for n in query for v in query.all(n)] == [
        (n, v) for n in query for m, v in pairs if m == n
    ]
    assert all(query[name] == query.all(name)[0] for name in query)


def test_a_query_of_too_many_fields_is_a_bad_request() -> None:
    with pytest.raises(request.BadRequestError):
        request.Query("a&" * 20_000)


def test_headers_are_found_in_any_case_and_joined() -> None:
    headers = request.Headers([("X-A", "1"), ("x-a", "2")])
    assert (headers["X-a"], headers.get("X-B"), len(headers)) == ("1, 2", None, 1)


@given(st.text())
def test_a_call_id_is_safe_to_log(text: str) -> None:
    made = Call(text).id
    assert 1 <= len(made) <= 64
    assert all(each.isascii() and (each.isalnum() or each in "._-") for each in made)


def test_the_limiter_counts_running_calls() -> None:
    limiter = CallLimiter(1, 0.05)
    assert limiter.enter()
    assert not limiter.enter(), "the second call waits for the timeout and is rejected"
    limiter.leave(Watched(limiter))
    assert limiter.enter()


def test_the_runtime_imports_nothing_of_plat() -> None:
    folder = Path(faults.__file__).parent
    for source in folder.glob("*.py"):
        text = source.read_text()
        for limiter in ("plat_core", "plat_gateway", "plat_builder", "plat_cli", "plat_controller"):
            assert limiter not in text, source
