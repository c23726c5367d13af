"""Stored state of plat 0.1.0 opens in this version.

The fixtures were written by the code of that version; see `generate.py` beside them. The tests
prove that functions, revisions, secrets and asynchronous calls are read completely, that calls
that were queued or running are finished, and that a deploy on top of the old state works.
"""

import json
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from plat_backends.kubernetes import Cache, KubernetesFunctionStore, kinds
from plat_backends.memory import MemoryScaler, MemoryWorkloads
from plat_backends.sql import Database, SqlCallStore, SqlFunctionStore, SqlSecretStore
from plat_core.errors import Conflict
from plat_core.model.calls import CallFailure, CallQuery, CallRequest, CallResponse
from plat_core.model.function import Function, FunctionSpec
from plat_core.model.names import FunctionRef
from plat_core.notifications import Notifier
from plat_core.ports import FunctionStore, Record, Revision
from plat_core.services.functions import Functions

from ..architecture.repository import ROOT
from ..docker_fixtures import (
    docker_client,
    docker_image,
    docker_instance,
    postgres_server,
    postgres_url,
)

__all__ = ["docker_client", "docker_image", "docker_instance", "postgres_server", "postgres_url"]

STATE = ROOT / "tests/fixtures/state-0.1.0"
START = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)
REF, OTHER = FunctionRef("orders"), FunctionRef("orders", "team")
KEEP = 10


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.docker)])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """The database of 0.1.0, opened by this version."""
    if request.param == "sqlite":
        path = tmp_path / "plat.db"
        with sqlite3.connect(path) as connection:
            connection.executescript((STATE / "sqlite.sql").read_text(encoding="utf-8"))
        connection.close()
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_url")
        with psycopg.connect(url) as server:
            server.execute((STATE / "postgres.sql").read_bytes())
    opened = await Database.open(url)
    yield opened
    await opened.close()


def check_record(record: Record) -> None:
    function = record.function
    assert function.metadata.uid == "uid-1"
    assert function.metadata.generation == 4
    assert function.metadata.labels == {"team": "shop"}
    assert function.metadata.annotations == {"plat.dev/description": "Takes orders."}
    assert function.spec == spec(4)
    assert (record.serving, record.failed) == (3, 4)
    assert function.status is not None
    assert function.status.observed_generation == 4
    assert [(c.type, c.status, c.reason) for c in function.status.conditions] == [
        ("Ready", "True", "Serving")
    ]
    assert function.status.url == "http://localhost:8080/function/orders"
    assert record.revisions == tuple(
        Revision(
            *(REF, number, image(number), spec(number), START + timedelta(minutes=number)),
            secrets={"db": "v1"},
            source="0" * 64,
            commit="c" * 40,
        )
        for number in range(1, 5)
    )


def image(number: int) -> str:
    return f"embedded/orders@sha256:{number:064d}"


def spec(number: int) -> FunctionSpec:
    document: dict[str, Any] = {
        "image": image(number),
        "runtime": "python",
        "handler": "app:handler",
        "timeout": "30s",
        "concurrency": 20,
        "env": [
            {"name": "LEVEL", "value": "debug"},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "db", "key": "url"}}},
        ],
        "secrets": ["db"],
        "resources": {"limits": {"memory": "256Mi"}},
        "scale": {"min": 0, "max": 10, "target": 10, "idle": "60s"},
        "access": "public",
    }
    return FunctionSpec.model_validate(document)


async def deploy(store: FunctionStore) -> None:
    """Deploy revision 5 through the service behind the API."""
    functions = Functions(
        store,
        MemoryWorkloads(),
        Notifier(),
        scaler=MemoryScaler(),
        url=lambda ref: ref.url_at("http://localhost"),
        now=lambda: START,
    )
    function = (await store.get(REF)).function
    metadata = function.metadata.model_copy(update={"resource_version": None})
    await functions.put(Function(metadata=metadata, spec=spec(5)))
    record = await store.get(REF)
    assert record.function.metadata.generation == 5
    assert record.function.metadata.uid == "uid-1"
    revision = Revision(REF, 5, image(5), spec(5), START)
    await store.add_revision(revision, keep=KEEP)
    status = record.function.status
    assert status is not None
    await store.put_status(REF, status, serving=5, failed=4)
    record = await store.get(REF)
    assert (len(record.revisions), record.serving) == (5, 5)
    assert record.revisions[-1] == revision


async def test_functions_in_sql_open_and_can_be_deployed(database: Database) -> None:
    store = SqlFunctionStore(database)
    check_record(await store.get(REF))
    assert [record.function.ref for record in await store.list()] == [REF, OTHER]
    assert (await store.get(OTHER)).function.metadata.deletion_timestamp is not None
    with pytest.raises(Conflict):
        await store.put((await store.get(OTHER)).function)
    await deploy(store)
    await store.purge(OTHER)
    assert [record.function.ref for record in await store.list()] == [REF]


async def test_secrets_in_sql_open(database: Database) -> None:
    secrets = SqlSecretStore(database)
    assert await secrets.get("default", "db") == {"url": "postgres://shop", "odd": "é\n"}
    assert await secrets.list("team") == {"db": ["url"]}
    before = await secrets.versions("default", ["db"])
    await secrets.put("default", "db", {"url": "postgres://new"})
    assert (await secrets.versions("default", ["db"])).keys() == before.keys()
    assert await secrets.versions("default", ["db"]) != before


async def test_asynchronous_calls_open_and_are_finished(database: Database) -> None:
    calls = SqlCallStore(database)
    states = {call.id: call.state for call in await calls.list(CallQuery())}
    assert states == {
        "succeeded": "succeeded",
        "failed": "failed",
        "cancelled": "cancelled",
        "running": "running",
        "retrying": "queued",
        "queued": "queued",
    }
    assert await calls.response("succeeded") == CallResponse(
        201, (("Content-Type", "text/plain"),), b"\0done\xff"
    )
    failure = (await calls.get("failed")).failure
    assert failure == CallFailure("overloaded", "every replica is busy")
    # the gateway of the old version has stopped: its leases are over
    late = START + timedelta(days=1)
    await calls.orphan(late)
    claims = await calls.claim(
        {REF: 10}, holder="new", now=late, until=late + timedelta(seconds=30)
    )
    assert {claim.call.id for claim in claims} == {"queued", "running", "retrying"}
    for claim in claims:
        assert claim.request == CallRequest(
            "POST", "/a%2Fb?c=d", (("X-Odd", "\xe9"),), bytes(range(256))
        )
        answer = CallResponse(200, (), b"ok")
        assert await calls.finish(claim.call.id, "succeeded", now=late, response=answer)
    assert await calls.unfinished() == {}


async def test_resources_of_a_cluster_are_parsed() -> None:
    function, *revisions = json.loads((STATE / "kubernetes.json").read_text(encoding="utf-8"))
    no_api: Any = None
    functions, history = Cache(kinds.ref_of), Cache()
    store = KubernetesFunctionStore(no_api, functions, history, manager="test")
    functions.put(function)
    for revision in revisions:
        history.put(revision)
    check_record(await store.get(REF))
    assert [record.function.ref for record in await store.list()] == [REF]
