"""Routes of functions: status codes, headers, bodies."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from plat_core.model.function import FunctionStatus
from plat_core.model.names import FunctionRef
from plat_core.ports import Failure, LogRecord, Revision, Workload

from tests.gateway.api.conftest import IMAGE, Platform, Put


async def test_put_returns_201_then_200_and_marks_an_unchanged_function(put: Put) -> None:
    first, second, third = await put(), await put(), await put(concurrency=3)
    assert [first.status_code, second.status_code, third.status_code] == [201, 200, 200]
    assert "x-plat-unchanged" not in first.headers
    assert second.headers["x-plat-unchanged"] == "true"
    assert "x-plat-unchanged" not in third.headers
    assert third.json()["metadata"]["generation"] == 2


async def test_put_accepts_a_document_that_was_read(client: httpx.AsyncClient, put: Put) -> None:
    document = (await put()).json()
    again = await client.put("/functions/orders", json=document)
    assert again.status_code == 200, again.text
    assert again.headers["x-plat-unchanged"] == "true"


@pytest.mark.parametrize(
    ("metadata", "field"),
    [({"name": "other"}, "metadata.name"), ({"namespace": "other"}, "metadata.namespace")],
)
async def test_rejects_a_document_that_contradicts_the_path(
    client: httpx.AsyncClient, metadata: dict[str, str], field: str
) -> None:
    body = {"metadata": metadata, "spec": {"image": IMAGE}}
    response = await client.put("/functions/orders", json=body)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field


async def test_an_old_resource_version_is_a_conflict(client: httpx.AsyncClient, put: Put) -> None:
    old = (await put()).json()
    await put(concurrency=3)
    response = await client.put("/functions/orders", json=old)
    assert (response.status_code, response.json()["code"]) == (409, "conflict")


async def test_lists_functions_by_name_and_namespace(client: httpx.AsyncClient, put: Put) -> None:
    await put("orders")
    await put("bills")
    spec = {"spec": {"image": IMAGE}}
    await client.put("/functions/orders?namespace=shop", json=spec)

    async def names(query: str = "") -> list[str]:
        items = (await client.get(f"/functions{query}")).json()["items"]
        return [f"{item['metadata']['namespace']}/{item['metadata']['name']}" for item in items]

    assert sorted(await names()) == ["default/bills", "default/orders", "shop/orders"]
    assert await names("?namespace=shop") == ["shop/orders"]


async def test_the_url_names_the_namespace(client: httpx.AsyncClient) -> None:
    response = await client.put("/functions/orders?namespace=shop", json={"spec": {"image": IMAGE}})
    assert response.json()["status"]["url"] == "http://localhost:8080/function/orders.shop"


async def test_delete_is_accepted_and_removes_the_function_later(
    client: httpx.AsyncClient, put: Put, platform: Platform, orders: FunctionRef
) -> None:
    await put()
    response = await client.delete("/functions/orders")
    assert response.status_code == 202
    assert response.json()["metadata"]["deletionTimestamp"]
    assert (await put(concurrency=2)).status_code == 409
    await platform.store.purge(orders)
    for response in (
        await client.get("/functions/orders"),
        await client.delete("/functions/orders"),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "function-not-found")


async def test_stop_start_and_redeploy(client: httpx.AsyncClient, put: Put) -> None:
    await put()
    assert (await client.post("/functions/orders/stop")).json()["spec"]["suspend"] is True
    assert (await client.post("/functions/orders/start")).json()["spec"]["suspend"] is False
    redeployed = (await client.post("/functions/orders/redeploy")).json()
    assert redeployed["spec"]["redeployedAt"]
    assert redeployed["metadata"]["generation"] == 4


async def test_scale(client: httpx.AsyncClient, put: Put) -> None:
    await put()
    fixed = await client.post("/functions/orders/scale", json={"replicas": 3})
    assert fixed.json()["spec"]["scale"]["replicas"] == 3
    free = {"replicas": None, "min": 1, "max": 5, "idle": "30s"}
    scale = (await client.post("/functions/orders/scale", json=free)).json()["spec"]["scale"]
    assert scale == {"min": 1, "max": 5, "idle": "30s", "whenIdle": "stop"}
    for wrong in ({}, {"min": 6}, {"replicas": -1}, {"replicas": "3"}, {"more": 1}):
        assert (await client.post("/functions/orders/scale", json=wrong)).status_code == 422


async def test_replicas_and_revisions(
    client: httpx.AsyncClient, put: Put, platform: Platform, orders: FunctionRef
) -> None:
    await put()
    function = (await platform.store.get(orders)).function
    revision = Revision(orders, 1, IMAGE, function.spec, datetime(2026, 1, 31, tzinfo=UTC))
    await platform.store.add_revision(revision, keep=5)
    await platform.store.put_status(orders, FunctionStatus(), serving=1, failed=0)
    await platform.workloads.apply(Workload(orders, {1: 1}, {1: revision}))
    (replica,) = await platform.workloads.observe(orders)
    failure = Failure("HandlerExited", "it ended", "bye")
    platform.workloads.become(orders, replica.id, "waiting", failure)

    revisions = (await client.get("/functions/orders/revisions")).json()["items"]
    assert [(r["name"], r["number"], r["serving"]) for r in revisions] == [("orders-1", 1, True)]
    assert revisions[0]["spec"]["image"] == IMAGE
    (seen,) = (await client.get("/functions/orders/replicas")).json()["items"]
    assert (seen["revision"], seen["state"], seen["restarts"]) == ("orders-1", "waiting", 1)
    assert seen["failure"]["reason"] == "HandlerExited"
    assert datetime.fromisoformat(seen["since"]).tzinfo is not None


async def test_the_flat_form_accepts_env_as_list_and_object(client: httpx.AsyncClient) -> None:
    flat = {"name": "orders", "image": IMAGE, "env": {"A": "1"}, "timeout": "5s"}
    first = await client.post("/register", json=flat)
    assert first.status_code == 201
    assert first.json()["spec"]["env"] == [{"name": "A", "value": "1"}]
    listed = flat | {"env": [{"name": "A", "value": "1"}]}
    assert (await client.post("/register", json=listed)).headers["x-plat-unchanged"] == "true"
    for wrong in ({"env": {"PORT": "1"}}, {"env": {"A": 1}}, {"nonsense": 1}, {"name": "A"}):
        response = await client.post("/register", json=flat | wrong)
        assert response.status_code == 422, response.text
        assert response.json()["errors"][0]["field"]


async def test_wait_returns_with_a_change(
    client: httpx.AsyncClient, put: Put, platform: Platform, orders: FunctionRef
) -> None:
    version = (await put()).json()["metadata"]["resourceVersion"]
    query = {"wait": "30s", "resourceVersion": version}
    waiting = asyncio.ensure_future(client.get("/functions/orders", params=query))
    while not platform.store.changes.subscribers:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await platform.store.put_status(orders, FunctionStatus(replicas=2), serving=0, failed=0)
    response = await asyncio.wait_for(waiting, 30)
    assert response.json()["status"]["replicas"] == 2
    assert platform.store.changes.subscribers == 0


async def test_wait_accepts_a_duration(client: httpx.AsyncClient, put: Put) -> None:
    version = (await put()).json()["metadata"]["resourceVersion"]
    for value, status in (("10ms", 200), ("ten", 422), ("-1s", 422)):
        query = {"wait": value, "resourceVersion": version}
        assert (await client.get("/functions/orders", params=query)).status_code == status


async def test_logs_as_json_and_as_text(
    client: httpx.AsyncClient, put: Put, platform: Platform, orders: FunctionRef
) -> None:
    await put()
    for number, text in enumerate(("one", "two", "three")):
        time = datetime(2026, 1, 31, 12, number, tzinfo=UTC)
        platform.logs.add(
            orders, LogRecord(time, "r1", "orders-1", "stdout", text, f"call-{number}")
        )
    response = await client.get("/functions/orders/logs?tail=2")
    assert response.headers["content-type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in response.text.splitlines()]
    assert [line["text"] for line in lines] == ["two", "three"]
    assert lines[0]["callId"] == "call-1"
    plain = await client.get("/functions/orders/logs?call=call-0", headers={"Accept": "text/plain"})
    assert plain.text == "one\n"


@pytest.mark.parametrize(
    ("query", "status"), [("tail=-1", 422), ("tail=x", 422), ("follow=maybe", 422)]
)
async def test_rejects_invalid_log_queries(
    client: httpx.AsyncClient, put: Put, query: str, status: int
) -> None:
    await put()
    assert (await client.get(f"/functions/orders/logs?{query}")).status_code == status


async def test_logs_of_an_unknown_function_are_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get("/functions/orders/logs")).status_code == 404


async def test_secrets_are_written_and_never_read(client: httpx.AsyncClient) -> None:
    put = await client.put("/secrets/db", json={"values": {"url": "s3cret", "user": "me"}})
    assert put.json() == {"name": "db", "namespace": "default", "keys": ["url", "user"]}
    for path in ("/secrets", "/secrets/db"):
        response = await client.get(path)
        assert response.status_code == 200
        assert "s3cret" not in response.text
    refused = await client.put("/secrets/db", json={"values": {"bad key": "s3cret"}})
    assert refused.status_code == 422
    assert "s3cret" not in refused.text
    assert (await client.delete("/secrets/db")).status_code == 204
    assert (await client.delete("/secrets/db")).json()["code"] == "secret-not-found"


async def test_runtimes_and_system_info(client: httpx.AsyncClient, put: Put) -> None:
    await put()
    assert (await client.get("/runtimes")).json()["items"][0]["name"] == "python"
    info: dict[str, Any] = (await client.get("/system/info")).json()
    assert (info["backend"], info["functions"], info["dev"]) == ("memory", 1, True)
    assert info["uptime"] >= 0


async def test_a_notice_needs_a_function_and_an_empty_one_removes_it(
    client: httpx.AsyncClient, put: Put, platform: Platform
) -> None:
    path = "/functions/orders/notice"
    assert (await client.put(path, json={"text": "x"})).status_code == 404
    await put()
    expected_text = {"text": "app.py:3: SyntaxError\nüber:\r\nSet-Cookie: a=b"}
    assert (await client.put(path, json=expected_text)).status_code == 204
    assert platform.notices is not None
    (line,) = platform.notices.lines.values()
    assert line.startswith(b"X-Plat-Dev-Error: app.py:3: SyntaxError | %C3%BCber")
    assert line.count(b"\r\n") == 1
    assert (await client.put(path, json={"text": ""})).status_code == 204
    assert not platform.notices.lines


async def test_notices_and_debuggers_need_a_development_setup(
    client: httpx.AsyncClient, put: Put, platform: Platform
) -> None:
    refused = await put(debug=5678)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "spec.debug")
