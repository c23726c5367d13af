"""The client's address behind trusted proxies.

`X-Forwarded-For` counts only when a trusted proxy sent it. Each proxy appends an address, so the
header is read from the right: the first address that is not a trusted proxy is the client.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
UNKNOWN = "unknown"


def client_address(peer: str | None, forwarded: bytes | None, trusted: Sequence[Network]) -> str:
    """Return the client's address: the peer, or the address that trusted proxies report."""
    address = peer or UNKNOWN
    if not trusted or forwarded is None:
        return address
    hops = [hop.strip() for hop in forwarded.decode("latin-1").split(",")]
    while hops and _is_within(address, trusted):
        candidate = hops.pop()
        if not _is_address(candidate):
            break
        address = candidate
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_within(address: str, networks: Sequence[Network]) -> bool:
    if not _is_address(address):
        return False
    parsed = ip_address(address)
    return any(parsed in network for network in networks)
