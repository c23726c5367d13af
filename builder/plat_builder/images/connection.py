"""Create the registry client that the settings describe."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

from plat_core.errors import InvalidInput

from plat_builder.images.registry import Registry
from plat_builder.images.registry_auth import RegistryAuth
from plat_builder.settings import BuildNetwork, BuildSettings


def connect(settings: BuildSettings) -> Registry:
    """Return a client without sending a request yet; raises InvalidInput."""
    found = settings.registry
    secure = found.url.startswith("https:")
    return Registry(
        found.url,
        login=RegistryAuth(found.user, found.password),
        verify=_trust(settings.network) if secure else False,
        proxy=_proxy(found.url, settings.network),
    )


def _trust(network: BuildNetwork) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=network.ca_bundle or None)
    except OSError as error:
        raise InvalidInput(
            f"PLAT_CA_BUNDLE={network.ca_bundle}: {error.strerror or error}",
            fix="name a file of certificates in PEM form",
            field="PLAT_CA_BUNDLE",
        ) from None


def _proxy(url: str, network: BuildNetwork) -> str | None:
    """The company's proxy, unless the registry is on this machine or in NO_PROXY."""
    host = urlsplit(url).hostname or ""
    excepted = {"no": network.proxies.get("NO_PROXY", "")}
    if host in ("localhost", "127.0.0.1", "::1") or "." not in host:
        return None
    if proxy_bypass_environment(host, excepted):
        return None
    scheme = urlsplit(url).scheme.upper()
    return network.proxies.get(f"{scheme}_PROXY") or network.proxies.get("ALL_PROXY")
