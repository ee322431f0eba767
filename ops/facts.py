"""What one look sees of a running tree, in one synchronous pass: streams, mailboxes, accounts, books, process, loop.

The parts of a `Facts` belong to the same instant. Looking changes nothing and waits for nothing.
"""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from feedtree.actors.mailbox import Mailbox
from feedtree.actors.meters import Meters
from feedtree.exchanges.phases import PhaseFigures, figures, figures_of
from feedtree.exchanges.private.hub import PARENT as PRIVATE
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.records import TopicRecord, TopicState
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.public.websocket import PARENT as PUBLIC
from feedtree.exchanges.vitals import Vitals
from feedtree.ops.footprint import descriptors, peak_bytes, resident_bytes
from feedtree.supervisors import LoopFacts

if TYPE_CHECKING:  # an app without accounts does not pay for them
    from feedtree.exchanges.private.desk import OrderDesk
    from feedtree.exchanges.private.store import AccountStore
    from feedtree.ops.app import Tree

INCONSISTENT = "inconsistent"
"""The state of an account's stream that is live, while the account is not known to equal the venue's."""
STATES = ("connecting", "syncing", "live", INCONSISTENT, "rejected", "down", "failed")
"""The states of a stream."""


class StreamFacts(Struct, frozen=True, kw_only=True):
    """One stream: a shard of a public feed, or the stream of an account. Counts are of all its incarnations.

    Args:
        path: ``public/gateio.spot/shard-1`` or ``private/gateio.spot/main``.
        venue: ``gateio.spot``.
        side: ``public`` or ``private``.
        state: connecting, syncing, live, rejected, down or failed; ``inconsistent`` for an account that is live and in
            doubt.
        address: ``host:port`` of the last connection; empty before the first.
        connected_s: age of the present connection in seconds; None while there is none.
        topics: how many are wanted; of an account its channels.
        confirmed: how many of them are live; of an account all or none.
        rejected: how many of them the venue refuses.
        capacity: how many topics the connection takes; None for an account.
        generation: how many incarnations there were.
        restarts: how many of them have failed.
        messages: those that were told, events among them.
        kinds: data that were told: books, trades, quotes, tickers, klines; of an account fills, orders, balances.
        errors: undecodable, unknown, gaps, refused; of an account undecodable and unknown.
        bytes_in: that came on all connections.
        bytes_out: that were sent on all connections.
        age_s: seconds since the last good message; None before the first.
        latency: from the venue's sending to the read, once a burst; None where nothing was measured.
        processing: from the read of a burst until every tap and mailbox has it; None where nothing was measured.
        rtt_ms: of the last ping that was answered; None before the first.
        phases: of connecting, by name.
        outages: how many began.
        recovered: how many of them are over.
        in_time: how many of those were over within three seconds.
        down_s: seconds of all outages together, the present one among them.
        lived_s: seconds since it was first live; 0 before that.
    """

    path: str
    venue: str
    side: str
    state: str
    address: str
    connected_s: float | None
    topics: int
    confirmed: int
    rejected: int
    capacity: int | None
    generation: int
    restarts: int
    messages: int
    kinds: dict[str, int]
    errors: dict[str, int]
    bytes_in: int
    bytes_out: int
    age_s: float | None
    latency: PhaseFigures | None
    processing: PhaseFigures | None
    rtt_ms: float | None
    phases: dict[str, PhaseFigures]
    outages: int
    recovered: int
    in_time: int
    down_s: float
    lived_s: float

    @property
    def live(self) -> bool:
        """Whether all of it that the venue does not refuse is told, and known to be right; not where it refuses all."""
        return self.state == "live"


class MailboxFacts(Struct, frozen=True, kw_only=True):
    """One open mailbox, as `MailboxStatistics` tells of it.

    Args:
        name: what its consumer calls it; empty where that is nothing.
        side: ``public`` or ``private``.
        depth: messages, tokens and events that wait.
        capacity: the depth at which it is full.
        high_water: the greatest depth so far.
        delivered: messages that were taken.
        dropped: messages that were not delivered, by reason.
        skipped: messages that a newer one of their key took the place of.
        oldest_age: seconds for which the oldest has waited; None where none waits.
        closed: whether nothing more is taken in.
        sources: the feeds and accounts that it listens to, ``public/gateio.spot`` or ``private/gateio.spot/main``.
    """

    name: str
    side: str
    depth: int
    capacity: int
    high_water: int
    delivered: int
    dropped: dict[str, int]
    skipped: int
    oldest_age: float | None
    closed: bool
    sources: tuple[str, ...] = ()


class AccountFacts(Struct, frozen=True, kw_only=True):
    """What is known of one account, beside its stream.

    Args:
        path: ``private/gateio.spot/main``.
        consistent: whether all of it is known to equal the venue's.
        unexplained: what keeps it from that, each in words.
        open_orders: how many orders are open.
        unresolved: how many orders are of unknown outcome.
        reconciliations: how often a comparison with the venue was told.
        fills: how many were told.
        recovered_fills: how many of them were found by asking.
        outcomes: orders that were accepted, rejected, of unknown outcome, and resolved since; empty without a desk.
        desk: the state of its order desk; empty without one.
        requests: requests about orders that went out, by the name of their door.
        held_back: requests that a rate limit kept from going out.
        braked: how often the venue asked for a pause.
    """

    path: str
    consistent: bool
    unexplained: tuple[str, ...]
    open_orders: int
    unresolved: int
    reconciliations: int
    fills: int
    recovered_fills: int
    outcomes: dict[str, int]
    desk: str
    requests: dict[str, int] = {}
    held_back: int = 0
    braked: int = 0


class BookFacts(Struct, frozen=True):
    """The books of one feed.

    Args:
        venue: ``gateio.spot``.
        states: how many book topics are in each state.
    """

    venue: str
    states: dict[str, int]


class ProcessFacts(Struct, frozen=True):
    """The process that the tree runs in.

    Args:
        pid: its number.
        started_s: seconds since the tree was opened.
        cpu_s: seconds of processor time, of all threads.
        resident_bytes: memory; the greatest so far where the system does not say what it is now.
        descriptors: that are open; None where the system does not say.
        connections: of all streams, open ones.
        messages: that all streams have told.
    """

    pid: int
    started_s: float
    cpu_s: float
    resident_bytes: int
    descriptors: int | None
    connections: int
    messages: int


class Facts(Struct, frozen=True):
    """All of it at one instant.

    Args:
        at_ns: when, UTC nanoseconds.
        streams: those of all feeds, then those of all accounts.
        mailboxes: the open ones.
        accounts: in the order in which they were opened.
        books: an entry for each feed that has books.
        process: what the tree runs in.
        loop: what the loop has done; None where nothing watches it.
    """

    at_ns: int
    streams: list[StreamFacts]
    mailboxes: list[MailboxFacts]
    accounts: list[AccountFacts]
    books: list[BookFacts]
    process: ProcessFacts
    loop: LoopFacts | None


def facts_of(tree: "Tree") -> Facts:
    """Look at a running tree.

    Call it in the loop that the tree runs on.
    """
    now_ns = tree.host.wall_ns()
    stores = tree.private.stores
    streams = [
        *(_public(feed, shard, now_ns) for feed in tree.public.feeds.values() for shard in feed.plan()),
        *(_private(f"{PRIVATE}/{key}", store, now_ns) for key, store in stores.items()),
    ]
    sources = _sources(tree)
    return Facts(
        at_ns=now_ns,
        streams=streams,
        mailboxes=[
            *mailbox_facts(PUBLIC, tree.public.mailboxes(), sources),
            *mailbox_facts(PRIVATE, tree.private.mailboxes(), sources),
        ],
        accounts=[
            _account(f"{PRIVATE}/{key}", store, tree.private.desks.get(key)) for key, store in stores.items()
        ],
        books=[each for each in map(_books, tree.public.feeds.values()) if each.states],
        process=_process(tree, now_ns, streams),
        loop=tree.supervisor.loop(),
    )


def vitals_of(tree: "Tree") -> Iterator[Vitals]:
    """Yield what the connections of each stream came to, in the order of `Facts.streams`."""
    for feed in tree.public.feeds.values():
        yield from (shard.vitals for shard in feed.plan())
    yield from (store.vitals for store in tree.private.stores.values())


def _public(feed: Feed, shard: Shard, now_ns: int) -> StreamFacts:
    states = Counter(record.state for record in shard.records.values())
    vitals, meters = shard.vitals, shard.meters
    return StreamFacts(
        path=f"{feed.path}/{shard.id}",
        venue=feed.name,
        side=PUBLIC,
        state=shard.state,
        address=shard.address,
        connected_s=vitals.connected_s(now_ns),
        topics=len(shard.records),
        confirmed=states[TopicState.LIVE],
        rejected=states[TopicState.REJECTED],
        capacity=shard.capacity,
        generation=shard.generation,
        restarts=vitals.restarts,
        messages=shard.messages,
        kinds=shard.told.to_dict(),
        errors=shard.errors,
        bytes_in=vitals.bytes_in,
        bytes_out=vitals.bytes_out,
        age_s=_age_s(shard.last_good_ns, now_ns),
        latency=_figures(meters, "latency_ns"),
        processing=_figures(meters, "processing_ns"),
        rtt_ms=_rtt_ms(vitals),
        phases=figures(meters),
        outages=vitals.uptime.outages,
        recovered=vitals.uptime.recovered,
        in_time=vitals.uptime.in_time,
        down_s=vitals.uptime.down_s(now_ns),
        lived_s=vitals.uptime.lived_s(now_ns),
    )


def _private(path: str, store: "AccountStore", now_ns: int) -> StreamFacts:
    view, counts, vitals = store.view, store.counts, store.vitals
    doubtful = view.state == "live" and not view.consistent
    return StreamFacts(
        path=path,
        venue=store.venue,
        side=PRIVATE,
        state=INCONSISTENT if doubtful else view.state,
        address=store.address,
        connected_s=vitals.connected_s(now_ns),
        topics=store.channels,
        confirmed=store.channels if view.state == "live" else 0,
        rejected=0,
        capacity=None,
        generation=store.streams.generation,
        restarts=vitals.restarts,
        messages=view.sequence,
        kinds={"fills": counts.fills, "orders": counts.orders, "balances": counts.balances},
        errors=dict(store.errors),
        bytes_in=vitals.bytes_in,
        bytes_out=vitals.bytes_out,
        age_s=view.age_s,
        latency=None,
        processing=None,
        rtt_ms=_rtt_ms(vitals),
        phases=figures(store.meters),
        outages=vitals.uptime.outages,
        recovered=vitals.uptime.recovered,
        in_time=vitals.uptime.in_time,
        down_s=vitals.uptime.down_s(now_ns),
        lived_s=vitals.uptime.lived_s(now_ns),
    )


def _age_s(then_ns: int, now_ns: int) -> float | None:
    return max(now_ns - then_ns, 0) / 1e9 if then_ns else None


def _rtt_ms(vitals: Vitals) -> float | None:
    return None if vitals.rtt_s is None else vitals.rtt_s * 1e3


def _figures(meters: Meters, name: str) -> PhaseFigures | None:
    histogram = meters.histograms.get(name)
    return None if histogram is None or histogram.highest is None else figures_of(histogram)


def _sources(tree: "Tree") -> dict[Mailbox, list[str]]:
    """Return the feeds and accounts that each mailbox listens to."""
    sources: defaultdict[Mailbox, list[str]] = defaultdict(list)
    for feed in tree.public.feeds.values():
        for mailbox in feed.fanout.mailboxes:
            sources[mailbox].append(feed.path)
    for key, store in tree.private.stores.items():
        for mailbox in store.mailboxes:
            sources[mailbox].append(f"{PRIVATE}/{key}")
    return sources


def mailbox_facts(
    side: str, mailboxes: Iterable[Mailbox], sources: Mapping[Mailbox, Sequence[str]] = MappingProxyType({})
) -> Iterator[MailboxFacts]:
    """Look at mailboxes of one side; they are told with their sources where those are given."""
    for mailbox in mailboxes:
        statistics = mailbox.statistics()
        yield MailboxFacts(
            name=mailbox.name,
            side=side,
            depth=statistics.depth,
            capacity=statistics.capacity,
            high_water=statistics.high_water,
            delivered=statistics.delivered,
            dropped=dict(statistics.dropped),
            skipped=statistics.skipped,
            oldest_age=statistics.oldest_age,
            closed=statistics.closed,
            sources=tuple(sources.get(mailbox, ())),
        )


def _account(path: str, store: "AccountStore", desk: "OrderDesk | None") -> AccountFacts:
    view, counts = store.view, store.counts
    return AccountFacts(
        path=path,
        consistent=view.consistent,
        unexplained=view.unexplained,
        open_orders=len(view.open_orders),
        unresolved=0 if desk is None else len(desk.unresolved),
        reconciliations=counts.reconciliations,
        fills=counts.fills,
        recovered_fills=counts.recovered_fills,
        outcomes={} if desk is None else dict(desk.docket.outcomes),
        desk="" if desk is None else desk.state,
        requests={} if desk is None else dict(desk.dispatch.sent),
        held_back=0 if desk is None else desk.dispatch.meters.counters["held_back"],
        braked=0 if desk is None else desk.dispatch.meters.counters["braked"],
    )


def _books(feed: Feed) -> BookFacts:
    records: Iterator[TopicRecord] = chain.from_iterable(shard.records.values() for shard in feed.plan())
    return BookFacts(
        feed.name, dict(Counter(record.state.value for record in records if record.book is not None))
    )


def _process(tree: "Tree", now_ns: int, streams: Iterable[StreamFacts]) -> ProcessFacts:
    resident = resident_bytes()
    return ProcessFacts(
        pid=os.getpid(),
        started_s=max(now_ns - tree.opened_ns, 0) / 1e9,
        cpu_s=time.process_time(),
        resident_bytes=peak_bytes() if resident is None else resident,
        descriptors=descriptors(),
        connections=sum(vitals.connections for vitals in vitals_of(tree)),
        messages=sum(stream.messages for stream in streams),
    )
