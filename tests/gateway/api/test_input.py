"""Bad input: names, JSON and bodies, each a 4xx that says what and where, never a 500."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plat_core.model.names import NAME_RULE

from tests.gateway.api.conftest import IMAGE, client_of, make_platform

JSON_HEADERS = {"Content-Type": "application/json"}
BAD_NAMES = [
    "",
    "A",
    "a_b",
    "-a",
    "a" * 64,
    "a.b",
    "%D0%B0",
    "A%2fb",
    "%2e%2e",
    "a%00",
]


def raw(path: str) -> httpx.URL:
    """A URL whose path is sent as it stands."""
    return httpx.URL(scheme="http", host="plat", raw_path=path.encode())


@pytest.mark.parametrize("name", BAD_NAMES)
@pytest.mark.parametrize("room", ["functions", "secrets"])
async def test_a_bad_name_gets_the_rule_and_the_field(
    client: httpx.AsyncClient, room: str, name: str
) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = await client.request(method, raw(f"/{room}/{name}"), json={})
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"] == [{"field": "metadata.name", "message": NAME_RULE}]


@pytest.mark.parametrize("namespace", ["A", "a_b", "", "a" * 64])
async def test_a_bad_namespace_gets_the_rule_and_the_field(
    client: httpx.AsyncClient, namespace: str
) -> None:
    answer = await client.get("/functions/orders", params={"namespace": namespace})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "metadata.namespace", "message": NAME_RULE}]


@pytest.mark.parametrize("name", ["A", "a_b", "-a", "a" * 64, "a.b", "а", "..", ""])
async def test_a_bad_name_in_a_document_gets_the_rule(client: httpx.AsyncClient, name: str) -> None:
    body = {"metadata": {"name": name}, "spec": {"image": IMAGE}}
    answer = await client.put("/functions/orders", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "metadata.name", "message": NAME_RULE}]
    flat = await client.post("/register", json={"name": name, "image": IMAGE})
    assert flat.json()["errors"] == [{"field": "name", "message": NAME_RULE}]


async def test_a_name_that_is_only_escaped_is_the_same_name(client: httpx.AsyncClient) -> None:
    await client.put("/functions/orders", json={"spec": {"image": IMAGE}})
    assert (await client.get(raw("/functions/%6frders"))).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b'{"spec": {"image": "a", "image": "b"}}', 400, "spec.image"),
        (b'{"spec": {"image": "a", "scale": {"target": NaN}}}', 400, "spec.scale.target"),
        (b'{"spec": {"image": "a", "scale": {"target": 1e400}}}', 400, "spec.scale.target"),
        (b'{"spec": ' + b"[" * 10_000 + b"]" * 10_000 + b"}", 400, "nested"),
        (b'{"spec": {"image": "a", "handler": "\\ud800"}}', 400, "spec.handler"),
        (b'{"spec": {"image": "a", "nonsense": 1}}', 422, "spec.nonsense"),
        (b'{"spec": {"image": "a", "scale": {"nonsense": 1}}}', 422, "spec.scale.nonsense"),
        (b'{"spec": {"image": "a", "suspend": "yes"}}', 422, "spec.suspend"),
        (b'{"spec": {"image": "a", "concurrency": 2.5}}', 422, "spec.concurrency"),
        (b'{"spec": {"image": "a"}, "kind": "Pod"}', 422, "kind"),
        (b'{"spec": {}}', 422, "exactly one of image and source"),
        (b'{"metadata": {"creationTimestamp": "0"}, "spec": {"image": "a"}}', 422, "creation"),
        (b"", 400, "empty"),
        (b"\xff", 400, "UTF-8"),
        (b"null", 422, "object"),
        (b"[]", 422, "object"),
        (b'{"spec": {"image": "a"}} x', 400, "line 1"),
        (b'"' + b"x" * 1024, 400, "JSON"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_odd_json_is_refused_with_its_place(
    client: httpx.AsyncClient, body: bytes, status: int, said: str
) -> None:
    answer = await client.put("/functions/orders", content=body, headers=JSON_HEADERS)
    assert answer.status_code == status, answer.text
    assert said in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("memory", ["-1", "100MB", "1e999Gi", "5Mi "])
async def test_a_bad_quantity_is_refused_with_its_place(
    client: httpx.AsyncClient, memory: str
) -> None:
    spec = {"image": IMAGE, "resources": {"limits": {"memory": memory}}}
    answer = await client.put("/functions/orders", json={"spec": spec})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "spec.resources.limits.memory"


async def test_a_body_of_ten_megabytes_is_too_large(client: httpx.AsyncClient) -> None:
    body = b'{"spec": "' + b"x" * 10_000_000 + b'"}'
    declared = await client.put("/functions/orders", content=body, headers=JSON_HEADERS)

    async def chunks() -> Any:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    counted = await client.put("/functions/orders", content=chunks(), headers=JSON_HEADERS)
    for answer in (declared, counted):
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_of_another_type_is_refused(client: httpx.AsyncClient, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await client.put("/functions/orders", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported-media-type")


async def test_an_answer_that_cannot_be_had_is_not_acceptable(client: httpx.AsyncClient) -> None:
    await client.put("/functions/orders", json={"spec": {"image": IMAGE}})
    for path in ("/functions/orders/logs", "/events"):
        answer = await client.get(path, headers={"Accept": "image/png"})
        assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
SPEC_FIELDS = st.sampled_from(
    ["image", "source", "env", "scale", "resources", "timeout", "secrets", "suspend", "handler"]
)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={
        "metadata": JSON_VALUES | st.dictionaries(st.sampled_from(["labels", "name"]), JSON_VALUES),
        "spec": JSON_VALUES | st.dictionaries(SPEC_FIELDS, JSON_VALUES),
        "status": JSON_VALUES,
    },
)  # fmt: skip
BODIES = (DOCUMENTS | JSON_VALUES).map(lambda value: json.dumps(value).encode()) | st.binary()


@settings(max_examples=150)
@given(BODIES, st.sampled_from(
    [("PUT", "/functions/orders"), ("POST", "/functions/orders/scale"), ("POST", "/register"),
     ("PUT", "/secrets/db"), ("POST", "/build?name=orders")]
))  # fmt: skip
async def test_no_body_makes_the_api_fail(body: bytes, target: tuple[str, str]) -> None:
    async with client_of(make_platform().app()) as client:
        answer = await client.request(*target, content=body, headers=JSON_HEADERS)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.json()["code"]
        assert answer.json()["detail"]
