"""`SecretStore`, sentence by sentence."""

from __future__ import annotations

import pytest
from plat_core.errors import SecretNotFound
from plat_core.model.names import SecretRef
from plat_core.ports import SecretStore, SecretVersions

VALUES = {"url": "postgres://ü", "empty": "", "multi": "a\nb\n"}


async def test_put_creates_and_get_returns_the_values(secrets: SecretStore) -> None:
    await secrets.put("default", "db", VALUES)
    assert await secrets.get("default", "db") == VALUES


async def test_put_replaces_the_whole_secret(secrets: SecretStore) -> None:
    await secrets.put("default", "db", VALUES)
    await secrets.put("default", "db", {"other": "x"})
    assert await secrets.get("default", "db") == {"other": "x"}


async def test_what_comes_out_is_a_copy(secrets: SecretStore) -> None:
    values = {"a": "1"}
    await secrets.put("default", "db", values)
    values["a"] = "2"
    dict(await secrets.get("default", "db"))["a"] = "3"
    assert await secrets.get("default", "db") == {"a": "1"}


async def test_list_names_secrets_and_keys_but_no_value(secrets: SecretStore) -> None:
    await secrets.put("default", "web", {"token": "hush"})
    await secrets.put("default", "db", VALUES)
    await secrets.put("team", "db", {"a": "b"})
    listed = await secrets.list("default")
    assert {name: list(keys) for name, keys in listed.items()} == {
        "db": ["empty", "multi", "url"],
        "web": ["token"],
    }
    assert "hush" not in repr(listed)


async def test_values_stand_in_no_representation(secrets: SecretStore) -> None:
    await secrets.put("default", "db", {"password": "hush"})
    assert "hush" not in repr(secrets)
    assert "hush" not in str(vars(secrets).get("_database", ""))


@pytest.mark.parametrize("key", [("default", "nope"), ("team", "db")])
async def test_unknown_secret_says_so(secrets: SecretStore, key: tuple[str, str]) -> None:
    await secrets.put("default", "db", VALUES)
    with pytest.raises(SecretNotFound) as caught:
        await secrets.get(*key)
    assert key[1] in caught.value.message
    with pytest.raises(SecretNotFound):
        await secrets.delete(*key)


async def test_delete_forgets_it(secrets: SecretStore) -> None:
    await secrets.put("default", "db", VALUES)
    await secrets.delete("default", "db")
    with pytest.raises(SecretNotFound):
        await secrets.get("default", "db")
    assert await secrets.list("default") == {}


async def test_a_version_changes_with_the_values_and_only_with_them(secrets: SecretStore) -> None:
    versions = []
    for values in ({"a": "1"}, {"a": "1"}, {"a": "2"}, {"a": "1", "b": ""}):
        await secrets.put("default", "db", values)
        versions.append((await _versioned(secrets).versions("default", ["db"]))["db"])
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3


async def test_versions_are_of_the_secrets_that_exist(secrets: SecretStore) -> None:
    await secrets.put("default", "db", VALUES)
    await secrets.put("team", "web", VALUES)
    assert set(await _versioned(secrets).versions("default", ["db", "web"])) == {"db"}
    await secrets.delete("default", "db")
    assert await _versioned(secrets).versions("default", ["db", "web"]) == {}


async def test_watch_tells_of_every_change_and_of_nothing_else(secrets: SecretStore) -> None:
    await secrets.put("default", "old", VALUES)
    watch = _versioned(secrets).watch()
    await secrets.put("default", "old", VALUES)
    await secrets.put("team", "db", VALUES)
    assert await anext(watch) == SecretRef("db", "team")
    await secrets.delete("default", "old")
    assert await anext(watch) == SecretRef("old")


def _versioned(secrets: SecretStore) -> SecretVersions:
    assert hasattr(secrets, "versions")
    return secrets  # type: ignore[return-value]
