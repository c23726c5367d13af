"""Whose address a request comes from.

`X-Forwarded-For` is believed only from a proxy that the settings name, and read from the right:
the first address that is no such proxy is the client's.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
UNKNOWN = "unknown"


def client_address(peer: str | None, forwarded: bytes | None, trusted: Sequence[Network]) -> str:
    """The client's address: the peer's, or what trusted proxies say it is."""
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
