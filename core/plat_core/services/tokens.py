"""Bearer tokens: compared in constant time, with a limit on guessing.

Every service uses `TokenGuard`, and so does the gateway's data path. It is synchronous, and a valid
token from a client without failures costs one comparison.
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

DEV_TOKEN = "dev-token"  # noqa: S105 - the documented default, rejected outside dev set-ups
WINDOW = 60.0
"""Time (s) over which invalid tokens are counted."""

_PREFIX = b"bearer "


class TokenCheck(Enum):
    """The result of checking an `Authorization` header."""

    ALLOWED = "allowed"
    """The token of the role `admin`, which may do everything."""
    VIEWER = "viewer"
    """The token of the role `viewer`, which may only read."""
    MISSING = "missing"
    WRONG = "wrong"
    BLOCKED = "blocked"
    """The address sent too many invalid tokens within the last minute; the header was ignored."""


class TokenSettings(Protocol):
    """The settings of a service that requires a token."""

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
        """Whether it listens on the loopback interface only."""
        ...

    @property
    def is_dev(self) -> bool:
        """Whether it runs in a dev set-up."""
        ...


class TokenGuard:
    """Checks tokens, and counts invalid ones by address in a table of limited size.

    A blocked address is rejected until its minute is over even with a valid token, because it could
    continue guessing otherwise. Other addresses are not affected. `viewer` is the read-only token.
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

    def authenticate(self, header: bytes | None, client: str) -> TokenCheck:
        """Check the value of an `Authorization` header from the address `client`."""
        if self._wrong and self.retry_after(client):
            return TokenCheck.BLOCKED
        if header is None:
            return TokenCheck.MISSING
        if header[:7].lower() == _PREFIX:
            token = header[7:].strip(b" \t")
            if hmac.compare_digest(token, self._token):
                return TokenCheck.ALLOWED
            if self._viewer is not None and hmac.compare_digest(token, self._viewer):
                return TokenCheck.VIEWER
        self._count(client)
        return TokenCheck.WRONG

    def retry_after(self, client: str) -> int:
        """Return the whole seconds until `client` is unblocked; 0 if it is not blocked."""
        start, count = self._wrong.get(address_key(client), (0.0, 0))
        remaining = start + WINDOW - self._clock()
        return ceil(remaining) if count >= self._failures and remaining > 0 else 0

    @property
    def tracked_addresses(self) -> int:
        """Number of addresses in the table."""
        return len(self._wrong)

    def _count(self, client: str) -> None:
        key, now = address_key(client), self._clock()
        start, count = self._wrong.get(key, (now, 0))
        if now - start >= WINDOW:
            start, count = now, 0
        self._wrong[key] = (start, count + 1)
        self._wrong.move_to_end(key)
        while len(self._wrong) > self._addresses or self._oldest_has_expired(now):
            self._wrong.popitem(last=False)

    def _oldest_has_expired(self, now: float) -> bool:
        start, _ = next(iter(self._wrong.values()))
        return now - start >= WINDOW


def address_key(address: str) -> str:
    """Return the key of a client: an IPv4 address, or an IPv6 /64, which one host may own."""
    if ":" not in address:
        return address
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), 64), strict=False))


def token_error(check: TokenCheck) -> PlatError:
    """Return the error for a check other than `ALLOWED`, if that is required."""
    if check is TokenCheck.BLOCKED:
        return TooManyAttempts(
            "too many invalid tokens from this address",
            fix="wait a minute, then send a valid one",
            retry_after=WINDOW,
        )
    if check is TokenCheck.VIEWER:
        return Forbidden(
            "the token has the role viewer, which may only read",
            fix="send the token of the role admin, the one in AUTH_TOKEN",
        )
    what = "missing token" if check is TokenCheck.MISSING else "invalid token"
    return Unauthenticated(what, fix="send the header 'Authorization: Bearer $AUTH_TOKEN'")


def check_token(settings: TokenSettings) -> None:
    """Raise InvalidInput for a token that does not protect the service.

    The well-known default is accepted, with a warning, in a dev set-up on the loopback interface.
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
        "AUTH_TOKEN is the well-known default %r: use it only on your own machine", DEV_TOKEN
    )


def check_viewer(viewer: str | None, admin: str) -> None:
    """Raise InvalidInput for a viewer's token that equals the admin's or the default."""
    if viewer is None or viewer not in (admin, DEV_TOKEN):
        return
    whose = "the same as AUTH_TOKEN" if viewer == admin else "the well-known default"
    raise InvalidInput(
        f"AUTH_TOKEN_VIEWER is {whose}, so it would not restrict anyone",
        fix="export AUTH_TOKEN_VIEWER=$(openssl rand -hex 24)",
        field="AUTH_TOKEN_VIEWER",
    )
