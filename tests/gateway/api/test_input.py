"""Invalid input: names, JSON and bodies get a 4xx with the field, never a 500."""

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
async def test_an_invalid_name_gets_the_rule_and_the_field(
    client: httpx.AsyncClient, room: str, name: str
) -> None:
    for method in ("GET", "PUT", "DELETE"):
        response = await client.request(method, raw(f"/{room}/{name}"), json={})
        assert response.status_code == 422, response.text
        assert response.json()["errors"] == [{"field": "metadata.name", "message": NAME_RULE}]


@pytest.mark.parametrize("namespace", ["A", "a_b", "", "a" * 64])
async def test_an_invalid_namespace_gets_the_rule_and_the_field(
    client: httpx.AsyncClient, namespace: str
) -> None:
    response = await client.get("/functions/orders", params={"namespace": namespace})
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": "metadata.namespace", "message": NAME_RULE}]


@pytest.mark.parametrize("name", ["A", "a_b", "-a", "a" * 64, "a.b", "а", "..", ""])
async def test_an_invalid_name_in_a_body_gets_the_rule(
    client: httpx.AsyncClient, name: str
) -> None:
    body = {"metadata": {"name": name}, "spec": {"image": IMAGE}}
    response = await client.put("/functions/orders", json=body)
    assert response.status_code == 422
    assert response.json()["errors"] == [{"field": "metadata.name", "message": NAME_RULE}]
    flat = await client.post("/register", json={"name": name, "image": IMAGE})
    assert flat.json()["errors"] == [{"field": "name", "message": NAME_RULE}]


async def test_a_percent_encoded_name_is_the_same_name(client: httpx.AsyncClient) -> None:
    await client.put("/functions/orders", json={"spec": {"image": IMAGE}})
    assert (await client.get(raw("/functions/%6frders"))).status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "expected_text"),
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
async def test_rejects_invalid_json_with_its_position(
    client: httpx.AsyncClient, body: bytes, status: int, expected_text: str
) -> None:
    response = await client.put("/functions/orders", content=body, headers=JSON_HEADERS)
    assert response.status_code == status, response.text
    assert expected_text in response.text
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("memory", ["-1", "100MB", "1e999Gi", "5Mi "])
async def test_rejects_an_invalid_quantity_with_its_field(
    client: httpx.AsyncClient, memory: str
) -> None:
    spec = {"image": IMAGE, "resources": {"limits": {"memory": memory}}}
    response = await client.put("/functions/orders", json={"spec": spec})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "spec.resources.limits.memory"


async def test_rejects_a_body_of_ten_megabytes(client: httpx.AsyncClient) -> None:
    body = b'{"spec": "' + b"x" * 10_000_000 + b'"}'
    declared = await client.put("/functions/orders", content=body, headers=JSON_HEADERS)

    async def chunks() -> Any:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    counted = await client.put("/functions/orders", content=chunks(), headers=JSON_HEADERS)
    for response in (declared, counted):
        assert (response.status_code, response.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_rejects_an_unsupported_media_type(client: httpx.AsyncClient, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    response = await client.put("/functions/orders", content=b"{}", headers=headers)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported-media-type")


async def test_rejects_an_unavailable_media_type(client: httpx.AsyncClient) -> None:
    await client.put("/functions/orders", json={"spec": {"image": IMAGE}})
    for path in ("/functions/orders/logs", "/events"):
        response = await client.get(path, headers={"Accept": "image/png"})
        assert (response.status_code, response.json()["code"]) == (406, "not-acceptable")


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
async def test_no_body_causes_an_internal_error(body: bytes, target: tuple[str, str]) -> None:
    async with client_of(make_platform().app()) as client:
        response = await client.request(*target, content=body, headers=JSON_HEADERS)
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert response.json()["code"]
        assert response.json()["detail"]
