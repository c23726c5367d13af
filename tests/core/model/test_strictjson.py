"""Strict JSON: documents that are rejected, and the position in the error."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_core.errors import Malformed, TooLarge
from plat_core.model.strictjson import key_path, loads

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4)
)


@given(documents.filter(lambda value: value not in (math.inf, -math.inf)))
def test_decodes_what_json_encodes(value: object) -> None:
    data = json.dumps(value)
    if "Infinity" not in data:
        assert loads(data.encode()) == value
        assert loads(json.dumps(value, ensure_ascii=False, indent=1).encode()) == value


@given(
    st.binary(max_size=200)
    | st.text('[]{}",:\\u0d8ctruefalsnNaI+-.eE', max_size=60).map(str.encode)
)
def test_any_bytes_are_a_value_or_an_error(data: bytes) -> None:
    try:
        value = loads(data)
    except Malformed as error:
        assert error.message.isprintable()
    else:
        assert json.loads(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ('{"a": {"b": [1, {"c": 1, "c": 2}]}}', "a.b[1].c"),
        ('{"a": 1, "a": 1}', "a"),
        ('{"x": [1, NaN]}', "x[1]"),
        ('{"x": -Infinity}', "x"),
        ('{"x": 1e400}', "x"),
        ('{"x": -1e400}', "x"),
        ('{"x": ' + "1" * 5000 + "}", "x"),
        ('{"x": {"y": "a\\ud800"}}', "x.y"),
        ('{"\\udc00": 1}', "\\udc00"),
    ],
)
def test_rejects_ambiguous_documents_with_the_path(data: str, field: str) -> None:
    with pytest.raises(Malformed) as caught:
        loads(data.encode())
    assert caught.value.field == field
    assert field in caught.value.message


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b'{"a":\n  1,,}', "line 2, column 5"),
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xff", "byte 0"),
        (b"[" * 10_000, "64 levels at line 1"),
        (b'\n{"a":' * 10_000, "64 levels at line 66"),
        (b"{} {}", "line 1"),
    ],
)
def test_rejects_invalid_documents_with_the_position(data: bytes, place: str) -> None:
    with pytest.raises(Malformed, match=place):
        loads(data)


def test_brackets_in_strings_do_not_count_as_depth() -> None:
    value = ["[" * 1000, '"\\{' * 100]
    assert loads(json.dumps(value).encode()) == value


def test_an_unterminated_string_is_read_in_linear_time() -> None:
    with pytest.raises(Malformed, match="Unterminated"):
        loads(b'"' + b'\\"' * 500_000)


def test_rejects_too_many_bytes() -> None:
    with pytest.raises(TooLarge):
        loads(b" " * 1_000_000 * 10)
    assert loads(b"[1]", max_bytes=3) == [1]
    with pytest.raises(TooLarge):
        loads(b"[12]", max_bytes=3)


def test_ignores_a_byte_order_mark() -> None:
    assert loads(b"\xef\xbb\xbf{}") == {}


def test_a_path_stays_short_and_printable() -> None:
    assert key_path("a", "b") == "a.b"
    assert key_path("", "x\n" * 500).isprintable()
    assert len(key_path("", "x" * 500)) == 64
