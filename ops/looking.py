"""Looking at a running tree, in one synchronous pass that changes nothing and waits for nothing."""

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

from feedtree.actors.mailbox import Mailbox
from feedtree.actors.meters import Meters
from feedtree.exchanges.phases import PhaseFigures, figures, figures_of
from feedtree.exchanges.private.hub import PARENT as PRIVATE
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.hub import PARENT as PUBLIC
from feedtree.exchanges.public.records import TopicRecord, TopicState
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.vitals import Vitals
from feedtree.ops.facts import (
    INCONSISTENT,
    AccountFacts,
    BookFacts,
    Facts,
    MailboxFacts,
    ProcessFacts,
    StreamFacts,
)
from feedtree.ops.footprint import descriptors, peak_bytes, resident_bytes

if TYPE_CHECKING:  # an app without accounts does not pay for them
    from feedtree.exchanges.private.desk import OrderDesk
    from feedtree.exchanges.private.store import AccountStore
    from feedtree.ops.app import Tree


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
            policies={kind: policy.value for kind, policy in mailbox.policies.items()},
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
