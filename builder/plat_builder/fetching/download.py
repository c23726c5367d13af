"""Download an archive from an allowed scheme, with a size limit and a digest."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

import httpx
from plat_core.errors import BuildFailed, InvalidInput, PlatError, TooLarge
from plat_core.model.source import ArchiveSource

from plat_builder.settings import MIB, BuildSettings

CHUNK = 64 * 1024
REDIRECTS = 5
SILENCE = 30.0
"""Seconds without data after which a download fails."""
FIELD = "source.archive.url"


async def download(
    source: ArchiveSource,
    into: Path,
    settings: BuildSettings,
    deadline: float,
    check: Callable[[str, str], None],
) -> str:
    """Write the archive to `into`, and return its digest, `sha256:…`.

    `check` judges each address, those of redirections too. Raises BuildFailed, InvalidInput where
    the digest is another one, TooLarge, and what `check` raises.
    """
    limit, total = settings.limits.upload, 0
    found = hashlib.sha256()
    try:
        async with asyncio.timeout(deadline - time.monotonic()):
            with into.open("wb") as sink:
                async with aclosing(_pieces(source.url, settings, check)) as pieces:
                    async for piece in pieces:
                        total += len(piece)
                        if total > limit:
                            raise TooLarge(f"the archive has more than {limit // MIB} MiB")
                        found.update(piece)
                        await asyncio.to_thread(sink.write, piece)
    except TimeoutError:
        raise _failed(source.url, "it took too long", passing=True) from None
    digest = f"sha256:{found.hexdigest()}"
    if source.digest not in (None, digest):
        raise InvalidInput(
            f"the archive is {digest}, not {source.digest}",
            fix="correct source.archive.digest, if the archive is the one that you mean",
            field="source.archive.digest",
        )
    return digest


async def _pieces(
    url: str, settings: BuildSettings, check: Callable[[str, str], None]
) -> AsyncGenerator[bytes, None]:
    if url.startswith("file:"):
        with _opened(url) as stream:
            while piece := await asyncio.to_thread(stream.read, CHUNK):
                yield piece
        return
    network = settings.network
    trust = ssl.create_default_context(cafile=network.ca_bundle or None)
    timeout = httpx.Timeout(SILENCE)
    async with (
        httpx.AsyncClient(
            mounts=_proxies(settings, trust), verify=trust, trust_env=False, timeout=timeout
        ) as http,
        aclosing(_answer(http, url, check)) as pieces,
    ):
        async for piece in pieces:
            yield piece


async def _answer(
    http: httpx.AsyncClient, url: str, check: Callable[[str, str], None]
) -> AsyncGenerator[bytes, None]:
    for _ in range(REDIRECTS + 1):
        try:
            async with http.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer:
                if answer.has_redirect_location:
                    url = urljoin(url, answer.headers["location"])
                    check(url, FIELD)
                    continue
                if not answer.is_success:
                    code = answer.status_code
                    passing = code == 429 or code >= 500
                    raise _failed(url, f"the server answers {code}", passing=passing)
                async for piece in answer.aiter_raw(CHUNK):
                    yield piece
                return
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            passing = isinstance(error, httpx.TransportError)
            raise _failed(url, str(error) or type(error).__name__, passing=passing) from None
    raise _failed(url, f"it redirects more than {REDIRECTS} times")


def _proxies(
    settings: BuildSettings, trust: ssl.SSLContext
) -> dict[str, httpx.AsyncHTTPTransport | None]:
    """The company's proxy by scheme, but for the hosts in NO_PROXY."""
    given = settings.network.proxies
    found: dict[str, httpx.AsyncHTTPTransport | None] = {}
    for scheme in ("http", "https"):
        proxy = given.get(f"{scheme.upper()}_PROXY") or given.get("ALL_PROXY")
        if proxy:
            found[f"{scheme}://"] = httpx.AsyncHTTPTransport(proxy=proxy, verify=trust)
    hosts = (host.strip().lstrip(".") for host in given.get("NO_PROXY", "").split(","))
    return found | {f"all://{host}": None for host in hosts if host}


def _opened(url: str) -> BinaryIO:
    try:
        return Path(unquote(urlsplit(url).path)).open("rb")
    except OSError as error:
        raise _failed(url, error.strerror or str(error)) from None


def _failed(url: str, why: str, *, passing: bool = False) -> PlatError:
    shown = urlsplit(url)._replace(query="", fragment="").geturl()
    return BuildFailed(
        f"the archive cannot be fetched from {shown}: {why}",
        fix="correct source.archive.url, or try again",
        line=f"{FIELD}: {shown}",
        passing=passing,
    )
