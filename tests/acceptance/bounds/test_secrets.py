"""Secrets that are missing, changed and deleted at runtime, through API and CLI."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.acceptance.bounds.conftest import write
from tests.acceptance.bounds.sockets import until
from tests.examples.platform import Platform

TELLS = """
import os
from pathlib import Path

def handler(request):
    mounted = Path(os.environ["PLAT_SECRETS_DIR"], "vault", "pin")
    return {"variable": os.environ["PIN"], "file": mounted.read_text()}
"""
REFERENCE = {"name": "PIN", "valueFrom": {"secretKeyRef": {"name": "vault", "key": "pin"}}}


def status(api: httpx.Client, name: str) -> dict[str, Any]:
    return dict(api.get(f"/functions/{name}").json()["status"])


def condition(api: httpx.Client, name: str, kind: str) -> dict[str, Any]:
    found = [c for c in status(api, name)["conditions"] if c["type"] == kind]
    return dict(found[0]) if found else {}


def tells(api: httpx.Client, name: str, value: str) -> Callable[[], bool]:
    def there() -> bool:
        answer = api.get(f"/function/{name}")
        return answer.status_code == 200 and answer.json() == {"variable": value, "file": value}

    return there


def test_a_secret_is_missing_then_set_changed_and_deleted(
    bounded: Platform, api: httpx.Client, tmp_path: Path
) -> None:
    folder = write(
        tmp_path / "keeper", {"app.py": TELLS}, name="keeper", env=[REFERENCE], secrets=["vault"]
    )
    deployed = bounded.plat("deploy", folder, check=False)
    assert deployed.returncode == 7
    assert "SecretNotFound" in deployed.stderr
    assert "there is no secret vault, which" in deployed.stderr
    assert "plat secret set vault KEY=VALUE" in deployed.stderr
    # setting it starts the function without a deploy
    assert "hush" not in bounded.plat("secret", "set", "vault", "pin=hush-1-ü").stderr
    until(tells(api, "keeper", "hush-1-ü"))
    before = status(api, "keeper")["revision"]
    same = api.put("/secrets/vault", json={"values": {"pin": "hush-1-ü"}})
    assert same.json()["keys"] == ["pin"]
    assert status(api, "keeper")["latestRevision"] == before
    # a change rolls out automatically
    api.put("/secrets/vault", json={"values": {"pin": "hush-2"}})
    until(tells(api, "keeper", "hush-2"))
    until(lambda: len(api.get("/functions/keeper/replicas").json()["items"]) == 1)
    assert status(api, "keeper")["revision"] != before
    # without its key the new revision cannot start, and the old one keeps serving
    api.put("/secrets/vault", json={"values": {"other": "x"}})
    until(lambda: condition(api, "keeper", "Ready")["reason"] == "SecretNotFound")
    assert "no key pin of secret vault" in condition(api, "keeper", "Ready")["message"]
    assert tells(api, "keeper", "hush-2")()
    # a deleted secret is a condition, and replicas keep running
    bounded.plat("secret", "delete", "vault")
    until(lambda: condition(api, "keeper", "SecretsFound")["status"] == "False")
    assert tells(api, "keeper", "hush-2")()
    described = bounded.plat("describe", "keeper").stdout
    assert "there is no secret vault" in described
    assert "plat secret set vault KEY=VALUE" in described
    bounded.plat("secret", "set", "vault", "pin=hush-3")
    until(tells(api, "keeper", "hush-3"))
    assert condition(api, "keeper", "SecretsFound")["status"] == "True"
    until(lambda: condition(api, "keeper", "Ready")["reason"] == "Serving")
    nowhere_shown(bounded, api)


def nowhere_shown(bounded: Platform, api: httpx.Client) -> None:
    """Check that no output contains the value of a secret."""
    home = Path(bounded.environment["PLAT_HOME"])
    result = [
        bounded.plat("describe", "keeper").stdout,
        bounded.plat("describe", "keeper", "--json").stdout,
        bounded.plat("logs", "keeper").stdout,
        bounded.plat("secret", "list").stdout,
        bounded.plat("secret", "list", "--json").stdout,
        bounded.plat("status", "--json").stdout,
        *(api.get(path).text for path in ("/functions", "/secrets", "/secrets/vault", "/metrics")),
        api.get("/functions/keeper/revisions").text,
        (home / "plat.log").read_text(encoding="utf-8"),
    ]
    assert not [text for text in result if "hush" in text]


def test_reports_mistakes_with_secrets(bounded: Platform, tmp_path: Path) -> None:
    missing = bounded.plat("secret", "delete", "nobody", check=False)
    assert missing.returncode == 3
    assert "there is no secret nobody" in missing.stderr
    assert "→" in missing.stderr
    for arguments in (["set", "A_b", "x=y"], ["set", "vault"], ["set", "vault", "novalue"]):
        refused = bounded.plat("secret", *arguments, check=False)
        assert refused.returncode == 2
        assert "→" in refused.stderr
        result = json.loads(bounded.plat("secret", *arguments, "--json", check=False).stdout)
        assert result["exitCode"] == 2
