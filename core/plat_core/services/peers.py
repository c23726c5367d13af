"""Several gateways before the same replicas: they tell each other what they have and what they see.

Each gateway tells all others of its claims (`shares.Claim`) as they change, and of its loads at
each tick of the autoscaler. For each function one of them, the keeper, answers with limits, and
asks for replicas. Everything is a level, numbered where order matters: a link that breaks is
opened again and begins with all there is. No I/O here: `send` carries a line, `receive` takes one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from pydantic import ValidationError

from plat_core.model.names import FunctionRef
from plat_core.services.invoke import Router, Sample
from plat_core.services.peer import Peer, claim_of, is_news
from plat_core.services.presence import Presence, line_of
from plat_core.services.routing import RouteEntry
from plat_core.services.shares import NOTHING, Claim, Slots, allot, keeper
from plat_core.wire import ClaimLine, LoadLine, PeerMessage

log = logging.getLogger(__name__)

BEAT: Final = 1.0
"""Seconds between two messages where there is no news."""
GATHER: Final = 0.002
"""Seconds within which news are told together."""
SILENT: Final = 3.0
"""Seconds after which a gateway that says nothing counts no more."""
STOPPED: Final = 1.5 * BEAT
"""Seconds without a turn here after which the others may soon count us out: a turn takes up to BEAT
to come, and the last word may have been said a BEAT before the last one."""
STALE: Final = 5.0
"""Seconds for which a load holds."""
STARVED: Final = 0.1
"""Seconds without any slot after which a gateway that wants one comes first."""
CHUNK: Final = 1000
"""Functions in one message."""


class Peers:
    """This gateway among the others: a source of loads and the quorum of an `Autoscaler`.

    `name` is its own, `send(name, line)` carries a line to another gateway, or drops it where
    there is no link. Only the thread of the event loop may use it.
    """

    def __init__(self, name: str, router: Router, *, send: Callable[[str, bytes], None]) -> None:
        self._name = name
        self._router = router
        self._clock = router.clock
        self._send = send
        self._peers: dict[str, Peer] = {}
        self._dirty: set[str] = set()
        self._loads: dict[str, LoadLine] | None = None
        self._hungry: dict[tuple[str, str], float] = {}
        self._presence = Presence(router, send)
        self._stirred = asyncio.Event()
        self._beaten = float("-inf")
        self._turned = float("inf")
        self._leaving = False
        self._voters: list[str] = [name]
        router.table.tell = self._tell

    # who is there

    def members(self, ready: Collection[str]) -> None:
        """The names of the other gateways that the cluster calls ready."""
        for name in ready:
            self._peer(name).ready = True
        for name, peer in list(self._peers.items()):
            peer.ready = name in ready
            if not peer.ready and not peer.linked:
                self._peers.pop(name)
        self._look_round(self._clock())
        self._stir()

    def joined(self, name: str) -> None:
        """The link from another gateway is open; what it says begins anew."""
        self._peer(name).begin(self._clock())
        self._stir()

    def lost(self, name: str) -> None:
        """The link from it is closed."""
        if peer := self._peers.get(name):
            peer.linked = False
            if not peer.ready:
                self._peers.pop(name)
            self._stir()

    def reaches(self, name: str) -> None:
        """The link to it is open: it is told everything."""
        peer = self._peer(name)
        peer.told = {}
        for segment, limits in list(peer.limits.items()):
            if limits.number > peer.seen:
                self._allow(name, peer, segment, limits.slots)
        self._beaten = float("-inf")
        self._stir()

    def leave(self) -> None:
        """This gateway stops: it decides no more, and what it still uses it tells of."""
        self._leaving = True
        self._beaten = float("-inf")
        self._stir()

    @property
    def unheard(self) -> list[str]:
        """Gateways that are ready, and may have been there for long, but said nothing yet."""
        now = self._clock()
        return [
            name
            for name, peer in self._peers.items()
            if peer.ready and not self._fresh(peer, now) and now - peer.heard < SILENT
        ]

    # what an autoscaler asks

    @property
    def complete(self) -> bool:
        """See `autoscaler.Quorum`: every ready gateway told of its load."""
        oldest = self._clock() - STALE
        return all(peer.loaded > oldest for peer in self._peers.values() if peer.ready)

    def keeps(self, ref: FunctionRef) -> bool:
        """See `autoscaler.Quorum`."""
        return self._keeps(ref.segment)

    def samples(self) -> list[Sample]:
        """The load of every function over all gateways; tells the others of what is ours."""
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
        self._beaten = float("-inf")
        self._stir()
        return [self._summed(sample, now) for sample in own]

    def _summed(self, sample: Sample, now: float) -> Sample:
        segment = sample.route.ref.segment
        for peer in self._peers.values():
            when, load = peer.loads.get(segment, (float("-inf"), None))
            if load is None or when < now - STALE:
                continue
            # claims are told as they change: they know of a call that began after the load
            demand = peer.claims.get(segment, NOTHING).demand
            sample = replace(
                sample,
                concurrency=sample.concurrency + load.concurrency,
                in_flight=sample.in_flight + max(load.in_flight, demand - load.waiting),
                waiting=sample.waiting + load.waiting,
                active_at=max(sample.active_at, now if demand else when - load.idle),
            )
        return sample

    # what others say

    def receive(self, name: str, line: bytes) -> None:
        """Take in a line; one that is no message, or has a number beyond reason, is ignored."""
        peer = self._peers.get(name)
        if peer is None:
            return
        try:
            message = PeerMessage.model_validate_json(line)
        except ValidationError as error:
            problem = error.errors(include_input=False, include_url=False)[0]
            log.warning("what gateway %s said is ignored: %s", name, problem["msg"])
            return
        now = self._clock()
        new, peer.heard, peer.reported = not peer.reported, now, True
        peer.leaving, peer.seen = message.leaving, max(peer.seen, message.seen)
        for segment, claim in message.claims.items():
            peer.claims[segment] = Claim(claim.demand, claim.held, claim.busy)
        if message.loads is not None:
            peer.loaded = now
            held = {s: known for s, known in peer.loads.items() if known[0] > now - STALE}
            peer.loads = held | {s: (now, load) for s, load in message.loads.items()}
        self._dirty.update(message.claims)
        if message.asks or message.knows:
            self._presence.receive(name, message)
        if new:
            # limits may follow at once, from who decides now
            self._look_round(now)
        if message.limits:
            self._obey(name, peer, message)
        if message.claims or message.limits:
            self._stir()

    def _obey(self, name: str, peer: Peer, message: PeerMessage) -> None:
        peer.taken = max(peer.taken, message.sent)
        for segment, limits in message.limits.items():
            entry = self._router.lookup(segment)
            if entry is not None and self._keeper(segment) == name:
                self._limit(entry, limits)
            self._dirty.add(segment)

    async def appears(self, ref: FunctionRef, *, within: float) -> None:
        """Wait until the function can be called at every gateway; gives up after `within` seconds.

        A gateway that does not answer learns of it from its own watch.
        """
        others = [n for n, p in self._peers.items() if p.linked and p.reported]
        try:
            async with asyncio.timeout(within):
                await self._presence.appears(ref.segment, others)
        except TimeoutError:
            log.warning("not every gateway says that it knows %s", ref)

    # one turn

    async def run(self) -> None:
        """Tell and decide, at once where there is news, until cancelled."""
        while True:
            wait = STARVED if self._hungry else BEAT
            try:
                async with asyncio.timeout(wait):
                    await self._stirred.wait()
            except TimeoutError:
                pass
            self._stirred.clear()
            await asyncio.sleep(GATHER)
            self.turn()

    def turn(self) -> None:
        """Tell the others what is new here, and decide where that is ours."""
        now = self._clock()
        if now - self._turned >= STOPPED:
            self._resume(now)
        self._turned = now
        self._look_round(now)
        if self._router.table.alone:
            self._dirty.clear()
            return
        beat = now - self._beaten >= BEAT
        dirty, self._dirty = self._dirty, set()
        scope = self._all() if beat else dirty
        self._say(scope, beat=beat)
        if beat:
            self._beaten, self._loads = now, None
            self._forget()
        if not self.unheard:
            scope |= {segment for segment, _ in self._hungry}
            for segment in scope:
                if (entry := self._router.lookup(segment)) and self._keeps(segment):
                    self._decide(entry, now)

    def _resume(self, now: float) -> None:
        """Go on after this process did not run for long.

        What others said meanwhile is unread, so none of them was silent, and nothing is decided
        before it is read; they may have counted us out and use what was ours.
        """
        for peer in self._peers.values():
            peer.heard, peer.reported = now, False
        if not self._router.table.alone:
            for entry in self._router.table:
                self._limit(entry, {})
                self._dirty.add(entry.route.ref.segment)

    def _look_round(self, now: float) -> None:
        """Forget who is gone; who is alone needs to ask nobody."""
        for peer in self._peers.values():
            if peer.reported and now - peer.heard >= SILENT:
                peer.forget()
        others = {n: p for n, p in self._peers.items() if p.ready or p.linked}
        voters = [n for n, p in others.items() if p.linked and p.reported and not p.leaving]
        voters = sorted(voters if self._leaving and voters else [*voters, self._name])
        if voters != self._voters:
            self._voters = voters
            self._hungry.clear()
            self._dirty |= self._all()
        table, alone = self._router.table, not others
        if alone == table.alone:
            return
        table.alone = alone
        for entry in table:
            # what was ours is so until the keeper says otherwise
            every = {s.endpoint.replica: s.limit for s in entry.replicas}
            self._limit(entry, None if alone else every)

    def _forget(self) -> None:
        """Let go of what is known of functions that are gone."""
        there = self._router.lookup
        self._hungry = {key: since for key, since in self._hungry.items() if there(key[0])}
        for peer in self._peers.values():
            peer.limits = {name: told for name, told in peer.limits.items() if there(name)}

    def _say(self, scope: Collection[str], *, beat: bool) -> None:
        claims = {segment: self._claim(segment) for segment in scope}
        for name, peer in self._peers.items():
            ours = dict(claims)
            if beat:
                ours = dict.fromkeys(peer.told, NOTHING) | ours
            news = {s: c for s, c in ours.items() if is_news(peer.told.get(s), c, beat=beat)}
            if news or beat or peer.taken != peer.acknowledged:
                peer.told = {s: c for s, c in (peer.told | news).items() if c != NOTHING}
                peer.acknowledged = peer.taken
                self._report(name, peer, news, self._loads if beat else None)

    def _report(
        self, name: str, peer: Peer, claims: dict[str, Claim], loads: dict[str, LoadLine] | None
    ) -> None:
        about = list((loads or {}).items())
        lines = [
            (s, ClaimLine(demand=c.demand, held=dict(c.held), busy=dict(c.busy)))
            for s, c in claims.items()
        ]
        for start in range(0, last := max(len(lines), len(about), 1), CHUNK):
            message = PeerMessage(
                seen=peer.taken if start + CHUNK >= last else 0,
                leaving=self._leaving,
                claims=dict(lines[start : start + CHUNK]),
                loads=None if loads is None else dict(about[start : start + CHUNK]),
            )
            self._send(name, line_of(message))

    def _decide(self, entry: RouteEntry, now: float) -> None:
        """Allot the slots of a function that is ours to keep."""
        segment = entry.route.ref.segment
        claims = {self._name: self._claim(segment)}
        claims |= {n: p.claim(segment) for n, p in self._peers.items() if p.reported}
        replicas = [slots.endpoint.replica for slots in entry.replicas]
        first = self._starved(segment, claims, now)
        for name, slots in allot(entry.route.concurrency, replicas, claims, first).items():
            if name == self._name:
                if slots != entry.shares:
                    self._limit(entry, slots)
                    self._dirty.add(segment)
                    self._stir()
            elif slots != self._peers[name].allowed(segment):
                self._allow(name, self._peers[name], segment, slots)

    def _allow(self, name: str, peer: Peer, segment: str, slots: Slots) -> None:
        sent = peer.allow(segment, slots)
        # what we took in is told with the claims that show it, and not before
        message = PeerMessage(sent=sent, leaving=self._leaving, limits={segment: dict(slots)})
        self._send(name, line_of(message))

    def _starved(self, segment: str, claims: dict[str, Claim], now: float) -> list[str]:
        """Who wants a slot of this function and had none for long."""
        without = {n for n, c in claims.items() if c.demand and not any(c.held.values())}
        before = {n: since for (s, n), since in self._hungry.items() if s == segment}
        for name in before.keys() - without:
            del self._hungry[segment, name]
        for name in without - before.keys():
            self._hungry[segment, name] = now
        return [n for n in without if now - before.get(n, now) >= STARVED]

    # parts

    def _tell(self, entry: RouteEntry) -> None:
        if not self._router.table.alone:
            self._dirty.add(entry.route.ref.segment)
            self._stir()

    def _stir(self) -> None:
        self._stirred.set()

    def _limit(self, entry: RouteEntry, slots: Slots | None) -> None:
        entry.limit(slots)
        entry.hand_out()

    def _claim(self, segment: str) -> Claim:
        return claim_of(self._router.lookup(segment))

    def _all(self) -> set[str]:
        return {e.route.ref.segment for e in self._router.table if e.replicas or e.load.now}

    def _peer(self, name: str) -> Peer:
        return self._peers.setdefault(name, Peer(self._clock()))

    def _fresh(self, peer: Peer, now: float) -> bool:
        return peer.reported and now - peer.heard < SILENT

    def _keeper(self, segment: str) -> str:
        return keeper(segment, self._voters)

    def _keeps(self, segment: str) -> bool:
        return self._keeper(segment) == self._name
