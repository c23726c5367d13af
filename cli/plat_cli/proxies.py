"""Opens connections, with TLS and through a proxy if one is set.

Loopback addresses never use a proxy.
"""

from __future__ import annotations

import base64
import http.client
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from plat_core.errors import InvalidInput

from plat_cli.settings import is_loopback


class ProxiedConnection(http.client.HTTPConnection):
    """Plain HTTP through a proxy. Request lines contain the full URL."""

    absolute = True

    def __init__(self, proxy: SplitResult, timeout: float) -> None:
        super().__init__(proxy.hostname or "", proxy.port or 80, timeout=timeout)
        self._credentials = _credentials(proxy)

    def endheaders(self, message_body: object = None, *, encode_chunked: bool = False) -> None:
        """Add the credentials of the proxy, if its URL has some."""
        for name, value in self._credentials.items():
            self.putheader(name, value)
        super().endheaders(message_body, encode_chunked=encode_chunked)  # type: ignore[arg-type]


def connection_to(
    target: SplitResult, environ: Mapping[str, str], timeout: float
) -> http.client.HTTPConnection:
    """Return an unopened connection to a host or to its proxy."""
    proxy = proxy_for(target, environ)
    host, port = target.hostname or "", target.port
    if target.scheme == "https":
        dial = (proxy.hostname or "", proxy.port or 80) if proxy else (host, port or 443)
        secure = http.client.HTTPSConnection(
            dial[0], dial[1], timeout=timeout, context=_context(environ)
        )
        if proxy:
            secure.set_tunnel(host, port or 443, headers=_credentials(proxy))
        return secure
    if proxy:
        return ProxiedConnection(proxy, timeout)
    return http.client.HTTPConnection(host, port or 80, timeout=timeout)


def proxy_for(target: SplitResult, environ: Mapping[str, str]) -> SplitResult | None:
    """Return the proxy of a URL from `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`."""
    host = target.hostname or ""
    if is_loopback(target.geturl()) or _exempt(host, _variable(environ, "no_proxy")):
        return None
    address = _variable(environ, f"{target.scheme}_proxy") or _variable(environ, "all_proxy")
    if not address:
        return None
    proxy = urlsplit(address if "://" in address else f"http://{address}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise InvalidInput(
            f"unsupported proxy {address!r}",
            fix=f"set {target.scheme}_proxy to http://host:port",
        )
    return proxy


def _variable(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name) or environ.get(name.upper()) or ""


def _exempt(host: str, patterns: str) -> bool:
    entries = [entry.strip().lstrip(".").lower() for entry in patterns.split(",")]
    return any(
        entry == "*" or host == entry or host.endswith(f".{entry}") for entry in entries if entry
    )


def _credentials(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _context(environ: Mapping[str, str]) -> ssl.SSLContext:
    bundle = environ.get("SSL_CERT_FILE")
    try:
        return ssl.create_default_context(cafile=bundle or None)
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(
            f"the certificates in {bundle} cannot be read: {error}", field="SSL_CERT_FILE"
        ) from error
