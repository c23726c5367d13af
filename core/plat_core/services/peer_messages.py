"""Messages between gateways, as lines of JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from plat_core.services.slot_allocation import SlotClaim
from plat_core.wire import ClaimLine, LoadLine, PeerMessage

CHUNK: Final = 1000
"""Maximum number of functions in one message."""


def encode(message: PeerMessage) -> bytes:
    """Return a message as one line."""
    return message.model_dump_json(exclude_defaults=True).encode() + b"\n"


def report_messages(
    claims: Mapping[str, SlotClaim],
    loads: Mapping[str, LoadLine] | None,
    *,
    seen: int,
    leaving: bool,
) -> Iterator[PeerMessage]:
    """Yield the messages that report claims and loads; only the last one acknowledges `seen`."""
    load_lines = list((loads or {}).items())
    claim_lines = [
        (s, ClaimLine(demand=c.demand, held=dict(c.held), busy=dict(c.busy)))
        for s, c in claims.items()
    ]
    for start in range(0, last := max(len(claim_lines), len(load_lines), 1), CHUNK):
        yield PeerMessage(
            seen=seen if start + CHUNK >= last else 0,
            leaving=leaving,
            claims=dict(claim_lines[start : start + CHUNK]),
            loads=None if loads is None else dict(load_lines[start : start + CHUNK]),
        )
