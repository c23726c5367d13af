"""What `plat doctor` looks at: one function per check, each with the way to mend it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from plat_core.errors import PlatError

from plat_cli import embedded
from plat_cli.advice import advise, port_free, port_holder
from plat_cli.client import Client
from plat_cli.faults import Refused, Unreachable
from plat_cli.proxies import connection_to, proxy_for
from plat_cli.settings import Settings, is_loopback

Level = Literal["ok", "warn", "fail"]
DATABASE = "plat.db"
SQLITE = b"SQLite format 3\0"
LITTLE_SPACE, NO_SPACE = 2 * 1024**3, 200 * 1024**2


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report."""

    name: str
    level: Level
    text: str
    fix: str = ""


def all_checks(
    settings: Settings, home: Path, environ: Mapping[str, str] = os.environ
) -> Iterator[Check]:
    """Every check, in the order in which a problem should be mended."""
    checks: list[Callable[[], Check]] = [
        python,
        uv,
        lambda: directory(home),
        lambda: state(home),
        lambda: disk(home),
        lambda: port(settings, home),
        lambda: gateway(settings),
        lambda: token(settings),
        lambda: network(settings, environ),
        docker,
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


def gateway(settings: Settings) -> Check:
    """The platform answers and is ready."""
    client = Client(settings.api_url, timeout=10)
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


def network(settings: Settings, environ: Mapping[str, str]) -> Check:
    """The company's certificates can be read, the proxy can be used."""
    parts = urlsplit(settings.api_url)
    try:
        connection_to(parts._replace(scheme="https"), environ, 1)
        proxy = proxy_for(parts, environ)
    except PlatError as error:
        return Check("network", "fail", error.message, error.fix or "correct SSL_CERT_FILE")
    bundle = environ.get("SSL_CERT_FILE", "the system's certificates")
    through = f"through {proxy.hostname}:{proxy.port}" if proxy else "no proxy"
    return Check("network", "ok", f"{bundle}, {through}")


def docker() -> Check:
    """Docker is there; nothing needs it but the docker set-up."""
    if shutil.which("docker") is None:
        return Check("docker", "ok", "not installed; only the docker set-up needs it")
    done = subprocess.run(["docker", "info"], check=False, capture_output=True, timeout=20)
    if done.returncode:
        return Check("docker", "ok", "installed, its daemon does not answer; plat up needs none")
    return Check("docker", "ok", "its daemon answers")
