"""The end of a campaign: everything comes to rest, and what was told is compared with what was true."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import trio
from msgspec import Struct

from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.private.messages import Fill
from feedtree.exchanges.public.channels import Topic, Trades
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.campaign.judge import Evidence, broken
from feedtree.ops.chaos.campaign.arena import Arena
from feedtree.ops.chaos.campaign.checks import (
    by_kind,
    causeless,
    fills_apart,
    gaps_by_key,
    missing_in_ledger,
    unledgered,
)
from feedtree.ops.chaos.campaign.coverage import Interval, delivered
from feedtree.ops.chaos.campaign.observation import Window
from feedtree.ops.chaos.campaign.tracks import PrivateTrack, PublicTrack

DRAINED = 1.0  # seconds until the last pushes have come
FETCHED_LOOK, FETCHED_LOOKS = 0.2, 150  # seconds, and how often: until missed trades are fetched
SETTLED_WITHIN = 60.0  # seconds for the accounts to know what they missed
AGREED = 1.0  # seconds after which they still do

Totals = Mapping[tuple[str, Symbol], int]


class Books(Struct):
    """What was counted in all.

    Args:
        trades: that consumers got.
        passed: trades that passed in intervals of the gap ledger.
        fills: of all accounts.
        lost: trades and fills that nobody was told of, by class of fault; under ``""`` those of no fault.
        doubled: those that came twice, likewise.
        broken: what does not hold, a sentence each.
    """

    trades: int = 0
    passed: int = 0
    fills: int = 0
    lost: dict[str, int] = {}
    doubled: dict[str, int] = {}
    broken: list[str] = []


async def totals(arena: Arena) -> Totals:
    """Return how many trades there were so far, by venue and symbol: where the account of trades begins."""
    return {
        (track.line.venue, symbol): (await arena.exchanges.trades(track.line.venue, symbol, None)).total
        for track in arena.public()
        for symbol in track.line.symbols
    }


async def settle(arena: Arena, windows: Mapping[int, list[Window]], begun: Totals) -> Books:
    """Let everything come to rest, then compare.

    Args:
        arena: whose faults are over.
        windows: of the faults, by line.
        begun: see `totals`.
    """
    unexplained = [
        sentence
        for track in arena.tracks.values()
        for sentence in causeless(str(track.line), track.outages.past, windows[track.line.number])
    ]
    await fetched(arena)
    unexplained += _ledger(arena, windows)
    # From here on busy streams fall quiet, which may cost each of them a connection.
    for trader in arena.traders:
        trader.resting = True
    await arena.exchanges.rate(0)
    await trio.sleep(DRAINED)
    books = Books(lost={}, doubled={}, broken=unexplained)
    gaps = gaps_by_key(arena.tree.gaps())
    for public in arena.public():
        await _trades(arena, gaps, public, windows[public.line.number], begun, books)
    for private in arena.private():
        await _account(arena, private, windows[private.line.number], books)
    for track in arena.tracks.values():
        books.broken += [f"{track.line}: {wrong}" for wrong in track.outages.wrong[:3]]
    for path in {private.websocket.path for private in arena.private()}:
        still = [gap.cause for gap in gaps_by_key(arena.tree.gaps()).get(path, ()) if gap.end_ns is None]
        books.broken += [f"{path}: its gap is open at the end: {cause}" for cause in still]
    if arena.overflowed:
        books.broken.append(
            f"our own consumer was too slow for {arena.overflowed} messages: trades cannot be judged"
        )
    return books


async def fetched(arena: Arena) -> None:
    """Wait until trades that were missed are fetched: of a whole venue that was away for long that takes seconds."""
    keys = {str(topic) for track in arena.public() for topic in track.websocket.topics()}
    for _ in range(FETCHED_LOOKS):
        if not any(gap.key in keys and gap.end_ns is None for gap in arena.tree.gaps()):
            return
        await trio.sleep(FETCHED_LOOK)


def _ledger(arena: Arena, windows: Mapping[int, list[Window]]) -> Iterator[str]:
    """Compare the ledger with what consumers saw."""
    gaps = gaps_by_key(arena.tree.gaps())
    for public in arena.public():
        found = [gap for topic in public.websocket.topics() for gap in gaps.get(str(topic), ())]
        number = public.line.number
        yield from unledgered(str(public.line), public.outages.past, windows[number], found)
    for private in arena.private():
        # An account's gap lasts until it is consistent again, and there are others than those of its stream.
        own = gaps.get(private.websocket.path, ())
        yield from missing_in_ledger(str(private.line), private.outages.past, own)


async def _trades(
    arena: Arena,
    gaps: Mapping[str, Sequence[Gap]],
    track: PublicTrack,
    windows: list[Window],
    begun: Totals,
    books: Books,
) -> None:
    venue = track.line.venue
    for symbol in track.line.symbols:
        ledger = gaps.get(str(Topic(venue, symbol, Trades())), ())
        intervals = [Interval(gap.begin_ns, gap.end_ns) for gap in ledger]
        true = await arena.exchanges.trades(venue, symbol, begun[venue, symbol])
        found = delivered(true.trades, track.trades[symbol], intervals)
        books.trades += found.told
        books.passed += found.passed
        for kind, count in by_kind(found.lost, windows).items():
            books.lost[kind] = books.lost.get(kind, 0) + count
        if found.lost:
            books.broken.append(f"{track.line}: {len(found.lost)} trades of {symbol} were never told")
        if found.doubled:
            books.doubled[""] = books.doubled.get("", 0) + found.doubled
            books.broken.append(f"{track.line}: {found.doubled} trades of {symbol} were told twice")


async def _account(arena: Arena, track: PrivateTrack, windows: list[Window], books: Books) -> None:
    account, name = track.websocket, track.line.name
    store, desk = account.account.store, account.orders
    at_rest = partial(_at_rest, track)
    with trio.move_on_after(SETTLED_WITHIN):
        await store.wait(at_rest)
        await trio.sleep(AGREED)
        await store.wait(at_rest)
    truth = arena.exchanges.account(track.line.venue, name)
    try:
        evidence = Evidence(
            account=await truth.account(),
            orders=await truth.orders(),
            fills=await truth.fills(),
            entries=await truth.entries(),
            messages=track.messages,
            view=account.view,
            consistent=account.consistent,
            unresolved=desk.unresolved,
            calls=[],
        )
    finally:
        await truth.aclose()
    told = [message for message in track.messages if isinstance(message, Fill)]
    books.fills += len(evidence.fills)
    for into, times in zip((books.lost, books.doubled), fills_apart(told, evidence.fills), strict=True):
        for kind, count in by_kind(times, windows).items():
            into[kind] = into.get(kind, 0) + count
    books.broken += [f"{track.line}: {sentence}" for sentence in broken(evidence)]


def _at_rest(track: PrivateTrack) -> bool:
    store, desk = track.websocket.account.store, track.websocket.orders
    return store.consistent and not desk.unresolved
