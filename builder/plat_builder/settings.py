"""The builder's settings: the only module of this package that reads the process environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from plat_core.errors import InvalidInput
from plat_core.model.amounts import duration_seconds, quantity

MIB = 1024**2

_CERTIFICATES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
_REGISTRY = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?(/[a-z0-9][a-z0-9._-]*)*")
_URL = re.compile(r"https?://[^\s/?#@]+")
SCHEMES = ("https", "ssh", "http", "file")
"""By which a source can be fetched; the first two unless the installation says otherwise."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True)
class BuildNetwork:
    """A company's network, as builds need it."""

    index_url: str = ""
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    npm_registry: str = ""
    ca_bundle: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict)
    offline: bool = False

    @property
    def key(self) -> tuple[str, ...]:
        """What of it decides which packages a requirement means."""
        return (self.index_url, *self.extra_index_urls, "|", *self.find_links)

    def variables(self) -> dict[str, str]:
        """What a function needs to reach the world through the same network."""
        names = (*_CERTIFICATES, "NODE_EXTRA_CA_CERTS") if self.ca_bundle else ()
        lower = {name.lower(): value for name, value in self.proxies.items()}
        return {**self.proxies, **lower, **dict.fromkeys(names, self.ca_bundle)}


@dataclass(frozen=True, slots=True)
class RegistrySettings:
    """Where images are kept. `name` is what nodes pull from, a host and perhaps a path.

    `url` is where the builder reaches the same registry, which may be another address; `instance`
    marks the images of this installation.
    """

    name: str = "localhost:5001"
    url: str = "http://localhost:5001"
    user: str = ""
    password: str = field(default="", repr=False)
    instance: str = "plat"


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Where sources of resources may be fetched from.

    `ssh` is a folder with `known_hosts`, and perhaps with `ssh-privatekey`, for git.
    """

    schemes: tuple[str, ...] = ("https", "ssh")
    ssh: Path | None = None


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Bounds of an upload. Sizes are in bytes; `ratio` counts above one MiB unpacked."""

    upload: int = 128 * MIB
    unpacked: int = 256 * MIB
    files: int = 10_000
    ratio: int = 200
    depth: int = 32
    path: int = 512


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """How builds run. Times are in seconds, sizes in bytes.

    `other_sources` lets requirements name other indexes, URLs and folders;
    `allow_source_builds` lets a package's own set-up code run, with the platform's rights.
    """

    network: BuildNetwork = BuildNetwork()
    cache: Path | None = None
    timeout: float = 300.0
    disk: int = 2048 * MIB
    memory: int = 1024 * MIB
    reserve: int = 64 * MIB
    concurrent: int = 2
    allow_source_builds: bool = False
    other_sources: bool = False
    uv: bool = True
    limits: ArchiveLimits = ArchiveLimits()
    registry: RegistrySettings = RegistrySettings()
    sources: SourceSettings = SourceSettings()


def read(env: Mapping[str, str] = os.environ) -> BuildSettings:
    """The settings as the environment has them; raises InvalidInput naming the variable."""
    return BuildSettings(
        network=_network(env),
        cache=uv_cache(env),
        timeout=_duration(env, "PLAT_BUILD_TIMEOUT", 300.0),
        disk=_size(env, "PLAT_BUILD_DISK", 2048 * MIB),
        memory=_size(env, "PLAT_BUILD_MEMORY", 1024 * MIB),
        concurrent=whole(env, "PLAT_BUILDS", 2),
        allow_source_builds=flag(env, "PLAT_ALLOW_SOURCE_BUILDS"),
        other_sources=flag(env, "PLAT_ALLOW_OTHER_SOURCES"),
        limits=ArchiveLimits(
            upload=_size(env, "PLAT_UPLOAD_SIZE", 128 * MIB),
            unpacked=_size(env, "PLAT_UNPACKED_SIZE", 256 * MIB),
        ),
        registry=_registry(env),
        sources=_sources(env),
    )


def uv_cache(env: Mapping[str, str]) -> Path | None:
    """The user's own uv cache, so that a warm one helps; None where it cannot be written."""
    home = env.get("XDG_CACHE_HOME") or (f"{env['HOME']}/.cache" if env.get("HOME") else "")
    named = env.get("UV_CACHE_DIR") or (f"{home}/uv" if home else "")
    if not named:
        return None
    path = Path(named).absolute()
    standing = next(parent for parent in (path, *path.parents) if parent.exists())
    return path if os.access(standing, os.W_OK | os.X_OK) else None


def _network(env: Mapping[str, str]) -> BuildNetwork:
    proxy = env.get("PLAT_PROXY", "")
    proxies = {name: _either(env, name) for name in _PROXIES if _either(env, name)}
    if proxy:
        proxies |= {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy}
    return BuildNetwork(
        index_url=_first(
            env, "PLAT_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"
        ),
        extra_index_urls=tuple(_first(env, "UV_INDEX", "PIP_EXTRA_INDEX_URL").split()),
        find_links=tuple(
            _existing_links(_first(env, "PLAT_FIND_LINKS", "UV_FIND_LINKS", "PIP_FIND_LINKS"))
        ),
        npm_registry=_first(env, "PLAT_NPM_REGISTRY", "NPM_CONFIG_REGISTRY"),
        ca_bundle=_first(env, "PLAT_CA_BUNDLE", *_CERTIFICATES),
        proxies=proxies,
        offline=flag(env, "UV_OFFLINE"),
    )


def registry_of(text: str) -> RegistrySettings:
    """A registry that needs no login: `host/path`, or with a scheme where that is not `https`."""
    scheme, _, name = text.rpartition("://")
    settings = _registry({"PLAT_REGISTRY": name})
    return replace(settings, url=f"{scheme}://{name.partition('/')[0]}") if scheme else settings


def _registry(env: Mapping[str, str]) -> RegistrySettings:
    name = _first(env, "PLAT_REGISTRY") or "localhost:5001"
    if not _REGISTRY.fullmatch(name):
        raise InvalidInput(
            f"PLAT_REGISTRY={name[:80]!r} is not of the form host[:port][/path]",
            fix="PLAT_REGISTRY=localhost:5001",
            field="PLAT_REGISTRY",
        )
    host = name.partition("/")[0]
    scheme = "http" if host.partition(":")[0] in ("localhost", "127.0.0.1") else "https"
    url = _first(env, "PLAT_REGISTRY_URL") or f"{scheme}://{host}"
    if not _URL.fullmatch(url):
        raise InvalidInput(
            f"PLAT_REGISTRY_URL={url[:80]!r} is no address",
            fix="PLAT_REGISTRY_URL=http://registry:5000",
            field="PLAT_REGISTRY_URL",
        )
    return RegistrySettings(
        name=name,
        url=url,
        user=env.get("PLAT_REGISTRY_USER", ""),
        password=env.get("PLAT_REGISTRY_PASSWORD", ""),
        instance=env.get("PLAT_INSTANCE") or "plat",
    )


def _sources(env: Mapping[str, str]) -> SourceSettings:
    schemes = tuple((env.get("PLAT_SOURCE_SCHEMES") or "https,ssh").replace(" ", "").split(","))
    if unknown := set(schemes) - set(SCHEMES):
        raise InvalidInput(
            f"PLAT_SOURCE_SCHEMES: {sorted(unknown)[0][:40]!r} is none of {', '.join(SCHEMES)}",
            field="PLAT_SOURCE_SCHEMES",
        )
    folder = env.get("PLAT_GIT_SSH")
    return SourceSettings(schemes, Path(folder) if folder else None)


def _existing_links(text: str) -> Iterator[str]:
    """URLs and those folders that exist: uv gives up on one that does not, pip does not care."""
    for place in text.replace(",", " ").split():
        if "://" in place or Path(place).exists():
            yield place


def _either(env: Mapping[str, str], name: str) -> str:
    return env.get(name) or env.get(name.lower(), "")


def _first(env: Mapping[str, str], *names: str) -> str:
    return next((env[name] for name in names if env.get(name)), "")


def flag(env: Mapping[str, str], name: str) -> bool:
    """A switch, off where it is unset; raises InvalidInput."""
    value = env.get(name, "").lower()
    if value not in ("", "0", "1", "true", "false"):
        raise InvalidInput(f"{name}={value[:40]!r}: write 1 or 0", field=name)
    return value in ("1", "true")


def whole(env: Mapping[str, str], name: str, default: int, most: int = 64) -> int:
    """A whole number from 1 to `most`; raises InvalidInput."""
    text = env.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:8]) <= most):
        raise InvalidInput(f"{name}={text[:40]!r} is not a number from 1 to {most}", field=name)
    return int(text)


def _duration(env: Mapping[str, str], name: str, default: float) -> float:
    try:
        seconds = duration_seconds(env[name]) if env.get(name) else default
    except ValueError as error:
        raise InvalidInput(f"{name}: {error}", field=name) from None
    if not 1 <= seconds <= 86_400:
        raise InvalidInput(f"{name} is between 1s and 24h", field=name)
    return seconds


def _size(env: Mapping[str, str], name: str, default: int) -> int:
    try:
        size = int(quantity(env[name])) if env.get(name) else default
    except ValueError as error:
        raise InvalidInput(f"{name}: {error}", field=name) from None
    if size < MIB:
        raise InvalidInput(f"{name} is at least 1Mi", field=name)
    return size
