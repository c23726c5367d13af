"""Sources of settings and their precedence."""

from pathlib import Path

import pytest
from plat_cli import settings
from plat_cli.settings import GlobalOptions, load
from plat_core.errors import InvalidInput


def write(home: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    file = home / "plat" / "config.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return {"XDG_CONFIG_HOME": str(home)}


def test_flags_win_over_environment_file_and_default(tmp_path: Path) -> None:
    environ = write(tmp_path, 'api_url = "http://file"\ntoken = "file"\nbuilder_url="http://b/"')
    assert load(GlobalOptions(), {"XDG_CONFIG_HOME": "/nowhere"}).api_url == "http://localhost:8080"
    assert load(GlobalOptions(), environ).api_url == "http://file"
    environ |= {"API_URL": "http://env/", "AUTH_TOKEN": "env"}
    found = load(GlobalOptions(), environ)
    assert (found.api_url, found.token, found.builder_url) == ("http://env", "env", "http://b")
    found = load(GlobalOptions(api_url="http://flag", token="flag"), environ)
    assert (found.api_url, found.token) == ("http://flag", "flag")


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("http://localhost:8080", "dev-token"),
        ("http://127.0.0.1", "dev-token"),
        ("http://[::1]:8080", "dev-token"),
        ("http://example.com", ""),
        ("http://localhost.example.com", ""),
    ],
)
def test_dev_token_is_used_for_loopback_only(url: str, token: str) -> None:
    assert load(GlobalOptions(api_url=url), {"XDG_CONFIG_HOME": "/nowhere"}).token == token


def test_warns_about_a_readable_token(tmp_path: Path) -> None:
    environ = write(tmp_path, 'token = "x"', 0o644)
    (warning,) = load(GlobalOptions(), environ).warnings
    assert "chmod 600" in warning
    write(tmp_path, 'token = "x"', 0o600)
    assert load(GlobalOptions(), environ).warnings == ()
    write(tmp_path, 'api_url = "http://x"', 0o644)
    assert load(GlobalOptions(), environ).warnings == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("api_url = ", "is not TOML"),
        ('api-url = "x"', "unknown setting 'api-url'"),
        ("token = 3", "token must be a string"),
        ("x = '" + "x" * 70_000 + "'", "larger than"),
    ],
)
def test_rejects_an_invalid_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        load(GlobalOptions(), write(tmp_path, text))


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://x", "http://", "http://x:99999", "x"])
def test_rejects_an_invalid_url(url: str) -> None:
    with pytest.raises(InvalidInput, match="is not a valid platform URL"):
        load(GlobalOptions(api_url=url), {"XDG_CONFIG_HOME": "/nowhere"})


def test_rejects_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not exist"):
        load(GlobalOptions(config=tmp_path / "none.toml"), {})


def test_state_directory_from_flag_environment_or_default(tmp_path: Path) -> None:
    assert settings.home(tmp_path, {"PLAT_HOME": "/b"}) == tmp_path
    assert settings.home(None, {"PLAT_HOME": "/b"}) == Path("/b")
    assert settings.home(None, {}).name == "plat"


def test_rejects_an_invalid_port() -> None:
    with pytest.raises(InvalidInput, match="is not a port"):
        settings.platform_address(None, None, {"PLAT_PORT": "http"})
    assert settings.platform_address(None, None, {}) == ("127.0.0.1", 8080)
    assert settings.platform_address("::1", 5, {"PLAT_PORT": "http"}) == ("::1", 5)
