"""The checks of `plat doctor`: one function per check. Each result says how to fix a problem."""

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
from plat_cli.check_result import CheckResult, Level
from plat_cli.client import Client
from plat_cli.errors import RequestRejected, Unreachable
from plat_cli.proxies import connection_to, proxy_for
from plat_cli.settings import CliSettings, is_loopback

DATABASE = "plat.db"
SQLITE = b"SQLite format 3\0"
INDEXES = ("PLAT_INDEX_URL", "PIP_INDEX_URL", "UV_INDEX_URL")
LOW_SPACE, MIN_SPACE = 2 * 1024**3, 200 * 1024**2


def all_checks(
    settings: CliSettings,
    home: Path,
    environ: Mapping[str, str] = os.environ,
    *,
    docker: bool = False,
) -> Iterator[CheckResult]:
    """Run every check, in the order in which problems should be fixed.

    `docker` adds the checks of the Docker set-up, even if nothing here uses it.
    """
    setup = docker_checks.find(Path.cwd(), environ, requested=docker)
    if setup is not None:
        yield from docker_checks.all_checks(setup, environ)
    checks: list[Callable[[], CheckResult]] = [
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


def python() -> CheckResult:
    """Check that Python has SQLite, which some distributions leave out."""
    version = ".".join(map(str, sys.version_info[:3]))
    if importlib.util.find_spec("_sqlite3") is None:
        fix = "install your system's package for it, or: uv python install 3.13"
        return CheckResult("python", "fail", f"{version} has no sqlite3", fix)
    return CheckResult("python", "ok", f"{version} at {sys.executable}")


def uv() -> CheckResult:
    """Check for uv. Builds use pip without it."""
    found = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if found is None:
        return CheckResult(
            "uv", "warn", "not found; builds use pip, which is slower", "pip install uv"
        )
    return CheckResult("uv", "ok", found)


def directory(home: Path) -> CheckResult:
    """Check that the state directory is writable."""
    existing = next(path for path in (home, *home.parents) if path.exists())
    if not (existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)):
        fix = "export PLAT_HOME=/path/to/a/writable/directory"
        return CheckResult("home", "fail", f"{existing} cannot be written", fix)
    return CheckResult("home", "ok", str(home))


def state(home: Path) -> CheckResult:
    """Check that the state file is an SQLite database."""
    file = home / DATABASE
    try:
        with file.open("rb") as stream:
            start = stream.read(len(SQLITE))
    except (FileNotFoundError, NotADirectoryError):
        return CheckResult("state", "ok", "no state stored yet")
    except OSError as error:
        return CheckResult(
            "state", "fail", f"{file} cannot be read: {error.strerror}", f"ls -l {file}"
        )
    if start and start != SQLITE:
        fix = f"restore it from a backup, or start empty: mv {file} {file}.broken"
        return CheckResult("state", "fail", f"{file} is not a database", fix)
    return CheckResult("state", "ok", str(file))


def disk(home: Path) -> CheckResult:
    """Check the free disk space."""
    existing = next(path for path in (home, *home.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free / 1e9:.1f} GB free"
    fix = f"free some space, or move the state: export PLAT_HOME=…   (now {home})"
    if free < MIN_SPACE:
        return CheckResult("disk", "fail", text, fix)
    return (
        CheckResult("disk", "warn", text, fix)
        if free < LOW_SPACE
        else CheckResult("disk", "ok", text)
    )


def port(settings: CliSettings, home: Path) -> CheckResult:
    """Check that the port is free or used by the platform."""
    parts = urlsplit(settings.api_url)
    number = parts.port or (443 if parts.scheme == "https" else 80)
    if not is_loopback(settings.api_url):
        return CheckResult("port", "ok", f"{settings.api_url} is on another machine")
    if running := embedded.find(home):
        return CheckResult("port", "ok", f"used by plat: {running.url} (pid {running.pid})")
    if port_free("127.0.0.1", number):
        return CheckResult("port", "ok", f"{number} is free")
    holder = port_holder(number) or "another process"
    fix = f"if that is not plat: plat up --port {number + 10}"
    return CheckResult("port", "warn", f"{holder} uses port {number}", fix)


def gateway(settings: CliSettings, absent: str = "") -> CheckResult:
    """Check that the platform is ready. `absent` is the command that starts it."""
    client = Client(settings.api_url, timeout=10, absent=absent)
    try:
        status = client.send("GET", "/readyz").status
    except Unreachable as error:
        level: Level = "warn" if is_loopback(settings.api_url) else "fail"
        return CheckResult("gateway", level, error.message, advise(error))
    except PlatError as error:
        return CheckResult("gateway", "fail", error.message, advise(error))
    finally:
        client.close()
    if status != 200:
        return CheckResult(
            "gateway", "fail", f"{settings.api_url} responds with {status}", "plat status"
        )
    return CheckResult("gateway", "ok", f"ready at {settings.api_url}")


def token(settings: CliSettings) -> CheckResult:
    """Check that the platform accepts the token."""
    if not settings.token:
        return CheckResult("token", "fail", "not set", "export AUTH_TOKEN=…")
    client = Client(settings.api_url, settings.token, timeout=10)
    try:
        client.call("GET", "/system/info")
    except Unreachable:
        return CheckResult("token", "ok", "set, but not checked: the platform does not respond")
    except RequestRejected as error:
        return CheckResult("token", "fail", error.message, advise(error))
    finally:
        client.close()
    return CheckResult("token", "ok", "accepted")


def bundle(environ: Mapping[str, str]) -> CheckResult:
    """Check PLAT_CA_BUNDLE, which builds, runtimes and the registry client use."""
    name = environ.get("PLAT_CA_BUNDLE")
    if not name:
        return CheckResult("ca", "ok", "PLAT_CA_BUNDLE is not set; using the system's certificates")
    try:
        context = ssl.create_default_context(cafile=name)
    except (OSError, ssl.SSLError) as error:
        fix = "set it to a file of PEM certificates: export PLAT_CA_BUNDLE=/path/to/ca.pem"
        return CheckResult("ca", "fail", f"{name} cannot be read: {error}", fix)
    return CheckResult("ca", "ok", f"{name} contains {len(context.get_ca_certs())} certificates")


def index(environ: Mapping[str, str]) -> CheckResult:
    """Check that the package index responds through the proxy, with the CA bundle."""
    url = next((environ[name] for name in INDEXES if environ.get(name)), "")
    if not url:
        return CheckResult("index", "ok", "PLAT_INDEX_URL is not set; using the default index")
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
        return CheckResult("index", "fail", f"{shown} has an untrusted certificate: {error}", fix)
    except (PlatError, OSError, http.client.HTTPException) as error:
        fix = "check PLAT_INDEX_URL, HTTPS_PROXY and NO_PROXY"
        return CheckResult("index", "fail", f"{shown} does not respond: {error}", fix)
    level: Level = "ok" if status < 500 and status != 407 else "fail"
    return CheckResult(
        "index",
        level,
        f"{shown} responds with {status}",
        "check the user name and password of the proxy",
    )


def network(settings: CliSettings, environ: Mapping[str, str]) -> CheckResult:
    """Check the CA certificates and the proxy of the CLI itself."""
    parts = urlsplit(settings.api_url)
    try:
        connection_to(parts._replace(scheme="https"), environ, 1)
        proxy = proxy_for(parts, environ)
    except PlatError as error:
        return CheckResult(
            "network", "fail", error.message, describe(error.fix) or "check SSL_CERT_FILE"
        )
    bundle = environ.get("SSL_CERT_FILE", "the system's certificates")
    through = f"through {proxy.hostname}:{proxy.port}" if proxy else "no proxy"
    return CheckResult("network", "ok", f"{bundle}, {through}")
