"""Faults of the moment: what breaks now, where the switches say what behaves otherwise from now on."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from feedtree.ops.sim import frames
from feedtree.ops.sim.gateio.venue import GateioVenue
from feedtree.ops.sim.mexc.private import MexcPrivate
from feedtree.ops.sim.peer import Peer
from feedtree.ops.sim.venue import NS, Venue


class UnknownFault(ValueError):
    """No such fault; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What to break.

    Args:
        kind: one of `KINDS`.
        seconds: how long, for the kinds that last.
        code: of the close frame.
        symbol: the venue's spelling; empty means all.
        count: how many pushes of each stream, or pieces of each order.
        account: its name at the venue; empty means all.
    """

    kind: str
    seconds: float = 3.0
    code: int = 1001
    symbol: str = ""
    count: int = 1
    account: str = ""


def _reset(venue: Venue, _: Fault) -> int:
    """Reset the venue's websocket connections (TCP RST)."""
    return _each(venue, Peer.reset)


def _close(venue: Venue, fault: Fault) -> int:
    """Close them with a close frame of `code`."""
    return _each(venue, lambda peer: peer.end(fault.code))


def _blackhole(venue: Venue, fault: Fault) -> int:
    """Neither read nor write them any more; new ones work. They are reset after `seconds`."""
    held = [peer for peer in venue.peers if not peer.deaf]

    def release() -> None:
        for peer in held:
            peer.reset()

    for peer in held:
        peer.deafen()
    venue.later(fault.seconds, release)
    return len(held)


def _mute(venue: Venue, fault: Fault) -> int:
    """Push no data to those with a stream of `symbol`, answer them all the same, reset them after `seconds`."""
    held = [peer for peer in venue.streams.listeners(fault.symbol) if not peer.muted]

    def release() -> None:
        for peer in held:
            peer.reset()

    for peer in held:
        peer.muted = True
    venue.later(fault.seconds, release)
    return len(held)


def _refuse(venue: Venue, fault: Fault) -> int:
    """Reset every new connection of the venue, REST too, for `seconds`."""
    venue.refusing_until_ns = venue.clock.now_ns() + int(fault.seconds * NS)
    return 0


def _gap(venue: Venue, fault: Fault) -> int:
    """Swallow the next `count` pushes of the book streams of `symbol`."""
    streams = venue.streams.matching(fault.symbol)
    for stream in streams:
        stream.swallow += fault.count
    return len(streams)


def _standstill(venue: Venue, fault: Fault) -> int:
    """Push the book streams of `symbol` no more, for `seconds`, or until nobody subscribes to them any more."""
    streams = venue.streams.matching(fault.symbol)
    for stream in streams:
        stream.mute_until_ns = venue.clock.now_ns() + int(fault.seconds * NS)
    return len(streams)


def _repeat(venue: Venue, fault: Fault) -> int:
    """Send the next `count` pushes of the book streams of `symbol` twice."""
    streams = venue.streams.matching(fault.symbol)
    for stream in streams:
        stream.repeat += fault.count
    return len(streams)


def _listen_keys(venue: Venue, fault: Fault) -> int:
    """End the listen keys of `account` (MEXC only)."""
    return venue.private.end_keys(fault.account) if isinstance(venue.private, MexcPrivate) else 0


def _garbage(venue: Venue, fault: Fault) -> int:
    """Send `count` frames that decode as nothing."""
    text = frames.text(b'{"channel":"spot.trades","result":[}')
    frame = text if isinstance(venue, GateioVenue) else frames.binary(b"\xff\xff\xff\xff garbage")
    return _each(venue, lambda peer: peer.push([frame] * fault.count))


def _notice(venue: Venue, fault: Fault) -> int:
    """Announce an upgrade (Gate.io only), and close the connections `seconds` later."""
    held = list(venue.peers)

    def close() -> None:
        for peer in held:
            peer.end(None)

    if isinstance(venue, GateioVenue):
        frame = venue.notice()
        _each(venue, lambda peer: peer.push([frame]))
    venue.later(fault.seconds, close)
    return len(held)


def _private_gap(venue: Venue, fault: Fault) -> int:
    """Swallow the next `count` private pushes."""
    if venue.private is None:
        return 0
    venue.private.lines.swallow += fault.count
    return len(venue.private.lines)


def _private_repeat(venue: Venue, fault: Fault) -> int:
    """Send the next `count` private pushes twice."""
    if venue.private is None:
        return 0
    venue.private.lines.repeat += fault.count
    return len(venue.private.lines)


def _fills(venue: Venue, fault: Fault) -> int:
    """Fill the accounts' resting orders of `symbol` now, each in `count` pieces."""
    return venue.private.engine.eat(fault.symbol, fault.count) if venue.private else 0


KINDS: dict[str, Callable[[Venue, Fault], int]] = {
    "reset": _reset,
    "close": _close,
    "blackhole": _blackhole,
    "mute": _mute,
    "refuse": _refuse,
    "gap": _gap,
    "standstill": _standstill,
    "repeat": _repeat,
    "garbage": _garbage,
    "notice": _notice,
    "private_gap": _private_gap,
    "private_repeat": _private_repeat,
    "listen_keys": _listen_keys,
    "fills": _fills,
}


def inflict(venues: Iterable[Venue], fault: Fault) -> int:
    """Break something at once.

    Returns:
        How many connections or streams it met.

    Raises:
        UnknownFault: there is no such kind.
    """
    action = KINDS.get(fault.kind)
    if action is None:
        raise UnknownFault(f"unknown fault {fault.kind!r}: there are {', '.join(KINDS)}")
    met = 0
    for venue in venues:
        venue.journal.add(venue.clock.now_ns(), "*", "fault", str(fault))
        venue.journal.counts[f"fault_{fault.kind}"] += 1
        met += action(venue, fault)
    return met


def _each(venue: Venue, action: Callable[[Peer], None]) -> int:
    peers = list(venue.peers)
    for peer in peers:
        action(peer)
        peer.flush()
    return len(peers)
