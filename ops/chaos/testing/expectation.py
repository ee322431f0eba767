"""From a path to the streams that are expected to be lost and to come back, and their end."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from math import inf

import trio

from feedtree.exchanges.private.messages import Fill
from feedtree.exchanges.public.channels import Topic, Trades
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.app import Tree
from feedtree.ops.beside import beside
from feedtree.ops.chaos.spelling import WrongFault
from feedtree.ops.chaos.testing.exchange import SimulatedExchange, WrongTransport
from feedtree.ops.chaos.testing.recovery import Recovery, overdue
from feedtree.ops.chaos.testing.spells import Spells
from feedtree.ops.chaos.testing.streams import (
    AccountStream,
    ShardStream,
    Stream,
    chosen,
    listen,
    open_mailbox,
    paths,
    tales,
)
from feedtree.ops.chaos.testing.tally import AccountTally, MarketTally
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.markets import GATEIO
from feedtree.ops.sim.mexc.streams import trade_id
from feedtree.ops.sim.tape import Print


@asynccontextmanager
async def expect_recovery(
    exchange: SimulatedExchange,
    spells: Spells,
    tree: Tree,
    path: str,
    *,
    detect: float,
    recover: float,
    ready: float,
    patience: float,
) -> AsyncIterator[Recovery]:
    """See `Chaos.expect_recovery`."""
    if isinstance(exchange.network, MemoryNetwork):
        _check_memory(tree)
    recovery = Recovery(exchange, spells, path, detect=detect, recover=recover, patience=patience)
    async with beside() as nursery:
        await _live(tree, path, ready, exchange.seed)
        recovery.begin(_watch(exchange, tree, path, recovery.changed, nursery))
        with spells.seen_ending(recovery.note_end):
            yield recovery
            await recovery.finish()


def _check_memory(tree: Tree) -> None:
    """Refuse what does not go with exchanges in memory: sockets, and a wall clock that is not the virtual one's."""
    remedy = "open_tree(config, **simulated_exchange.tree_options)"
    if isinstance(tree.host.network, TcpNetwork):
        raise WrongTransport(f"the exchanges are in memory, and this tree uses sockets: {remedy}")
    if tree.host.wall_ns is time.time_ns:
        raise WrongTransport(
            "the exchanges are in memory under a virtual clock, and this tree has the machine's wall clock, by which "
            f"no outage lasts: {remedy}"
        )


def _watch(
    exchange: SimulatedExchange, tree: Tree, path: str, changed: Callable[[], None], nursery: trio.Nursery
) -> list[Stream]:
    """Make the streams that a path means, and have what they tell listened to."""
    every = paths(tree)
    found: list[Stream] = []
    of_feeds: dict[Feed, list[ShardStream]] = {}
    for each in chosen(tree, path):
        home = every[each]
        if isinstance(home, str):
            account = _account(exchange, tree, home, changed)
            nursery.start_soon(account.watch)
            nursery.start_soon(account.listen)
            found.append(account)
        else:
            shard = _shard(exchange, tree, home, each.rpartition("/")[2], changed)
            of_feeds.setdefault(home, []).append(shard)
            found.append(shard)
    for feed, streams in of_feeds.items():
        nursery.start_soon(listen, open_mailbox(tree, feed), streams, changed)
    return found


def _account(exchange: SimulatedExchange, tree: Tree, key: str, changed: Callable[[], None]) -> AccountStream:
    venue, _, name = key.partition("/")
    path = f"private/{key}"
    account = exchange.accounts.get(venue, name)
    before: tuple[Fill, ...] = tree.private.stores[key].view.recent_fills
    return AccountStream(
        tree,
        key,
        (venue, "private"),
        AccountTally(path, exchange.accounts.side(venue), account, before),
        changed,
    )


def _shard(
    exchange: SimulatedExchange, tree: Tree, feed: Feed, name: str, changed: Callable[[], None]
) -> ShardStream:
    shard: Shard = next(shard for shard in feed.plan() if shard.id == name)
    tally = MarketTally(
        f"{feed.path}/{name}",
        partial(_market, exchange),
        _number(feed.name),
        ()
        if feed.delivery == "tap"
        else [topic for topic in shard.records if isinstance(topic.channel, Trades)],
    )
    return ShardStream(tree, feed, shard, (feed.name, "public"), tally, changed)


def _market(exchange: SimulatedExchange, topic: Topic) -> Market:
    market = exchange.venue(topic.venue).market_of(topic.symbol)
    assert market is not None  # a topic of another symbol is refused, and never live
    return market


def _number(venue: str) -> Callable[[Print], str]:
    return (lambda trade: str(trade.number)) if venue == GATEIO else trade_id


async def _live(tree: Tree, path: str, ready: float, seed: int) -> None:
    """Wait until the streams of a path are live."""
    every, found = paths(tree), chosen(tree, path)
    if not found:
        there = ", ".join(every) or "none: the config names neither symbols nor accounts"
        raise WrongFault(
            f"there is no stream at path {path!r}; allowed: {there}, and what is above and below"
        )
    with trio.move_on_after(ready):
        for each in found:
            home = every[each]
            if isinstance(home, str):
                store = tree.private.stores[home]
                await store.wait(lambda store=store: store.consistent)  # type: ignore[misc]
            else:
                await home.wait_live(inf)
        return
    trouble = [line for each in found for line in tales(tree, each)]
    raise overdue(f"{path} was not live within {ready:g} s, before anything was expected", (), trouble, seed)
