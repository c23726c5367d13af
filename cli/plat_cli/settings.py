"""The settings of the command line. A flag wins over the environment, a file and the default.

Only this module reads the environment.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plat_core.errors import InvalidInput

DEFAULT_API_URL = "http://localhost:8080"
DEV_TOKEN = "dev-token"  # noqa: S105 - documented; used for loopback addresses only
CONFIG_BYTES = 64 * 1024
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
CONFIG_KEYS = ("api_url", "token", "builder_url", "namespace")


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """Global options given as flags; None if not given."""

    api_url: str | None = None
    token: str | None = None
    config: Path | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class CliSettings:
    """Addresses, token and namespace. `token` is empty if there is none."""

    api_url: str
    token: str
    builder_url: str
    namespace: str
    warnings: tuple[str, ...] = ()


def load(flags: GlobalOptions, environ: Mapping[str, str] = os.environ) -> CliSettings:
    """Resolve the settings. Raises InvalidInput for an invalid file or address."""
    path = flags.config or config_path(environ)
    if flags.config and not path.is_file():
        raise InvalidInput(f"configuration file {path} does not exist", field="--config")
    stored, warnings = _read(path)
    api_url = flags.api_url or environ.get("API_URL") or stored.get("api_url") or DEFAULT_API_URL
    token = flags.token or environ.get("AUTH_TOKEN") or stored.get("token", "")
    return CliSettings(
        api_url=check_url(api_url),
        token=token or (DEV_TOKEN if is_loopback(api_url) else ""),
        builder_url=check_url(environ.get("BUILDER_URL") or stored.get("builder_url") or api_url),
        namespace=flags.namespace or stored.get("namespace") or "default",
        warnings=warnings,
    )


def config_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Return `~/.config/plat/config.toml`, or the same path below XDG_CONFIG_HOME."""
    base = environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "plat" / "config.toml"


def home(flag: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the state directory: the flag, PLAT_HOME, or the default of this user."""
    if chosen := flag or environ.get("PLAT_HOME"):
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_state_dir("plat"))


def platform_environment(
    *, host: str, port: int, home: Path, dev: bool = False, environ: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """Return the environment of an embedded platform."""
    given = {
        "PLAT_BACKEND": "embedded",
        "PLAT_HOST": host,
        "PLAT_PORT": str(port),
        "PLAT_HOME": str(home),
    }
    return {**environ, **given, **({"PLAT_DEV": "1", "PLAT_ACCESS_LOG": "1"} if dev else {})}


def platform_address(
    host: str | None, port: int | None, environ: Mapping[str, str] = os.environ
) -> tuple[str, int]:
    """Return the host and port of an embedded platform. Raises InvalidInput."""
    text = environ.get("PLAT_PORT") or "8080"
    if port is None and not (text.isascii() and text.isdigit() and int(text[:6]) < 65536):
        raise InvalidInput(f"PLAT_PORT={text[:40]!r} is not a port", field="PLAT_PORT")
    return host or environ.get("PLAT_HOST") or "127.0.0.1", int(text) if port is None else port


def node_image(environ: Mapping[str, str] = os.environ) -> str:
    """Return the image of the nodes of a kind cluster, or an empty string for the default."""
    return environ.get("KIND_NODE_IMAGE", "")


def build_arguments(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the build arguments for the proxies and the package index.

    Loopback addresses are left out, because they refer to the container in a build.
    """
    found = {name: environ.get(name) or environ.get(name.lower(), "") for name in PROXIES}
    found["PIP_INDEX_URL"] = environ.get("PLAT_INDEX_URL") or environ.get("PIP_INDEX_URL", "")
    return {name: value for name, value in found.items() if value and not is_loopback(value)}


@dataclass(frozen=True, slots=True)
class CompanyNetwork:
    """Proxies, certificates and indexes for builds. Fields are empty if not set."""

    proxy: str = ""
    no_proxy: str = ""
    ca_bundle: str = ""
    index_url: str = ""
    npm_registry: str = ""


def company_network(environ: Mapping[str, str] = os.environ) -> CompanyNetwork:
    """Return the network settings for a builder in a cluster, without loopback addresses."""

    def first(*names: str) -> str:
        values = (environ.get(name) or environ.get(name.lower(), "") for name in names)
        return next(filter(None, values), "")

    def reachable(*names: str) -> str:
        value = first(*names)
        return "" if value and is_loopback(value) else value

    return CompanyNetwork(
        proxy=reachable("PLAT_PROXY", "HTTPS_PROXY", "HTTP_PROXY"),
        no_proxy=first("NO_PROXY"),
        ca_bundle=first("PLAT_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
        index_url=reachable("PLAT_INDEX_URL", "UV_DEFAULT_INDEX", "PIP_INDEX_URL"),
        npm_registry=reachable("PLAT_NPM_REGISTRY", "NPM_CONFIG_REGISTRY"),
    )


def has_token(environ: Mapping[str, str] = os.environ) -> bool:
    """Return whether AUTH_TOKEN is set to something other than dev-token."""
    return environ.get("AUTH_TOKEN", DEV_TOKEN) != DEV_TOKEN


def is_loopback(url: str) -> bool:
    """Return whether a URL has a loopback address."""
    from urllib.parse import urlsplit

    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.endswith(".localhost") or host.startswith("127.")


def check_url(url: str) -> str:
    """Return a URL without trailing slashes. Raises InvalidInput if it is not an HTTP URL."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidInput(
            f"{url!r} is not a valid platform URL",
            fix=f"for example: {DEFAULT_API_URL}",
            field="API_URL",
        )
    return url.rstrip("/")


def _read(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    try:
        mode = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return {}, ()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    if mode.st_size > CONFIG_BYTES:
        raise InvalidInput(f"{path} is larger than {CONFIG_BYTES} bytes")
    stored = _parse(path)
    exposed = "token" in stored and mode.st_mode & (stat.S_IRGRP | stat.S_IROTH)
    warning = f"{path} contains a token and other users can read it; run: chmod 600 {path}"
    return stored, (warning,) if exposed else ()


def _parse(path: Path) -> dict[str, str]:
    import tomllib

    try:
        document: dict[str, Any] = tomllib.loads(path.read_text())
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is not TOML: {error}") from error
    for key, value in document.items():
        if key not in CONFIG_KEYS:
            known = ", ".join(CONFIG_KEYS)
            raise InvalidInput(f"{path}: unknown setting {key!r}; use one of {known}")
        if not isinstance(value, str):
            raise InvalidInput(f"{path}: {key} must be a string")
    return document
