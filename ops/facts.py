"""What one look at a running tree tells: streams, mailboxes, accounts, books, process, loop.

The parts of a `Facts` belong to the same instant. These are data alone, for whoever looks from another process, too.
"""

from msgspec import Struct

from feedtree.exchanges.phases import PhaseFigures
from feedtree.supervisors import LoopFacts

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
        policies: what happens to the data that its consumer is too slow for, by the name of their class.
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
    policies: dict[str, str] = {}
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
