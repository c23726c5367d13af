"""The client's address behind proxies."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from plat_http.client_addresses import client_address


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("8.8.8.8", b"1.1.1.1", "8.8.8.8"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", b"1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", b"6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
        ("10.0.0.1", b"1.1.1.1, nonsense", "10.0.0.1"),
        (None, b"1.1.1.1", "unknown"),
    ],
)
def test_uses_forwarded_addresses_from_trusted_proxies_only(
    peer: str | None, forwarded: bytes | None, expected: str
) -> None:
    assert client_address(peer, forwarded, [ip_network("10.0.0.0/8")]) == expected
