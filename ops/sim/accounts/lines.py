"""Private pushes: who gets which, and what the switches make of them."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from msgspec import Struct

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.journal import Journal
from feedtree.ops.sim.peer import Peer
from feedtree.ops.sim.switches import VenueSwitches


class PrivatePush(Struct, frozen=True):
    """One frame for an account's subscribers.

    Args:
        channel: as its subscribers name it.
        wire: the symbol that it is about, empty for none.
        frame: as it goes out.
    """

    channel: str
    wire: str
    frame: bytes


@dataclass(frozen=True, slots=True)
class _Line:
    peer: Peer
    account: Account
    channel: str
    wires: frozenset[str]  # empty: all


class Lines:
    """The private subscriptions of a venue.

    Args:
        switches: of the venue.
        rng: of the venue.
        journal: of the venue.
        now_ns: UTC.
        later: does something after some seconds.

    Attributes:
        swallow: that many of the next pushes are lost on purpose.
        repeat: that many of the next pushes are sent twice on purpose.
    """

    def __init__(
        self,
        switches: VenueSwitches,
        rng: random.Random,
        journal: Journal,
        now_ns: Callable[[], int],
        later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._switches = switches
        self._rng = rng
        self._journal = journal
        self._now_ns = now_ns
        self._later = later
        self._lines: dict[tuple[Peer, str], _Line] = {}
        self._count = 0
        self.swallow = 0
        self.repeat = 0

    def __len__(self) -> int:
        return len(self._lines)

    def join(self, peer: Peer, account: Account, channel: str, wires: Iterable[str] = ()) -> None:
        """Subscribe a client to a channel of an account; where it has the channel, to these symbols, too."""
        known = self._lines.get((peer, channel))
        wanted = frozenset(wires)
        if known and known.account is account and known.wires and wanted:
            wanted |= known.wires
        self._lines[peer, channel] = _Line(peer, account, channel, wanted)

    def leave(self, peer: Peer, channel: str = "") -> None:
        """End a client's subscription to a channel, or (empty) all that it has."""
        for key in [key for key in self._lines if key[0] is peer and channel in ("", key[1])]:
            del self._lines[key]

    def push(self, account: Account, pushes: Iterable[PrivatePush]) -> None:
        """Send pushes to those who subscribed them, in order, but for what the switches change."""
        sent: list[PrivatePush] = []
        for push in pushes:
            self._count += 1
            sent += self._tampered(push)
        self._later(self._switches.private_delay_s, lambda: self._deliver(account, sent))

    def _tampered(self, push: PrivatePush) -> list[PrivatePush]:
        if self.swallow or _every(self._count, self._switches.private_skip_every):
            self.swallow = max(0, self.swallow - 1)
            self._journal.counts["private_swallowed"] += 1
            return []
        if self.repeat or _every(self._count, self._switches.private_repeat_every):
            self.repeat = max(0, self.repeat - 1)
            self._journal.counts["private_repeated"] += 1
            return [push, push]
        return [push]

    def _deliver(self, account: Account, pushes: list[PrivatePush]) -> None:
        if self._switches.private_shuffle:
            self._rng.shuffle(pushes)
        now_ns = self._now_ns()
        for push in pushes:
            self._journal.add(now_ns, f"account {account.name}", "push", push.frame)
            for line in list(self._lines.values()):
                if line.account is account and line.channel == push.channel and _covers(line, push.wire):
                    line.peer.push([push.frame])
                    line.peer.fed_ns = now_ns
                    self._journal.counts["private_pushed"] += 1


def _covers(line: _Line, wire: str) -> bool:
    return not line.wires or not wire or wire in line.wires


def _every(count: int, nth: int) -> bool:
    return bool(nth) and count % nth == 0
