"""`SecretStore`, sentence by sentence."""

from __future__ import annotations

import pytest
from plat_core.errors import SecretNotFound
from plat_core.ports import SecretStore

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
