"""The bearer tokens: compared in constant time, with a bound on guessing.

Every service asks `TokenGuard`, the gateway's data path too; it is synchronous, and a right token
from a client without failures costs one comparison.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum
from ipaddress import IPv6Network, ip_address
from math import ceil
from typing import Protocol

from plat_core.errors import Forbidden, InvalidInput, PlatError, TooManyAttempts, Unauthenticated

log = logging.getLogger(__name__)

DEV_TOKEN = "dev-token"  # noqa: S105 - the documented default, refused outside dev
WINDOW = 60.0
"""Seconds over which bad tokens are counted."""

_PREFIX = b"bearer "


class Verdict(Enum):
    """What a presented `Authorization` header is worth."""

    ALLOWED = "allowed"
    """The token of the role `admin`: it may do everything."""
    VIEWER = "viewer"
    """The token of the role `viewer`: it may look, and neither change nor call anything."""
    MISSING = "missing"
    WRONG = "wrong"
    BLOCKED = "blocked"
    """Too many wrong ones came from this address within the last minute; it was not looked at."""


class Protected(Protocol):
    """The settings of a service that asks for the token."""

    @property
    def auth_token(self) -> str:
        """The token."""
        ...

    @property
    def host(self) -> str:
        """The address it listens on."""
        ...

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        ...

    @property
    def is_dev(self) -> bool:
        """Whether this is a dev set-up."""
        ...


class TokenGuard:
    """Compares tokens, and counts the wrong ones per address in a table of bounded size.

    A blocked address is not answered truthfully until its minute is over, or it could go on
    guessing; other addresses are not affected. `viewer` is the token that may only look; without
    it there is none.
    """

    def __init__(
        self,
        token: str,
        *,
        viewer: str | None = None,
        failures: int = 100,
        addresses: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._token = token.encode()
        self._viewer = None if viewer is None else viewer.encode()
        self._failures = failures
        self._addresses = addresses
        self._clock = clock
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def authenticate(self, header: bytes | None, client: str) -> Verdict:
        """Judge the value of an `Authorization` header that came from the address `client`."""
        if self._wrong and self.retry_after(client):
            return Verdict.BLOCKED
        if header is None:
            return Verdict.MISSING
        if header[:7].lower() == _PREFIX:
            token = header[7:].strip(b" \t")
            if hmac.compare_digest(token, self._token):
                return Verdict.ALLOWED
            if self._viewer is not None and hmac.compare_digest(token, self._viewer):
                return Verdict.VIEWER
        self._count(client)
        return Verdict.WRONG

    def retry_after(self, client: str) -> int:
        """Whole seconds until `client` is heard again; 0 where it is not blocked."""
        start, count = self._wrong.get(address_key(client), (0.0, 0))
        remaining = start + WINDOW - self._clock()
        return ceil(remaining) if count >= self._failures and remaining > 0 else 0

    @property
    def remembered(self) -> int:
        """How many addresses are in the table."""
        return len(self._wrong)

    def _count(self, client: str) -> None:
        key, now = address_key(client), self._clock()
        start, count = self._wrong.get(key, (now, 0))
        if now - start >= WINDOW:
            start, count = now, 0
        self._wrong[key] = (start, count + 1)
        self._wrong.move_to_end(key)
        while len(self._wrong) > self._addresses or self._oldest_is_over(now):
            self._wrong.popitem(last=False)

    def _oldest_is_over(self, now: float) -> bool:
        start, _ = next(iter(self._wrong.values()))
        return now - start >= WINDOW


def address_key(address: str) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 /64, which one host owns whole."""
    if ":" not in address:
        return address
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), 64), strict=False))


def refusal(verdict: Verdict) -> PlatError:
    """The error for a verdict other than `ALLOWED`, where only that one will do."""
    if verdict is Verdict.BLOCKED:
        return TooManyAttempts(
            "too many wrong tokens from this address",
            fix="wait a minute, then send the right one",
            retry_after=WINDOW,
        )
    if verdict is Verdict.VIEWER:
        return Forbidden(
            "the token is that of a viewer, who may look but neither change nor call anything",
            fix="send the token of an admin, the one in AUTH_TOKEN",
        )
    what = "no token was sent" if verdict is Verdict.MISSING else "the token is not the right one"
    return Unauthenticated(what, fix="send the header 'Authorization: Bearer $AUTH_TOKEN'")


def check_token(settings: Protected) -> None:
    """Refuse to start with a token that protects nothing; raises InvalidInput.

    In a dev set-up on the loopback interface the well-known default is let through, loudly.
    """
    token = settings.auth_token
    if not token.strip():
        raise InvalidInput(
            "AUTH_TOKEN is empty: anyone could deploy code",
            fix="export AUTH_TOKEN=$(openssl rand -hex 24)",
            field="AUTH_TOKEN",
        )
    if token != token.strip() or not token.isascii() or not token.isprintable():
        raise InvalidInput(
            "AUTH_TOKEN has characters that no HTTP header can carry",
            fix="use letters and digits, for example $(openssl rand -hex 24)",
            field="AUTH_TOKEN",
        )
    if token != DEV_TOKEN:
        return
    if not (settings.is_dev and settings.is_loopback):
        raise InvalidInput(
            f"AUTH_TOKEN is the well-known default {DEV_TOKEN!r}, and this is not a dev set-up "
            f"on the loopback interface (PLAT_HOST={settings.host})",
            fix="export AUTH_TOKEN=$(openssl rand -hex 24)",
            field="AUTH_TOKEN",
        )
    log.warning(
        "AUTH_TOKEN is the well-known default %r: fine on your own machine, nowhere else", DEV_TOKEN
    )


def check_viewer(viewer: str | None, admin: str) -> None:
    """Refuse a viewer's token that is the admin's, or everybody's; raises InvalidInput."""
    if viewer is None or viewer not in (admin, DEV_TOKEN):
        return
    whose = "the same as AUTH_TOKEN" if viewer == admin else "the well-known default"
    raise InvalidInput(
        f"AUTH_TOKEN_VIEWER is {whose}, so it would not keep anyone from anything",
        fix="export AUTH_TOKEN_VIEWER=$(openssl rand -hex 24)",
        field="AUTH_TOKEN_VIEWER",
    )
