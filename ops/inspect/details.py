"""All that is known of one path, for ``feedtree show``."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.private.hub import PARENT as PRIVATE
from feedtree.exchanges.public.hub import PARENT as PUBLIC
from feedtree.exchanges.public.shard import Recovery, Shard
from feedtree.ops.facts import Facts, MailboxFacts, StreamFacts
from feedtree.ops.inspect.history import History
from feedtree.ops.inspect.paths import is_below
from feedtree.ops.inspect.protocol import MOST_ROWS, Details, Outage, SpecFacts, TopicFacts
from feedtree.ops.looking import facts_of, mailbox_facts
from feedtree.supervisors import ChildSpec
from feedtree.supervisors.specs import Spec
from feedtree.supervisors.view import strategy_of

if TYPE_CHECKING:
    from feedtree.exchanges.private.store import AccountStore
    from feedtree.ops.app import Tree

OUTAGES_SHOWN = 20
CRASHES_SHOWN = 5


def details_of(tree: "Tree", history: History, path: str) -> Details:
    """Return what is known of a path.

    Raises:
        ChildNotFound: no such child.
    """
    node = tree.node(path)
    facts = facts_of(tree)
    shard, store = shard_of(tree, path), store_of(tree, path)
    gaps = gaps_below(tree, path)
    return Details(
        node=node,
        spec=None if not path else _spec(tree.supervisor.spec(path)),
        streams=_streams(facts, path),
        topics=[] if shard is None else _topics(tree, shard, gaps),
        outages=[] if shard is None else [_outage(each) for each in list(shard.recoveries)[-OUTAGES_SHOWN:]],
        sequence=None if store is None else store.view.sequence,
        mailboxes=_mailboxes(tree, path),
        gaps=len(gaps),
        crashes=history.crashes(path, CRASHES_SHOWN),
    )


def shard_of(tree: "Tree", path: str) -> Shard | None:
    """Return the shard at, or above, a path; None where it leads to none."""
    branch, _, rest = path.partition("/")
    feed_id, _, rest = rest.partition("/")
    feed = tree.public.feeds.get(feed_id) if branch == PUBLIC else None
    if feed is None:
        return None
    wanted = rest.partition("/")[0]
    return next((shard for shard in feed.plan() if shard.id == wanted), None)


def store_of(tree: "Tree", path: str) -> "AccountStore | None":
    """Return the account at, or above, a path; None where it leads to none."""
    branch, *parts = path.split("/")
    if branch != PRIVATE or len(parts) < 2:
        return None
    return tree.private.stores.get("/".join(parts[:2]))


def gaps_below(tree: "Tree", path: str) -> list[Gap]:
    """Return the gaps of what is at or below a path, oldest first; a slot's are its shard's."""
    branch, *parts = path.split("/")
    if branch == PRIVATE and parts:
        account = "/".join((PRIVATE, *parts[:2]))
        return [gap for gap in tree.gaps() if is_below(gap.key, account)]
    if branch in (PUBLIC, PRIVATE) and not parts:
        return [gap for gap in tree.gaps() if is_below(gap.key, PRIVATE) == (branch == PRIVATE)]
    if branch == PUBLIC:
        feed = tree.public.feeds.get(parts[0])
        shard = shard_of(tree, path)
        if feed is None:
            return []
        wanted = feed.topics() if shard is None else shard.records
        keys = {str(topic) for topic in wanted}
        return [gap for gap in feed.coverage.ledger.gaps() if shard is None or gap.key in keys]
    return tree.gaps() if not path else []


def _streams(facts: Facts, path: str) -> list[StreamFacts]:
    return [each for each in facts.streams if is_below(each.path, path) or is_below(path, each.path)]


def _topics(tree: "Tree", shard: Shard, gaps: Iterable[Gap]) -> list[TopicFacts]:
    counts = Counter(gap.key for gap in gaps)
    rows: list[TopicFacts] = []
    for topic, record in list(shard.records.items())[:MOST_ROWS]:
        status = record.status()
        sequence = None if record.book is None or not record.book.live else record.book.sequence
        name = str(topic)
        rows.append(TopicFacts(name, str(status.state), status.via, status.reason, sequence, counts[name]))
    return rows


def _outage(recovery: Recovery) -> Outage:
    took = None if recovery.live_ns is None else (recovery.live_ns - recovery.lost_ns) / 1e9
    return Outage(
        recovery.cause,
        recovery.lost_ns,
        recovery.detected_ms,
        recovery.attempts,
        recovery.after_return_ms,
        took,
    )


def _mailboxes(tree: "Tree", path: str) -> list[MailboxFacts]:
    branch, *parts = path.split("/")
    if branch == PUBLIC and parts:
        feed = tree.public.feeds.get(parts[0])
        return [] if feed is None else list(mailbox_facts(PUBLIC, feed.fanout.mailboxes))
    store = store_of(tree, path)
    return [] if store is None else list(mailbox_facts(PRIVATE, store.mailboxes))


def _spec(spec: Spec) -> SpecFacts:
    backoff = spec.backoff
    supervisor = None if isinstance(spec, ChildSpec) else spec
    return SpecFacts(
        restart=spec.restart.value,
        shutdown=_bounded(spec.shutdown),
        start_timeout=_bounded(spec.start_timeout),
        bulkhead=spec.bulkhead,
        essential=spec.essential,
        strategy=None if supervisor is None else strategy_of(supervisor),
        intensity=None if supervisor is None else supervisor.intensity,
        period=None if supervisor is None else supervisor.period,
        backoff_initial=backoff.initial,
        backoff_cap=backoff.cap,
        backoff_reset_after=backoff.reset_after,
    )


def _bounded(seconds: float) -> float | None:
    return seconds if math.isfinite(seconds) else None
