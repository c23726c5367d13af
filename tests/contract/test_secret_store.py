"""The contracts of `SecretStore` and `SecretVersions`."""

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


async def test_get_returns_a_copy(secrets: SecretStore) -> None:
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


async def test_repr_contains_no_value(secrets: SecretStore) -> None:
    await secrets.put("default", "db", {"password": "hush"})
    assert "hush" not in repr(secrets)
    assert "hush" not in str(vars(secrets).get("_database", ""))


@pytest.mark.parametrize("key", [("default", "nope"), ("team", "db")])
async def test_an_unknown_secret_raises(secrets: SecretStore, key: tuple[str, str]) -> None:
    await secrets.put("default", "db", VALUES)
    with pytest.raises(SecretNotFound) as caught:
        await secrets.get(*key)
    assert key[1] in caught.value.message
    with pytest.raises(SecretNotFound):
        await secrets.delete(*key)


async def test_delete_removes_the_secret(secrets: SecretStore) -> None:
    await secrets.put("default", "db", VALUES)
    await secrets.delete("default", "db")
    with pytest.raises(SecretNotFound):
        await secrets.get("default", "db")
    assert await secrets.list("default") == {}


async def test_a_version_changes_only_with_the_values(secrets: SecretStore) -> None:
    versions = []
    for values in ({"a": "1"}, {"a": "1"}, {"a": "2"}, {"a": "1", "b": ""}):
        await secrets.put("default", "db", values)
        versions.append((await _versioned(secrets).versions("default", ["db"]))["db"])
    assert versions[0] == versions[1]
    assert len(set(versions)) == 3


async def test_versions_contain_existing_secrets_only(secrets: SecretStore) -> None:
    await secrets.put("default", "db", VALUES)
    await secrets.put("team", "web", VALUES)
    assert set(await _versioned(secrets).versions("default", ["db", "web"])) == {"db"}
    await secrets.delete("default", "db")
    assert await _versioned(secrets).versions("default", ["db", "web"]) == {}


async def test_watch_yields_changes_only(secrets: SecretStore) -> None:
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
