"""The commands that show and manage functions."""

from pathlib import Path

import pytest

from tests.cli.conftest import Plat
from tests.cli.platform import Platform


@pytest.fixture
def orders(plat: Plat, source: Path) -> Plat:
    assert plat("deploy", str(source)).code == 0
    return plat


def test_list_prints_one_line_per_function(orders: Plat, platform: Platform) -> None:
    heading, line = orders("list").out.splitlines()
    assert heading.split() == ["NAME", "STATE", "REPLICAS", "REVISION", "AGE", "URL"]
    assert line.split()[:4] == ["orders", "Serving", "1/1", "orders-1"]
    assert orders("list", "--json").json["items"][0]["metadata"]["name"] == "orders"
    assert orders("--json", "list").json["items"]


def test_an_empty_list_shows_how_to_start(plat: Plat) -> None:
    result = plat("list")
    assert (result.out, result.code) == ("", 0)
    assert "plat init hello" in result.err
    assert plat("list", "--json").json == {"items": []}


def test_describe_shows_reasons_and_fixes(orders: Plat, platform: Platform, source: Path) -> None:
    platform.start_failure = ("SecretNotFound", "there is no secret db", "plat secret set db k=v")
    (source / "app.py").write_text("x = 2")
    orders("deploy", str(source))
    out = orders("describe", "orders").out
    assert "✗ Ready        SecretNotFound" in out
    assert "there is no secret db" in out
    assert "→ plat secret set db k=v" in out
    assert "orders-1 (newest: orders-2)" in out
    assert "orders-1-a" in out
    document = orders("describe", "orders", "--json").json
    assert document["replicas"][0]["id"] == "orders-1-a"
    assert document["revisions"][0]["name"] == "orders-1"


def test_logs_prints_lines_or_json(orders: Plat, platform: Platform) -> None:
    record = {
        "time": "2026-01-31T12:00:00.123Z",
        "replica": "orders-1-a",
        "revision": "orders-1",
        "stream": "stdout",
        "text": "hello \x1b[2J",
    }
    platform.log_lines = [record, {**record, "text": "two"}]
    out = orders("logs", "orders", "--tail", "5", "--call", "c1", "--replica", "r").out
    assert out.splitlines()[0] == "12:00:00.123 orders-1-a hello \N{REPLACEMENT CHARACTER}[2J"
    assert platform.requests[-1][1].endswith("?tail=5&follow=false&call=c1&replica=r")
    assert [line["text"] for line in orders("logs", "orders", "--json").lines] == [
        "hello \x1b[2J",
        "two",
    ]


def test_delete_asks_for_confirmation_and_waits(orders: Plat, platform: Platform) -> None:
    refused = orders("delete", "orders")
    assert refused.code == 2
    assert "plat delete orders -y" in refused.err
    assert "orders" in platform.functions
    assert orders("delete", "orders", "-y").code == 0
    assert platform.functions == {}
    assert orders("delete", "orders", "-y").code == 3


@pytest.mark.parametrize("verb", ["start", "stop", "redeploy"])
def test_lifecycle_commands_send_one_request(orders: Plat, platform: Platform, verb: str) -> None:
    result = orders(verb, "orders")
    assert result.code == 0, result.err
    assert f"POST /functions/orders/{verb}" in platform.paths()
    assert orders(verb, "orders", "--json").json["metadata"]["name"] == "orders"


def test_scale_sets_a_number_or_bounds(orders: Plat, platform: Platform) -> None:
    assert "3 replicas" in orders("scale", "orders", "3").err
    assert platform.functions["orders"]["spec"]["scale"]["replicas"] == 3
    result = orders("scale", "orders", "auto", "--min", "1", "--max", "5", "--idle", "30s")
    assert "1 to 5 replicas by load" in result.err
    scale = platform.functions["orders"]["spec"]["scale"]
    assert (scale["replicas"], scale["idle"]) == (None, "30s")
    assert orders("scale", "orders", "many").code == 2


def test_secret_values_are_write_only(plat: Plat, platform: Platform, tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("PEM")
    (tmp_path / "env").write_text("FROM_FILE='x y'\n")
    given = ["url=postgres://a=b", f"cert=@{tmp_path / 'cert.pem'}"]
    result = plat("secret", "set", "db", *given, "--from-file", str(tmp_path / "env"))
    assert result.code == 0, result.err
    expected = {"FROM_FILE": "x y", "cert": "PEM", "url": "postgres://a=b"}
    assert platform.secrets["db"] == expected
    listed = plat("secret", "list")
    assert listed.out.splitlines()[1].split() == ["db", "FROM_FILE,", "cert,", "url"]
    assert "postgres" not in result.out + result.err + listed.out
    assert plat("secret", "delete", "db").code == 0
    assert plat("secret", "delete", "db").code == 3
    assert plat("secret", "set", "db").code == 2
    assert plat("secret", "set", "db", "novalue").code == 2
    assert plat("secret", "set", "D.b", "a=1").code == 2


def test_status_counts_functions_by_state(orders: Plat) -> None:
    out = orders("status").out
    assert "plat 0.1.0 runs at" in out
    assert "Serving  1" in out
    assert orders("status", "--json").json["functions"] == {"Serving": 1}


def test_an_invalid_token_exits_with_4(plat: Plat) -> None:
    result = plat("list", "--token", "wrong")
    assert result.code == 4
    assert "export AUTH_TOKEN" in result.err
    assert "call id call-9" in result.err
    assert plat("list", "--token", "wrong", "--json").json["code"] == "unauthenticated"


def test_doctor_prints_every_check(plat: Plat) -> None:
    result = plat("doctor", "--json")
    found = {check["name"]: check["level"] for check in result.json["checks"]}
    assert set(found) == {
        "python", "uv", "home", "state", "disk", "port", "gateway", "token", "network", "ca",
        "index", "docker",
    }  # fmt: skip
    assert (result.code, found["gateway"], found["token"]) == (0, "ok", "ok")
    bad = plat("doctor", "--token", "wrong")
    assert bad.code == 1
    assert "✗ token" in bad.out
