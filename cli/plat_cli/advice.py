"""From an error to what to type next: one table, so that every command advises alike.

The platform's own `fix` wins; this room knows what only the user's machine can tell.
"""

from __future__ import annotations

import shlex
import socket
from urllib.parse import urlsplit

from plat_core.errors import PlatError
from plat_http.fixes import describe

from plat_cli.errors import RequestRejected, Unreachable, code_of
from plat_cli.settings import DEFAULT_API_URL, is_loopback

ADVICE = {
    "unauthenticated": "export AUTH_TOKEN=…   (the token the platform was started with)",
    "forbidden": "export AUTH_TOKEN=…   (an admin's token; yours is a viewer's)",
    "too-many-attempts": "wait a minute, then: export AUTH_TOKEN=…",
    "function-not-found": "plat list",
    "secret-not-found": "plat secret list",
    "call-not-found": "plat calls list",
    "call-not-over": "plat calls list",
    "no-result": "plat calls list --state failed",
    "conflict": "wait a moment and type it again; plat describe {name} shows what goes on",
    "too-large": "leave big files out: list them in .platignore",
    "function-suspended": "plat start {name}",
    "function-unavailable": "plat describe {name}\nplat logs {name}",
    "overloaded": "plat scale {name} --max 20",
    "timeout": "plat logs {name}\nplat deploy --timeout 60s",
    "bad-function-answer": "plat logs {name}",
    "request-timeout": "type it again",
    "headers-too-large": "send fewer headers, or put the content into the body: -d",
    "target-too-long": "put the content into the body: -d",
    "not-supported": "plat up   (the embedded platform can do it)",
    "unavailable": "plat status",
    "internal": "plat doctor",
}
"""By error code. `{name}` is the function that the command is about."""

CONNECTION = {
    "refused": "plat up --detach",
    "refused-remote": "check the address: --api-url or API_URL",
    "unknown-host": "check the address: --api-url or API_URL",
    "timeout": "plat doctor",
    "tls": "export SSL_CERT_FILE=/path/to/your/company-ca.pem",
    "broken": "plat status",
    "not-plat": "something else listens there; start plat elsewhere: plat up --port 8090",
}
"""By the reason why a connection failed."""


def advise(error: PlatError, name: str = "") -> str:
    """What to type next; empty where nobody can say."""
    if error.fix:
        return describe(error.fix)
    if isinstance(error, Unreachable):
        return _for_connection(error)
    template = ADVICE.get(code_of(error), "")
    if (
        isinstance(error, RequestRejected)
        and error.problem.status == 404
        and code_of(error) == "internal"
    ):
        template = CONNECTION["not-plat"]
    return template.replace("{name}", shlex.quote(name) if name else "NAME")


def _for_connection(error: Unreachable) -> str:
    if error.reason != "refused" or is_loopback(error.address):
        if error.reason == "refused" and error.address.rstrip("/") != DEFAULT_API_URL:
            port = urlsplit(error.address).port
            return f"plat up --detach --port {port}\nor check API_URL" if port else "check API_URL"
        return CONNECTION[error.reason]
    return CONNECTION["refused-remote"]


def port_holder(port: int) -> str:
    """Which process listens on a port of this machine, as far as this user may see; else empty."""
    import psutil

    try:
        connections = psutil.net_connections("tcp")
    except (psutil.AccessDenied, OSError):
        return ""
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,):
            return _process_name(connection.pid)
    return ""


def port_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _process_name(pid: int | None) -> str:
    import psutil

    if pid is None:
        return "another user's process"
    try:
        return f"{psutil.Process(pid).name()} (pid {pid})"
    except psutil.Error:
        return f"pid {pid}"
