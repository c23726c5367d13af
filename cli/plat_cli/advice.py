"""What to type next after an error.

The `fix` that the platform sends comes first. These tables cover errors without one, and errors of
the connection.
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
    "unauthenticated": "export AUTH_TOKEN=…   (the token that the platform was started with)",
    "forbidden": "export AUTH_TOKEN=…   (an admin's token; the current one can only read)",
    "too-many-attempts": "wait a minute, then: export AUTH_TOKEN=…",
    "function-not-found": "plat list",
    "secret-not-found": "plat secret list",
    "call-not-found": "plat calls list",
    "call-not-over": "plat calls list",
    "no-result": "plat calls list --state failed",
    "conflict": "try again in a moment; plat describe {name} shows the state",
    "too-large": "exclude large files: list them in .platignore",
    "function-suspended": "plat start {name}",
    "function-unavailable": "plat describe {name}\nplat logs {name}",
    "overloaded": "plat scale {name} --max 20",
    "timeout": "plat logs {name}\nplat deploy --timeout 60s",
    "bad-function-answer": "plat logs {name}",
    "request-timeout": "try again",
    "headers-too-large": "send fewer headers, or move the content to the body: -d",
    "target-too-long": "move the content to the body: -d",
    "not-supported": "plat up   (the embedded platform supports it)",
    "unavailable": "plat status",
    "internal": "plat doctor",
}
"""Advice by error code. `{name}` stands for the function of the command."""

CONNECTION = {
    "refused": "plat up --detach",
    "refused-remote": "check the address: --api-url or API_URL",
    "unknown-host": "check the address: --api-url or API_URL",
    "timeout": "plat doctor",
    "tls": "export SSL_CERT_FILE=/path/to/your/company-ca.pem",
    "broken": "plat status",
    "not-plat": "another server uses this port; choose one: plat up --port 8090",
}
"""Advice by the reason of a failed connection."""


def advise(error: PlatError, name: str = "") -> str:
    """Return what to type next, or an empty string if there is no advice."""
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
    """Return the process that listens on a local port.

    The string is empty if there is none or this user may not see it.
    """
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
    """Return whether a server can listen on this address."""
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
