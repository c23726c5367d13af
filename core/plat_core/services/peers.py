"""Several gateways in front of the same replicas: they exchange claims and loads.

Each gateway sends its claims (`SlotClaim`) to all others as they change, and its loads at each tick
of the autoscaler. For each function one gateway, the owner, grants slots to the others and scales.
Messages carry levels, and a number if their order matters, so a reopened link starts with the full
state. This module does no I/O: `send` transmits a line, `receive` processes one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Final

from pydantic import ValidationError

from plat_core.model.names import FunctionRef
from plat_core.services.peer_messages import encode, report_messages
from plat_core.services.peer_state import STALE, PeerState, claim_of, is_news
from plat_core.services.router import FunctionLoad, Router
from plat_core.services.routing import RouteEntry
from plat_core.services.slot_allocation import (
    NO_CLAIM,
    SlotClaim,
    SlotCounts,
    allocate,
    owner_of,
)
from plat_core.services.starvation import STARVED, Starvation
from plat_core.services.visibility import FunctionVisibility
from plat_core.wire import LoadLine, PeerMessage

log = logging.getLogger(__name__)

HEARTBEAT: Final = 1.0
"""Interval (s) of messages without news."""
BATCH_WINDOW: Final = 0.002
"""Time (s) within which changes are sent together."""
SILENT: Final = 3.0
"""Time (s) without a message after which a peer counts as gone."""
STALLED: Final = 1.5 * HEARTBEAT
"""Stall (s) after which peers may soon consider this gateway gone: a tick is due every HEARTBEAT,
and the last message may have been sent one HEARTBEAT before the last tick."""


class Peers:
    """This gateway among its peers: the load source and the quorum of an `Autoscaler`.

    `name` is that of this gateway. `send(name, line)` transmits a line to a peer, or drops it if
    there is no link. Not thread-safe: use it in the event loop's thread.
    """

    def __init__(self, name: str, router: Router, *, send: Callable[[str, bytes], None]) -> None:
        self._name = name
        self._router = router
        self._clock = router.clock
        self._send = send
        self._peers: dict[str, PeerState] = {}
        self._dirty: set[str] = set()
        self._loads: dict[str, LoadLine] | None = None
        self._starvation = Starvation()
        self._visibility = FunctionVisibility(router, send)
        self._wake = asyncio.Event()
        self._last_heartbeat = float("-inf")
        self._last_tick = float("inf")
        self._leaving = False
        self._voters: list[str] = [name]
        router.table.on_change = self._changed

    # membership

    def members(self, ready: Collection[str]) -> None:
        """Set the names of the peers that the cluster reports ready."""
        for name in ready:
            self._peer(name).ready = True
        for name, peer in list(self._peers.items()):
            peer.ready = name in ready
            if not peer.ready and not peer.linked:
                self._peers.pop(name)
        self._check_peers(self._clock())
        self._wake.set()

    def on_inbound_link(self, name: str) -> None:
        """Start over with a peer whose link to this gateway opened."""
        self._peer(name).open_link(self._clock())
        self._wake.set()

    def on_inbound_lost(self, name: str) -> None:
        """Note that the link from a peer closed."""
        if peer := self._peers.get(name):
            peer.linked = False
            if not peer.ready:
                self._peers.pop(name)
            self._wake.set()

    def on_outbound_link(self, name: str) -> None:
        """Send the full state to a peer, because the link to it opened."""
        peer = self._peer(name)
        peer.sent_claims = {}
        for segment, grant in list(peer.grants.items()):
            if grant.number > peer.seen:
                self._grant(name, peer, segment, grant.slots)
        self._force_heartbeat()

    def stop_deciding(self) -> None:
        """Hand all functions over, because this gateway stops; keep reporting its claims."""
        self._leaving = True
        self._force_heartbeat()

    @property
    def silent_peers(self) -> list[str]:
        """Ready peers that have not reported yet, while they may have been there for long."""
        now = self._clock()
        return [
            name
            for name, peer in self._peers.items()
            if peer.ready and not self._is_fresh(peer, now) and now - peer.last_message < SILENT
        ]

    # the autoscaler's view

    @property
    def complete(self) -> bool:
        """See `autoscaler.Quorum`: every ready peer sent its load recently."""
        oldest = self._clock() - STALE
        return all(peer.loaded > oldest for peer in self._peers.values() if peer.ready)

    def owns(self, ref: FunctionRef) -> bool:
        """See `autoscaler.Quorum`."""
        return self._owner(ref.segment) == self._name

    def samples(self) -> list[FunctionLoad]:
        """Return the load of every function over all gateways, and send this gateway's part."""
        own, now = self._router.samples(), self._clock()
        self._loads = {
            s.route.ref.segment: LoadLine(
                concurrency=s.concurrency,
                in_flight=s.in_flight,
                waiting=s.waiting,
                idle=max(0.0, now - s.active_at),
            )
            for s in own
            if s.route.endpoints or s.in_flight or s.waiting
        }
        self._force_heartbeat()
        return [self._add_peers(sample, now) for sample in own]

    def _add_peers(self, sample: FunctionLoad, now: float) -> FunctionLoad:
        for peer in self._peers.values():
            sample = peer.add_load(sample, now)
        return sample

    # messages from peers

    def receive(self, name: str, line: bytes) -> None:
        """Process a line; ignore one that is malformed or has a number out of range."""
        peer = self._peers.get(name)
        if peer is None:
            return
        try:
            message = PeerMessage.model_validate_json(line)
        except ValidationError as error:
            problem = error.errors(include_input=False, include_url=False)[0]
            log.warning("ignored a message of gateway %s: %s", name, problem["msg"])
            return
        now = self._clock()
        first, peer.last_message, peer.reported = not peer.reported, now, True
        peer.leaving, peer.seen = message.leaving, max(peer.seen, message.seen)
        for segment, claim in message.claims.items():
            peer.claims[segment] = SlotClaim(claim.demand, claim.held, claim.busy)
        if message.loads is not None:
            peer.loaded = now
            valid = {s: known for s, known in peer.loads.items() if known[0] > now - STALE}
            peer.loads = valid | {s: (now, load) for s, load in message.loads.items()}
        self._dirty.update(message.claims)
        if message.asks or message.knows:
            self._visibility.receive(name, message)
        if first:
            # the same message may have grants, which count only from the owner
            self._check_peers(now)
        if message.limits:
            self._apply_grants(name, peer, message)
        if message.claims or message.limits:
            self._wake.set()

    def _apply_grants(self, name: str, peer: PeerState, message: PeerMessage) -> None:
        peer.received = max(peer.received, message.sent)
        for segment, slots in message.limits.items():
            entry = self._router.lookup(segment)
            if entry is not None and self._owner(segment) == name:
                entry.set_shares(slots)
            self._dirty.add(segment)

    async def wait_for(self, ref: FunctionRef, *, within: float) -> None:
        """Wait until every gateway can call the function, up to `within` seconds.

        A peer that does not reply learns of the function from its own watch.
        """
        peers = [n for n, p in self._peers.items() if p.linked and p.reported]
        try:
            async with asyncio.timeout(within):
                await self._visibility.wait_for(ref.segment, peers)
        except TimeoutError:
            log.warning("not every gateway confirmed that it can call %s", ref)

    # ticks

    async def run(self) -> None:
        """Send changes and allocate slots until cancelled."""
        while True:
            wait = STARVED if self._starvation else HEARTBEAT
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            await asyncio.sleep(BATCH_WINDOW)
            self.tick()

    def tick(self) -> None:
        """Send what changed, and allocate the slots of functions that this gateway owns."""
        now = self._clock()
        if now - self._last_tick >= STALLED:
            self._recover(now)
        self._last_tick = now
        self._check_peers(now)
        if self._router.table.alone:
            self._dirty.clear()
            return
        heartbeat = now - self._last_heartbeat >= HEARTBEAT
        dirty, self._dirty = self._dirty, set()
        scope = self._active_segments() if heartbeat else dirty
        self._report(scope, heartbeat=heartbeat)
        if heartbeat:
            self._last_heartbeat, self._loads = now, None
            self._drop_removed()
        if not self.silent_peers:
            for segment in scope | self._starvation.segments:
                if (entry := self._router.lookup(segment)) and self._owner(segment) == self._name:
                    self._allocate(entry, now)

    def _recover(self, now: float) -> None:
        """Give up all slots after this process stalled.

        Messages of the stall are still unread, so no peer counts as silent, and nothing is
        allocated before they are read. Peers may have reused the slots of this gateway.
        """
        for peer in self._peers.values():
            peer.last_message, peer.reported = now, False
        if not self._router.table.alone:
            for entry in self._router.table:
                entry.set_shares({})
                self._dirty.add(entry.route.ref.segment)

    def _check_peers(self, now: float) -> None:
        """Expire silent peers, and update the voters and whether this gateway is alone."""
        for peer in self._peers.values():
            if peer.reported and now - peer.last_message >= SILENT:
                peer.expire()
        present = {n: p for n, p in self._peers.items() if p.ready or p.linked}
        voters = [n for n, p in present.items() if p.linked and p.reported and not p.leaving]
        voters = sorted(voters if self._leaving and voters else [*voters, self._name])
        if voters != self._voters:
            self._voters = voters
            self._starvation.clear()
            self._dirty |= self._active_segments()
        table, alone = self._router.table, not present
        if alone == table.alone:
            return
        table.alone = alone
        for entry in table:
            # keep the present slots until the owner grants others
            present_slots = {s.endpoint.replica: s.limit for s in entry.replicas}
            entry.set_shares(None if alone else present_slots)

    def _drop_removed(self) -> None:
        """Drop the state of removed functions."""
        exists = self._router.lookup
        self._starvation.retain(exists)
        for peer in self._peers.values():
            peer.grants = {name: grant for name, grant in peer.grants.items() if exists(name)}

    def _report(self, scope: Collection[str], *, heartbeat: bool) -> None:
        claims = {segment: claim_of(self._router.lookup(segment)) for segment in scope}
        for name, peer in self._peers.items():
            ours = dict(claims)
            if heartbeat:
                ours = dict.fromkeys(peer.sent_claims, NO_CLAIM) | ours
            news = {
                segment: claim
                for segment, claim in ours.items()
                if is_news(peer.sent_claims.get(segment), claim, heartbeat=heartbeat)
            }
            if news or heartbeat or peer.received != peer.acknowledged:
                sent = peer.sent_claims | news
                peer.sent_claims = {s: claim for s, claim in sent.items() if claim != NO_CLAIM}
                peer.acknowledged = peer.received
                loads = self._loads if heartbeat else None
                for message in report_messages(
                    news, loads, seen=peer.received, leaving=self._leaving
                ):
                    self._send(name, encode(message))

    def _allocate(self, entry: RouteEntry, now: float) -> None:
        """Allocate the slots of a function that this gateway owns."""
        segment = entry.route.ref.segment
        claims = {self._name: claim_of(entry)}
        claims |= {n: p.claim(segment) for n, p in self._peers.items() if p.reported}
        replicas = [slots.endpoint.replica for slots in entry.replicas]
        starved = self._starvation.update(segment, claims, now)
        for name, slots in allocate(entry.route.concurrency, replicas, claims, starved).items():
            if name == self._name:
                if slots != entry.shares:
                    entry.set_shares(slots)
                    self._dirty.add(segment)
                    self._wake.set()
            elif slots != self._peers[name].granted(segment):
                self._grant(name, self._peers[name], segment, slots)

    def _grant(self, name: str, peer: PeerState, segment: str, slots: SlotCounts) -> None:
        sent = peer.grant(segment, slots)
        # without `seen`: received grants are acknowledged only with the claims that show them
        message = PeerMessage(sent=sent, leaving=self._leaving, limits={segment: dict(slots)})
        self._send(name, encode(message))

    def _changed(self, entry: RouteEntry) -> None:
        if not self._router.table.alone:
            self._dirty.add(entry.route.ref.segment)
            self._wake.set()

    def _force_heartbeat(self) -> None:
        self._last_heartbeat = float("-inf")
        self._wake.set()

    def _active_segments(self) -> set[str]:
        return {e.route.ref.segment for e in self._router.table if e.replicas or e.load.now}

    def _peer(self, name: str) -> PeerState:
        return self._peers.setdefault(name, PeerState(self._clock()))

    def _is_fresh(self, peer: PeerState, now: float) -> bool:
        return peer.reported and now - peer.last_message < SILENT

    def _owner(self, segment: str) -> str:
        return owner_of(segment, self._voters)
