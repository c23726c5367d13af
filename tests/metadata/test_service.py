"""The service against a real controller, which is stopped and restarted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from plat_core.model.function import Function, FunctionSpec, Metadata
from plat_metadata import catalogue, wiring
from plat_metadata.settings import MetadataSettings

from ..controller.conftest import Service, service
from ..gateway.api.conftest import IMAGE, TOKEN

__all__ = ["service"]

PATIENCE = 30


@pytest.fixture
async def app(service: Service, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FastAPI]:
    monkeypatch.setattr(wiring, "RESYNC_SECONDS", 0.2)
    settings = MetadataSettings.model_validate(
        {"AUTH_TOKEN": TOKEN, "CONTROLLER_URL": service.url, "API_URL": "http://gateway:8080"}
    )
    async with wiring.service(settings) as app:
        yield app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://metadata",
        headers={"Authorization": f"Bearer {TOKEN}"},
    ) as client:
        yield client


async def store(service: Service, name: str, image: str = IMAGE, **metadata: Any) -> None:
    function = Function(
        metadata=Metadata.model_validate({"name": name, **metadata}),
        spec=FunctionSpec.model_validate({"image": image, "runtime": "python"}),
    )
    await service.platform.store.put(function)


async def until(http: httpx.AsyncClient, path: str, true: Callable[[Any], bool]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while True:
            response = await http.get(path)
            if response.status_code == 200 and true(response.json()):
                return response.json()
            await asyncio.sleep(0.02)


async def test_an_entry_describes_its_function(service: Service, http: httpx.AsyncClient) -> None:
    annotations = {
        "plat.dev/description": "Takes orders",
        "plat.dev/input-schema": '{"type": "object"}',
        "plat.dev/output-schema": "broken",
    }
    await store(service, "orders", labels={"team": "shop"}, annotations=annotations)
    known = await until(http, "/functions/orders", lambda known: bool(known.get("revisions")))
    assert known["endpoint"] == "http://gateway:8080/function/orders"
    assert (known["runtime"], known["description"]) == ("python", "Takes orders")
    assert known["labels"] == {"team": "shop"}
    assert known["schemas"] == {"input": {"type": "object"}}
    assert [revision["name"] for revision in known["revisions"]] == ["orders-1"]
    assert known["stale"] == ""
    found = (await http.get("/functions", params={"q": "takes", "label": "team=shop"})).json()
    assert [item["name"] for item in found["items"]] == ["orders"]


async def test_changes_and_deletions_arrive(service: Service, http: httpx.AsyncClient) -> None:
    await store(service, "orders")
    await until(http, "/functions/orders", lambda known: len(known.get("revisions", [])) == 1)
    await store(service, "orders", IMAGE.replace("0" * 64, "1" * 64))
    await until(http, "/functions/orders", lambda known: len(known["revisions"]) == 2)
    await service.platform.store.purge(next(iter(await service.platform.store.list())).function.ref)
    await until(http, "/functions", lambda found: found["items"] == [])
    assert (await http.get("/functions/orders")).status_code == 404


async def test_serves_the_cache_while_the_controller_is_unavailable(
    service: Service, http: httpx.AsyncClient
) -> None:
    await store(service, "orders")
    await until(http, "/functions", lambda found: bool(found["items"]))
    await service.stop()
    away = await until(http, "/functions/orders", lambda known: known["stale"] != "")
    assert "does not answer" in away["stale"]
    await service.start()
    await until(http, "/functions/orders", lambda known: known["stale"] == "")


async def test_is_not_ready_before_the_first_list(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = MetadataSettings.model_validate(
        {"AUTH_TOKEN": TOKEN, "CONTROLLER_URL": "http://127.0.0.1:1"}
    )
    async with (
        wiring.service(settings) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://metadata") as http,
    ):
        assert (await http.get("/healthz")).status_code == 200
        assert (await http.get("/readyz")).status_code == 503
        headers = {"Authorization": f"Bearer {TOKEN}"}
        response = await http.get("/functions", headers=headers)
        assert (response.status_code, response.json()["code"]) == (503, "unavailable")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/functions?limit=0", 422),
        ("/functions?limit=5000", 422),
        ("/functions?cursor=x", 422),
        ("/functions?namespace=A", 422),
        ("/functions/Not_a_name", 422),
        ("/functions?token=x", 400),
        ("/nowhere", 404),
    ],
)
async def test_rejects_invalid_queries(
    service: Service, http: httpx.AsyncClient, path: str, status: int
) -> None:
    await until(http, "/functions", lambda found: True)
    response = await http.get(path)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"


async def test_requires_the_token(http: httpx.AsyncClient) -> None:
    response = await http.get("/functions", headers={"Authorization": "Bearer guessed"})
    assert response.status_code == 401


async def test_the_document_lists_every_parameter(http: httpx.AsyncClient) -> None:
    document = (await http.get("/openapi.json")).json()
    parameters = document["paths"]["/functions"]["get"]["parameters"]
    assert {each["name"] for each in parameters} == {
        "q",
        "label",
        "runtime",
        "namespace",
        "limit",
        "cursor",
    }


async def test_a_bug_in_the_catalogue_ends_the_service(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def buggy(_: catalogue.Catalogue) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(catalogue.Catalogue, "_list", buggy)
    settings = MetadataSettings.model_validate(
        {"AUTH_TOKEN": TOKEN, "CONTROLLER_URL": service.url, "API_URL": "http://gateway:8080"}
    )
    with pytest.raises(KeyError, match="a bug"):
        async with asyncio.timeout(PATIENCE), wiring.service(settings):
            await asyncio.Event().wait()
