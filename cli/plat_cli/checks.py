"""What `plat doctor` looks at: one function per check, each with the way to mend it."""

from __future__ import annotations

import http.client
import importlib.util
import os
import shutil
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from plat_core.errors import PlatError
from plat_http.fixes import describe

from plat_cli import docker_checks, embedded
from plat_cli.advice import advise, port_free, port_holder
from plat_cli.client import Client
from plat_cli.faults import Refused, Unreachable
from plat_cli.proxies import connection_to, proxy_for
from plat_cli.report import Check, Level
from plat_cli.settings import Settings, is_loopback

DATABASE = "plat.db"
SQLITE = b"SQLite format 3\0"
INDEXES = ("PLAT_INDEX_URL", "PIP_INDEX_URL", "UV_INDEX_URL")
LITTLE_SPACE, NO_SPACE = 2 * 1024**3, 200 * 1024**2


def all_checks(
    settings: Settings,
    home: Path,
    environ: Mapping[str, str] = os.environ,
    *,
    docker: bool = False,
) -> Iterator[Check]:
    """Every check, in the order in which a problem should be mended.

    `docker`: those of the Docker set-up too, even where nothing here speaks of it.
    """
    setup = docker_checks.find(Path.cwd(), environ, asked=docker)
    if setup is not None:
        yield from docker_checks.all_checks(setup, environ)
    checks: list[Callable[[], Check]] = [
        python,
        uv,
        lambda: directory(home),
        lambda: state(home),
        lambda: disk(home),
        *([] if setup else [lambda: port(settings, home)]),
        lambda: gateway(settings, docker_checks.START if setup else ""),
        lambda: token(settings),
        lambda: network(settings, environ),
        lambda: bundle(environ),
        lambda: index(environ),
        *([] if setup else [lambda: docker_checks.daemon(required=False)]),
    ]
    for check in checks:
        yield check()


def python() -> Check:
    """It has what some distributions leave out: SQLite, which keeps the state."""
    version = ".".join(map(str, sys.version_info[:3]))
    if importlib.util.find_spec("_sqlite3") is None:
        fix = "install your system's package for it, or: uv python install 3.13"
        return Check("python", "fail", f"{version} has no sqlite3", fix)
    return Check("python", "ok", f"{version} at {sys.executable}")


def uv() -> Check:
    """The fast installer; pip stands in for it."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if found is None:
        return Check("uv", "warn", "not found; builds use pip, which is slower", "pip install uv")
    return Check("uv", "ok", found)


def directory(home: Path) -> Check:
    """The state directory can be written."""
    standing = next(place for place in (home, *home.parents) if place.exists())
    if not (standing.is_dir() and os.access(standing, os.W_OK | os.X_OK)):
        fix = "export PLAT_HOME=/a/directory/of/yours"
        return Check("home", "fail", f"{standing} cannot be written", fix)
    return Check("home", "ok", str(home))


def state(home: Path) -> Check:
    """The file of functions and secrets is a database."""
    file = home / DATABASE
    try:
        with file.open("rb") as stream:
            start = stream.read(len(SQLITE))
    except (FileNotFoundError, NotADirectoryError):
        return Check("state", "ok", "nothing is stored yet")
    except OSError as error:
        return Check("state", "fail", f"{file} cannot be read: {error.strerror}", f"ls -l {file}")
    if start and start != SQLITE:
        fix = f"restore it from a backup, or begin anew: mv {file} {file}.broken"
        return Check("state", "fail", f"{file} is not a database", fix)
    return Check("state", "ok", str(file))


def disk(home: Path) -> Check:
    """There is room for environments."""
    standing = next(place for place in (home, *home.parents) if place.exists())
    free = shutil.disk_usage(standing).free
    text = f"{free / 1e9:.1f} GB free"
    fix = f"free some space, or move the state: export PLAT_HOME=…   (now {home})"
    if free < NO_SPACE:
        return Check("disk", "fail", text, fix)
    return Check("disk", "warn", text, fix) if free < LITTLE_SPACE else Check("disk", "ok", text)


def port(settings: Settings, home: Path) -> Check:
    """The platform's port is free, or held by the platform."""
    parts = urlsplit(settings.api_url)
    number = parts.port or (443 if parts.scheme == "https" else 80)
    if not is_loopback(settings.api_url):
        return Check("port", "ok", f"{settings.api_url} is another machine's")
    if running := embedded.find(home):
        return Check("port", "ok", f"plat holds it: {running.url} (pid {running.pid})")
    if port_free("127.0.0.1", number):
        return Check("port", "ok", f"{number} is free")
    holder = port_holder(number) or "another process"
    fix = f"if that is no platform: plat up --port {number + 10}"
    return Check("port", "warn", f"{holder} holds {number}", fix)


def gateway(settings: Settings, absent: str = "") -> Check:
    """The platform answers and is ready; `absent` is what starts it, if not `plat up`."""
    client = Client(settings.api_url, timeout=10, absent=absent)
    try:
        status = client.send("GET", "/readyz").status
    except Unreachable as error:
        level: Level = "warn" if is_loopback(settings.api_url) else "fail"
        return Check("gateway", level, error.message, advise(error))
    except PlatError as error:
        return Check("gateway", "fail", error.message, advise(error))
    finally:
        client.close()
    if status != 200:
        return Check("gateway", "fail", f"{settings.api_url} answers {status}", "plat status")
    return Check("gateway", "ok", f"ready at {settings.api_url}")


def token(settings: Settings) -> Check:
    """The platform takes the token."""
    if not settings.token:
        return Check("token", "fail", "none is set", "export AUTH_TOKEN=…")
    client = Client(settings.api_url, settings.token, timeout=10)
    try:
        client.call("GET", "/system/info")
    except Unreachable:
        return Check("token", "ok", "set; nothing answers that could judge it")
    except Refused as error:
        return Check("token", "fail", error.message, advise(error))
    finally:
        client.close()
    return Check("token", "ok", "accepted")


def bundle(environ: Mapping[str, str]) -> Check:
    """The company's certificates, which builds, runtimes and the registry's client get."""
    name = environ.get("PLAT_CA_BUNDLE")
    if not name:
        return Check("ca", "ok", "PLAT_CA_BUNDLE is not set; the system's certificates are used")
    try:
        context = ssl.create_default_context(cafile=name)
    except (OSError, ssl.SSLError) as error:
        fix = "it names a file of certificates in PEM: export PLAT_CA_BUNDLE=/path/to/ca.pem"
        return Check("ca", "fail", f"{name} cannot be read: {error}", fix)
    return Check("ca", "ok", f"{name} has {len(context.get_ca_certs())} certificates")


def index(environ: Mapping[str, str]) -> Check:
    """The package index answers builds: through the proxy, with those certificates."""
    url = next((environ[name] for name in INDEXES if environ.get(name)), "")
    if not url:
        return Check("index", "ok", "the installer's own; PLAT_INDEX_URL is not set")
    trusted = environ.get("PLAT_CA_BUNDLE") or environ.get("SSL_CERT_FILE", "")
    parts = urlsplit(url)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    try:
        connection = connection_to(parts, {**environ, "SSL_CERT_FILE": trusted}, 10)
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
        connection.close()
    except ssl.SSLError as error:
        fix = "export PLAT_CA_BUNDLE=/path/to/your/company-ca.pem"
        return Check(
            "index", "fail", f"{shown} has a certificate that is not trusted: {error}", fix
        )
    except (PlatError, OSError, http.client.HTTPException) as error:
        fix = "correct PLAT_INDEX_URL, HTTPS_PROXY and NO_PROXY"
        return Check("index", "fail", f"{shown} does not answer: {error}", fix)
    level: Level = "ok" if status < 500 and status != 407 else "fail"
    return Check(
        "index", level, f"{shown} answers {status}", "correct the proxy's name and password"
    )


def network(settings: Settings, environ: Mapping[str, str]) -> Check:
    """The company's certificates can be read, the proxy can be used."""
    parts = urlsplit(settings.api_url)
    try:
        connection_to(parts._replace(scheme="https"), environ, 1)
        proxy = proxy_for(parts, environ)
    except PlatError as error:
        return Check(
            "network", "fail", error.message, describe(error.fix) or "correct SSL_CERT_FILE"
        )
    bundle = environ.get("SSL_CERT_FILE", "the system's certificates")
    through = f"through {proxy.hostname}:{proxy.port}" if proxy else "no proxy"
    return Check("network", "ok", f"{bundle}, {through}")
