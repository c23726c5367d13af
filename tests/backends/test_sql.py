"""The SQL backend beyond its ports: durability, migrations and errors of the file."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory
from plat_backends.sql import Database, SqlFunctionStore, SqlSecretStore
from plat_backends.sql.database import MIGRATIONS
from plat_backends.sql.tables import METADATA, SCHEMAS
from plat_core.errors import Conflict, FunctionNotFound, Unavailable
from plat_http.fixes import describe

from ..contract.samples import OTHER, REF, function


def _url(path: Path) -> str:
    return f"sqlite:///{path}/plat.db"


async def test_stored_state_survives_reopening(tmp_path: Path) -> None:
    database = await Database.open(_url(tmp_path))
    stored = await SqlFunctionStore(database).put(function())
    await database.close()
    database = await Database.open(_url(tmp_path))
    assert (await SqlFunctionStore(database).get(REF)).function == stored
    await database.close()


WRITER = """
import asyncio, sys
from plat_backends.sql import Database, SqlFunctionStore
from plat_core.model.function import Function

async def main():
    store = SqlFunctionStore(await Database.open(sys.argv[1]))
    for number in range(10**6):
        spec = {"image": f"embedded/orders@sha256:{number:064x}"}
        await store.put(Function(metadata={"name": "orders"}, spec=spec))
        print(number, flush=True)

asyncio.run(main())
"""


def test_a_completed_write_survives_sigkill(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, _url(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout
        for _ in range(20):
            told = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        told = max([told, *map(int, writer.stdout.read().split())])
    image = asyncio.run(_stored_image(tmp_path))
    assert int(image.rpartition(":")[2], 16) >= told


async def _stored_image(home: Path) -> str:
    database = await Database.open(_url(home))
    image = (await SqlFunctionStore(database).get(REF)).function.spec.image
    await database.close()
    return str(image)


async def test_synchronous_is_full_and_the_journal_is_a_wal(tmp_path: Path) -> None:
    database = await Database.open(_url(tmp_path))
    full = await database.read(lambda c: c.scalar(sa.text("PRAGMA synchronous")))
    journal = await database.read(lambda c: c.scalar(sa.text("PRAGMA journal_mode")))
    assert (full, journal) == (2, "wal")
    await database.close()


async def test_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    database = await Database.open(_url(home))
    await SqlSecretStore(database).put("default", "db", {"a": "b"})
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    for path in home.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    await database.close()


async def test_migrations_create_the_tables_of_this_release(tmp_path: Path) -> None:
    await (await Database.open(_url(tmp_path))).close()
    engine = sa.create_engine(_url(tmp_path))
    inspector = sa.inspect(engine)
    for table in METADATA.sorted_tables:
        columns = {
            c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(table.name)
        }
        assert columns == {c.name: (str(c.type), c.nullable) for c in table.columns}
        keys = inspector.get_pk_constraint(table.name)["constrained_columns"]
        assert set(keys) == {c.name for c in table.primary_key}
    assert set(inspector.get_table_names()) == {*METADATA.tables, "alembic_version"}
    engine.dispose()


def test_supported_schemas_match_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert [s.revision for s in scripts.walk_revisions()][::-1] == list(SCHEMAS)


def test_does_not_import_alembic_without_a_pending_migration(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys\n"
        "from plat_backends.sql import Database\n"
        "asyncio.run(Database.open(sys.argv[1]))\n"
        "print('alembic' in sys.modules)\n"
    )
    command = [sys.executable, "-c", code, _url(tmp_path)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2)]
    assert [run.stdout.strip() for run in runs] == ["True", "False"]


async def test_rejects_the_schema_of_a_newer_release(tmp_path: Path) -> None:
    database = await Database.open(_url(tmp_path))
    await database.write(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num='9'")))
    await database.close()
    with pytest.raises(Conflict) as caught:
        await Database.open(_url(tmp_path))
    assert "newer" in caught.value.fix


async def test_rejects_and_preserves_a_file_that_is_not_a_database(tmp_path: Path) -> None:
    path = tmp_path / "plat.db"
    path.write_bytes(b"not a database, but somebody's notes" * 100)
    with pytest.raises(Unavailable) as caught:
        await Database.open(_url(tmp_path))
    assert "backup" in caught.value.fix
    assert b"notes" in path.read_bytes()


async def test_reports_a_directory_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable) as caught:
        await Database.open(_url(tmp_path / "file"))
    assert "file" in caught.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_reports_an_unwritable_directory(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Unavailable):
        asyncio.run(Database.open(_url(tmp_path)))


async def test_reports_a_full_disk_and_loses_nothing(tmp_path: Path) -> None:
    database = await Database.open(_url(tmp_path))
    store = SqlFunctionStore(database)
    await store.put(function())
    pages = await database.read(lambda c: c.scalar(sa.text("PRAGMA page_count")))
    await database.read(lambda c: c.scalar(sa.text(f"PRAGMA max_page_count={pages}")))
    with pytest.raises(Unavailable) as caught:
        await store.put(function(OTHER, annotations={f"k{n}": "x" * 30_000 for n in range(3)}))
    assert "free some space" in caught.value.fix
    assert (await store.get(REF)).function.ref == REF
    with pytest.raises(FunctionNotFound):
        await store.get(OTHER)
    await database.close()


async def test_an_error_does_not_contain_the_value_of_a_secret(tmp_path: Path) -> None:
    database = await Database.open(_url(tmp_path))
    await database.write(lambda c: c.execute(sa.text("DROP TABLE secrets")))
    with pytest.raises(Unavailable) as caught:
        await SqlSecretStore(database).put("default", "db", {"password": "hush"})
    cause = caught.value.__cause__
    assert "hush" not in f"{caught.value} {cause} {cause!r}"
    await database.close()


async def test_an_invalid_row_does_not_hide_the_others(tmp_path: Path) -> None:
    database = await Database.open(_url(tmp_path))
    store = SqlFunctionStore(database)
    await store.put(function())
    await store.put(function(OTHER))
    strange = sa.text("""UPDATE functions SET spec='{"later": 1}' WHERE namespace='team'""")
    await database.write(lambda c: c.execute(strange))
    assert [r.function.ref for r in await store.list()] == [REF]
    with pytest.raises(Unavailable) as caught:
        await store.get(OTHER)
    assert "plat delete" in describe(caught.value.fix)
    await store.delete(OTHER)
    with pytest.raises(FunctionNotFound):
        await store.get(OTHER)
    await database.close()
