"""`plat deploy`: its requests, output and exit codes."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.cli.conftest import Plat
from tests.cli.platform import Platform


def test_builds_stores_and_waits(plat: Plat, platform: Platform, source: Path) -> None:
    result = plat("deploy", str(source))
    assert result.code == 0, result.err
    assert result.out == f"{platform.url}/function/orders\n"
    assert "2 files" in result.err
    assert "orders-1" in result.err
    assert "curl -H" in result.err
    assert "POST /build" in platform.paths()
    assert platform.functions["orders"]["spec"]["handler"] == "app:handler"


def test_streams_the_build_log(plat: Plat, source: Path) -> None:
    assert "│ 2 files" in plat("deploy", str(source)).err


def test_an_unchanged_source_changes_nothing(plat: Plat, source: Path) -> None:
    plat("deploy", str(source))
    result = plat("deploy", str(source))
    assert result.code == 0
    assert "nothing to do: orders-1 already runs this source" in result.err


def test_json_is_one_document(plat: Plat, source: Path) -> None:
    first, second = plat("deploy", str(source), "--json"), plat("deploy", str(source), "--json")
    assert first.err == ""
    assert first.json["name"] == "orders"
    assert first.json["ready"] is True
    assert [first.json["unchanged"], second.json["unchanged"]] == [False, True]


def test_quiet_prints_only_the_url(plat: Plat, platform: Platform, source: Path) -> None:
    result = plat("deploy", str(source), "-q")
    assert (result.out, result.err) == (f"{platform.url}/function/orders\n", "")


def test_deploys_one_file(plat: Plat, platform: Platform, tmp_path: Path) -> None:
    file = tmp_path / "My_Report.py"
    file.write_text("def handler(request):\n    return 'x'\n")
    assert plat("deploy", str(file)).code == 0
    assert list(platform.functions) == ["my-report"]
    upload = next(r for r in platform.requests if r[1].startswith("/build"))
    assert upload[2]["Content-Type"] == "text/x-python"


def test_deploys_a_zip_with_its_function_json(
    plat: Plat, platform: Platform, tmp_path: Path
) -> None:
    file = tmp_path / "upload.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", "x = 1")
        archive.writestr("function.json", '{"name": "zipped", "timeout": "5s"}')
    assert plat("deploy", str(file)).code == 0
    assert platform.functions["zipped"]["spec"]["timeout"] == "5s"


def test_flags_override_function_json(plat: Plat, platform: Platform, source: Path) -> None:
    manifest = {"name": "orders", "timeout": "5s", "env": {"A": "1", "B": "2"}, "secrets": ["db"]}
    (source / "function.json").write_text(json.dumps(manifest))
    env_file = source.parent / "env"
    env_file.write_text("# comment\nexport C='3'\nA=no\n")
    flags = ["--timeout", "9s", "-e", "A=one", "--env-file", str(env_file), "--secret", "mail"]
    result = plat("deploy", str(source), *flags, "--scale-max", "4", "--access", "public")
    assert result.code == 0, result.err
    spec = platform.functions["orders"]["spec"]
    assert spec["timeout"] == "9s"
    assert {e["name"]: e["value"] for e in spec["env"]} == {"A": "one", "B": "2", "C": "3"}
    assert spec["secrets"] == ["db", "mail"]
    assert spec["scale"]["max"] == 4
    assert spec["access"] == "public"
    assert "curl -H" not in result.err


def test_keeps_the_scale_and_prints_other_changes(
    plat: Plat, platform: Platform, source: Path
) -> None:
    plat("deploy", str(source), "-e", "A=secret-value", "--access", "public")
    plat("scale", "orders", "3")
    (source / "app.py").write_text("def handler(request):\n    return 'new'\n")
    result = plat("deploy", str(source))
    assert platform.functions["orders"]["spec"]["scale"]["replicas"] == 3
    assert "env -A" in result.err
    assert "access public → token" in result.err
    assert "secret-value" not in result.err


def test_a_failed_build_shows_the_line_and_the_serving_revision(plat: Plat, source: Path) -> None:
    plat("deploy", str(source))
    (source / "requirements.txt").write_text("broken-package==99\n")
    result = plat("deploy", str(source))
    assert result.code == 6
    assert "requirements.txt:1: broken-package==99" in result.err
    assert "orders-1 keeps serving" in result.err
    assert f"plat deploy {source}" in result.err


def test_a_failed_build_prints_a_problem_document(plat: Plat, source: Path) -> None:
    (source / "requirements.txt").write_text("broken-package==99\n")
    result = plat("deploy", str(source), "--json")
    assert result.code == result.json["exitCode"] == 6
    assert result.json["code"] == "build-failed"
    assert result.json["line"] == "requirements.txt:1: broken-package==99"


def test_a_failed_start_shows_the_reason(plat: Plat, platform: Platform, source: Path) -> None:
    plat("deploy", str(source))
    platform.start_failure = ("HandlerImportError", "app.py:1: no module named x", "add x")
    (source / "app.py").write_text("import x\n")
    result = plat("deploy", str(source))
    assert result.code == 7
    assert "HandlerImportError: app.py:1: no module named x" in result.err
    assert "orders-1 keeps serving" in result.err
    assert "→ add x" in result.err


def test_the_wait_times_out(plat: Plat, platform: Platform, source: Path) -> None:
    platform.never_ready = True
    result = plat("deploy", str(source), "--timeout-wait", "1")
    assert result.code == 7
    assert "not ready after 1 s" in result.err
    assert "plat describe orders" in result.err


def test_no_wait_returns_immediately(plat: Plat, platform: Platform, source: Path) -> None:
    platform.never_ready = True
    result = plat("deploy", str(source), "--no-wait", "--json")
    assert result.code == 0
    assert result.json["ready"] is False


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"name": "a", "name": "b"}', "duplicate key"),
        ('{"timeout": NaN}', "NaN"),
        ("[1]", "one JSON object"),
        ('{"name": ', "not valid JSON"),
        ("[" * 10_000, "nested"),
    ],
)
def test_a_broken_function_json_is_a_usage_error(
    plat: Plat, platform: Platform, source: Path, content: str, message: str
) -> None:
    (source / "function.json").write_text(content)
    result = plat("deploy", str(source))
    assert result.code == 2
    assert message in result.err
    assert "function.json" in result.err
    assert platform.requests == []


def test_uses_a_separate_builder(
    plat: Plat, platform: Platform, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.cli.platform import serving

    with serving() as builder:
        monkeypatch.setenv("BUILDER_URL", builder.url)
        assert plat("deploy", str(source)).code == 0
        assert builder.paths() == ["POST /build"]
    assert "POST /build" not in platform.paths()
    failed = plat("deploy", str(source))
    assert failed.code == 5
    assert "docker compose up --detach builder" in failed.err
    assert "BUILDER_URL" in failed.err
