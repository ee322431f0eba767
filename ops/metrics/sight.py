"""What one scrape sees of a tree: its facts, with copies of all that goes on changing.

Counters must never fall while what they count goes on: what was counted by streams and mailboxes that are gone stays
in the sums to which it belongs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from feedtree.actors.mailbox import Mailbox
from feedtree.actors.meters import Histogram, Meters
from feedtree.exchanges.phases import PHASES
from feedtree.exchanges.vitals import Vitals
from feedtree.ops.app import Tree
from feedtree.ops.facts import Facts
from feedtree.ops.looking import facts_of, vitals_of
from feedtree.ops.metrics.ends import Ends
from feedtree.supervisors import EventStream, Node

OF_VENUES = ("rtt_ns", "outage_ns", *(f"{phase}_ns" for phase in PHASES))
"""The histograms that are told for each venue and side, not for each stream."""
MOST_NAMES = 50
"""So many mailboxes have a series of their own, the first ones by name."""
OTHER, UNNAMED = "other", "unnamed"

Venue = tuple[str, str]  # venue and side


class MailboxSum(Struct):
    """What mailboxes of one name came to together, those that are closed among them; the rest is of open ones.

    Args:
        delivered: messages that were taken.
        skipped: messages that a newer one of their key took the place of.
        dropped: messages that were not delivered, by reason.
        depth: messages that wait.
        capacity: the depth at which all of them are full.
        oldest_s: seconds for which the oldest message has waited; 0 where none waits.
    """

    delivered: int = 0
    skipped: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    depth: int = 0
    capacity: int = 0
    oldest_s: float = 0.0

    def count(self, mailbox: Mailbox) -> None:
        """Add what a mailbox has counted."""
        statistics = mailbox.statistics()
        self.delivered += statistics.delivered
        self.skipped += statistics.skipped
        self.dropped = self.dropped + Counter(statistics.dropped)

    def look(self, mailbox: Mailbox) -> None:
        """Add how an open mailbox is now."""
        statistics = mailbox.statistics()
        self.depth += statistics.depth
        self.capacity += statistics.capacity
        self.oldest_s = max(self.oldest_s, statistics.oldest_age or 0.0)


class Sight(Struct, frozen=True, kw_only=True):
    """All of it at one instant.

    Args:
        facts: what there is.
        tree: the root's node.
        streams: the histograms of each stream, in the order of ``facts.streams``.
        venues: the same for each venue and side, with those of streams that are gone.
        desks: the histograms of each account's order desk, by the account's path.
        mailboxes: by side and name.
        ends: how incarnations ended, and how often the loop was blocked.
        missed: lifecycle events that could not be counted, since they came too fast.
        baseline_bytes: resident memory some time after the start; None before.
    """

    facts: Facts
    tree: Node
    streams: list[dict[str, Histogram]]
    venues: dict[Venue, Meters]
    desks: dict[str, dict[str, Histogram]]
    mailboxes: dict[tuple[str, str], MailboxSum]
    ends: Ends
    missed: int = 0
    baseline_bytes: int | None = None

    def nodes(self) -> Iterator[Node]:
        """Yield every node of the tree."""
        pending = [self.tree]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(node.children)


class Watcher:
    """Looks at one tree again and again, and remembers what has gone meanwhile.

    Args:
        events: those that are counted in `ends`; None where nobody counts.

    Attributes:
        ends: how incarnations ended; whoever takes the tree's events adds to it.
        baseline_bytes: see `Sight`; whoever measures it sets it.
    """

    def __init__(self, events: EventStream | None = None) -> None:
        self._events = events
        self.ends = Ends()
        self.baseline_bytes: int | None = None
        self._vitals: dict[Vitals, Venue] = {}
        self._past_venues: dict[Venue, Meters] = {}
        self._mailboxes: dict[Mailbox, tuple[str, str]] = {}
        self._past_mailboxes: dict[tuple[str, str], MailboxSum] = {}
        self._names: set[str] = set()

    def look(self, tree: Tree) -> Sight:
        """Look at a tree, in one synchronous pass in its loop; the sight does not change afterwards."""
        facts = facts_of(tree)
        streams = self._streams(tree, facts)
        return Sight(
            facts=facts,
            tree=tree.snapshot(),
            streams=streams,
            venues=self._venues(facts, streams),
            desks={
                f"private/{key}": _copies(desk.dispatch.meters) for key, desk in tree.private.desks.items()
            },
            mailboxes=self._sums(tree),
            ends=self.ends.copy(),
            missed=0 if self._events is None else self._events.missed,
            baseline_bytes=self.baseline_bytes,
        )

    def _streams(self, tree: Tree, facts: Facts) -> list[dict[str, Histogram]]:
        present = dict(zip(vitals_of(tree), ((each.venue, each.side) for each in facts.streams), strict=True))
        for vitals, venue in self._vitals.items():
            if vitals not in present:
                _add(self._past_venues.setdefault(venue, Meters()), vitals.meters.histograms)
        self._vitals = present
        return [_copies(vitals.meters) for vitals in present]

    def _venues(self, facts: Facts, streams: Iterable[dict[str, Histogram]]) -> dict[Venue, Meters]:
        venues: dict[Venue, Meters] = {}
        for venue, past in self._past_venues.items():
            venues.setdefault(venue, Meters()).merge(past)
        for each, histograms in zip(facts.streams, streams, strict=True):
            _add(venues.setdefault((each.venue, each.side), Meters()), histograms)
        return venues

    def _sums(self, tree: Tree) -> dict[tuple[str, str], MailboxSum]:
        present = {
            mailbox: (side, self._label(mailbox.name))
            for side, mailboxes in (
                ("public", tree.public.mailboxes()),
                ("private", tree.private.mailboxes()),
            )
            for mailbox in mailboxes
        }
        for mailbox, key in self._mailboxes.items():
            if mailbox not in present:
                _sum(self._past_mailboxes, key).count(mailbox)
        self._mailboxes = present
        sums = {
            key: MailboxSum(past.delivered, past.skipped, past.dropped)
            for key, past in self._past_mailboxes.items()
        }
        for mailbox, key in present.items():
            total = _sum(sums, key)
            total.count(mailbox)
            total.look(mailbox)
        return sums

    def _label(self, name: str) -> str:
        if not name:
            return UNNAMED
        if name not in self._names:
            if len(self._names) >= MOST_NAMES:
                return OTHER
            self._names.add(name)
        return name


def _sum(sums: dict[tuple[str, str], MailboxSum], key: tuple[str, str]) -> MailboxSum:
    return sums.setdefault(key, MailboxSum())


def _add(meters: Meters, histograms: Mapping[str, Histogram]) -> None:
    for name in OF_VENUES:
        if name in histograms:
            meters.histogram(name).merge(histograms[name])


def _copies(meters: Meters) -> dict[str, Histogram]:
    return {name: histogram.copy() for name, histogram in meters.histograms.items()}
