"""`function.json`, and the errors of invalid models."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plat_core.errors import InvalidInput, Malformed, PlatError, TooLarge
from plat_core.model.function import Function, FunctionSpec
from plat_core.model.manifest import FunctionManifest, read_manifest
from plat_core.model.validation import validate
from plat_http.statuses import status_of


def read(**fields: object) -> FunctionManifest:
    return read_manifest(json.dumps(fields).encode())


def test_settings_contain_only_written_fields() -> None:
    manifest = read(
        name="orders", runtime="python", scale={"min": 1}, forwardAuthorization=True, timeout="5s"
    )
    assert manifest.name == "orders"
    assert manifest.settings() == {
        "runtime": "python",
        "scale": {"min": 1},
        "forwardAuthorization": True,
        "timeout": "5s",
    }


@pytest.mark.parametrize("suffix", ["", "k", "M", "G", "Ki", "Mi", "Gi"])
def test_a_memory_limit_accepts_every_suffix_of_kubernetes(suffix: str) -> None:
    number = {"": "2000000", "k": "2000", "Ki": "2048"}.get(suffix, "2")
    manifest = read(resources={"limits": {"memory": number + suffix}})
    assert manifest.resources.limits.memory == number + suffix


def test_has_every_field_of_a_spec_that_a_deploy_does_not_set() -> None:
    fields = set(FunctionManifest.model_fields) - {"name"}
    assert fields == set(FunctionSpec.model_fields) - {"image", "source", "redeployed_at", "debug"}


def test_variables_have_a_long_and_a_short_form() -> None:
    short, long = read(env={"A": "1", "B": ""}), read(env=[{"name": "A", "value": "1"}])
    assert [(v.name, v.value) for v in short.env] == [("A", "1"), ("B", "")]
    assert short.env[0] == long.env[0]
    FunctionSpec.model_validate({**short.settings(), "image": "embedded/x"})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "A"}, "name"),
        ({"handlr": "x"}, "handlr"),
        ({"image": "x"}, "image"),
        ({"source": {}}, "source"),
        ({"timeout": "5"}, "timeout"),
        ({"timeout": 5}, "timeout"),
        ({"scale": {"min": 5, "max": 3}}, "scale"),
        ({"scale": {"min": "1"}}, "scale.min"),
        ({"env": {"A": 1}}, "env.A"),
        ({"env": {"PORT": "1"}}, "env.PORT"),
        ({"env": {"1A": "1"}}, "env.1A.name"),
        ({"env": [{"name": "A"}, {"name": "B", "valueFrom": {}}]}, "env[1].valueFrom.secretKeyRef"),
        ({"resources": {"limits": {"memory": "100MB"}}}, "resources.limits.memory"),
        ({"forwardAuthorization": "perhaps"}, "forwardAuthorization"),
        ({"secrets": ["a", "B"]}, "secrets[1]"),
    ],
)
def test_an_error_names_the_field(fields: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read(**fields)
    assert caught.value.field == field
    assert caught.value.message.startswith(field)


def test_an_error_names_all_fields() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(timeout="x", nope=1, scale={"max": 0})
    assert {error["field"] for error in caught.value.errors} == {"timeout", "nope", "scale.max"}
    assert "and 2 more" in caught.value.message


def test_paths_start_at_the_given_prefix() -> None:
    with pytest.raises(InvalidInput) as caught:
        validate(FunctionSpec, {"image": "x", "timeout": "x"}, at="spec")
    assert caught.value.field == "spec.timeout"


def test_paths_use_the_spelling_of_documents() -> None:
    document = {
        "metadata": {"name": "x"},
        "spec": {"image": "x", "env": [{"name": "A", "value": 1}]},
    }
    with pytest.raises(InvalidInput) as caught:
        validate(Function, document)
    assert caught.value.field == "spec.env[0].value"


def test_an_error_without_fields_has_one_entry() -> None:
    error = InvalidInput("no", field="a.b")
    assert error.errors == [{"field": "a.b", "message": "no"}]


@pytest.mark.parametrize("data", [b"[]", b"1", b'"x"', b"null"])
def test_rejects_a_manifest_that_is_not_an_object(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_manifest(data)


def test_rejects_a_manifest_that_is_too_large() -> None:
    with pytest.raises(TooLarge):
        read_manifest(b'{"name": "' + b"x" * 10_000_000 + b'"}')
    with pytest.raises(Malformed):
        read_manifest(b"[" * 10_000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "value", "min", "limits", "x"]), inner, max_size=3
        )
    ),
)


@given(st.dictionaries(st.sampled_from(sorted(FunctionManifest.model_fields)), json_values))
def test_any_document_is_a_manifest_or_an_error(fields: dict[str, object]) -> None:
    try:
        manifest = read(**fields)
    except PlatError as error:
        assert status_of(error.code) in (400, 413, 422)
    else:
        FunctionManifest.model_validate(manifest.settings())
