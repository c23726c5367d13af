"""The SQL stores on a Postgres server: concurrent writers, passwords and outages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from docker.models.containers import Container
from plat_backends.sql import Database, SqlCallStore, SqlFunctionStore, SqlSecretStore
from plat_backends.sql import database as sql_database
from plat_core.errors import Conflict, Unavailable
from plat_core.model.calls import Call, CallRequest, ClaimedCall, QueueBound
from plat_core.model.function import Function

from ..contract.samples import REF, function
from ..docker_fixtures import (
    docker_client,
    postgres_at,
    postgres_connection,
    postgres_server,
    postgres_url,
)

__all__ = ["docker_client", "postgres_server", "postgres_url"]
pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]


async def test_concurrent_starts_migrate_one_after_the_other(postgres_url: str) -> None:
    opened = await asyncio.gather(*(Database.open(postgres_url) for _ in range(4)))
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert len(rows) == 1
    for database in opened:
        await database.close()


async def test_keeps_the_writes_of_two_processes(postgres_url: str) -> None:
    databases = [await Database.open(postgres_url) for _ in range(2)]
    stores = [SqlFunctionStore(database) for database in databases]
    await asyncio.gather(*(_put(stores[n % 2], n) for n in range(20)))
    stored = (await stores[0].get(REF)).function
    assert stored.metadata.generation == 20
    for database in databases:
        await database.close()


async def test_concurrent_claims_get_each_call_once_without_blocking(
    postgres_url: str,
) -> None:
    databases = [await Database.open(postgres_url) for _ in range(4)]
    stores = [SqlCallStore(database) for database in databases]
    moment = datetime.now(UTC)
    names = [f"{number:03}" for number in range(60)]
    bound = QueueBound(100, 1 << 20)
    await asyncio.gather(
        *(
            stores[int(name) % 4].add(
                Call(name, REF, "GET", "/", moment, moment), CallRequest("GET", "/"), bound
            )
            for name in names
        )
    )
    with psycopg.connect(postgres_url) as other:
        # an uncommitted claim, which the others skip
        other.execute("SELECT id FROM calls WHERE id = '000' FOR UPDATE")
        taken = [
            claim.call.id
            for _ in range(5)
            for claims in await asyncio.gather(*(_claim(store, moment) for store in stores))
            for claim in claims
        ]
    assert sorted(taken) == names[1:]
    assert [claim.call.id for claim in await _claim(stores[0], moment)] == ["000"]
    for database in databases:
        await database.close()


async def _claim(store: SqlCallStore, moment: datetime) -> Sequence[ClaimedCall]:
    until = moment + timedelta(seconds=60)
    return await store.claim({REF: 5}, holder=f"{id(store)}", now=moment, until=until)


async def _put(store: SqlFunctionStore, number: int) -> Function:
    return await store.put(function(image=f"localhost:5001/orders:{number}"))


async def test_reads_stored_state_after_a_reconnection(postgres_url: str) -> None:
    database = await Database.open(postgres_url)
    stored = await SqlFunctionStore(database).put(function())
    await SqlSecretStore(database).put("default", "db", {"url": "a\u0000b ü"})
    await database.close()
    database = await Database.open(postgres_url)
    assert (await SqlFunctionStore(database).get(REF)).function == stored
    assert await SqlSecretStore(database).get("default", "db") == {"url": "a\u0000b ü"}
    await database.close()


async def test_rejects_the_schema_of_a_newer_release(postgres_url: str) -> None:
    await (await Database.open(postgres_url)).close()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9'")
    with pytest.raises(Conflict, match="schema 9"):
        await Database.open(postgres_url)


@pytest.mark.parametrize(
    ("pattern", "other", "fix"),
    [
        ("plat:[^@]*@", "plat:guessed@", "check the user and the password"),
        ("/test_[a-f0-9]*$", "/nowhere", "create it, or check the name"),
        (r"@127.0.0.1:\d*", "@no-such-host.invalid:5432", "check that the server runs"),
        (r"@127.0.0.1:\d*", "@127.0.0.1:1", "start the server"),
    ],
)
async def test_reports_a_wrong_url_in_one_line_without_the_password(
    postgres_url: str, pattern: str, other: str, fix: str
) -> None:
    with pytest.raises(Unavailable) as caught:
        await Database.open(re.sub(pattern, other, postgres_url))
    assert fix in caught.value.fix
    result = caught.value.message + caught.value.fix
    assert "\n" not in result
    for secret in ("guessed", "p%40ss", "p@ss"):
        assert secret not in result


async def test_reconnects_to_a_restarted_server(
    postgres_server: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_database, "TIMEOUT", 2)
    url = postgres_at(postgres_server, "postgres")
    database = await Database.open(url)
    store = SqlFunctionStore(database)
    await store.put(function())
    with postgres_connection(postgres_server) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='plat'"
        )
    assert (await store.get(REF)).function.ref == REF
    postgres_server.pause()
    try:
        with pytest.raises(Unavailable):
            await database.ping()
    finally:
        postgres_server.unpause()
    assert (await store.get(REF)).function.ref == REF
    await store.purge(REF)
    await database.close()
