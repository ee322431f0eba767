"""What a client and the inspect server say to each other: one JSON object a line, with the number of its schema.

A request names what it wants in ``get``. An answer holds ``body``, or ``error``; of a request that is answered in many
lines, each but the last one says ``more``. Requests of one connection are answered in order.
"""

from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from feedtree.ops.facts import Facts, MailboxFacts, StreamFacts
from feedtree.supervisors.snapshot import Node

SCHEMA = 2
"""Counts up when a reader of another number would go wrong. 1 had no number, and knew nothing but trees."""

MAX_REQUEST = 4096  # bytes of a line; a longer one is refused
MOST_ROWS = 1_000  # of events, crashes, gaps and topics in one answer
MOST_TRACED = 10_000  # messages of one trace ...
FASTEST_TRACE = 100.0  # ... and how many of them a second

Action = Literal["restart", "stop", "start", "reset-backoff"]


class _Request(Struct, tag_field="get", forbid_unknown_fields=True, kw_only=True):
    """What every request has."""

    schema: int = SCHEMA


class Look(_Request, tag="look"):
    """Ask for the whole tree, and the facts of its streams and mailboxes, as they are at one instant."""


class Show(_Request, tag="show"):
    """Ask for all that is known of one path."""

    path: str


class Past(_Request, tag="events"):
    """Ask for lifecycle events at and below a path.

    Args:
        path: the branch; empty for the whole tree.
        last: how many of those that are remembered.
        follow: go on with those that happen from now on, until the client goes away.
    """

    path: str = ""
    last: int = 100
    follow: bool = False


class Crashes(_Request, tag="crashes"):
    """Ask for crashes at and below a path, the latest of each kind.

    Args:
        path: the branch; empty for the whole tree.
        last: how many kinds, those that came last.
    """

    path: str = ""
    last: int = 10


class Stacks(_Request, tag="stack"):
    """Ask where the tasks of an actor wait, or of all actors below a supervisor."""

    path: str = ""


class Trace(_Request, tag="trace"):
    """Ask for the messages of a stream as they pass.

    Args:
        path: of a stream, a venue, or an account.
        count: how many, 10,000 at most.
        rate: how many a second, 100 at most; others pass unseen, and are counted.
        symbol: of this symbol alone, ``BTC/USDT``; empty for all.
    """

    path: str
    count: int = 20
    rate: float = 10.0
    symbol: str = ""


class Gaps(_Request, tag="gaps"):
    """Ask for the gap ledger.

    Args:
        path: of a stream, a venue, an account, or empty for all.
        since_ns: only gaps that ended after it, or have not ended; UTC nanoseconds.
        last: how many, the newest.
    """

    path: str = ""
    since_ns: int = 0
    last: int = 100


class Control(_Request, tag="control"):
    """Ask for something to be done, which is refused unless the app allows it.

    Args:
        action: what.
        path: to what.
    """

    action: Action
    path: str


class Dump(_Request, tag="dump"):
    """Ask for the tree with all stacks; answered at a socket of its own, by a thread, also where the loop is stuck."""


Request: TypeAlias = Look | Show | Past | Crashes | Stacks | Trace | Gaps | Control | Dump


class Problem(Struct, frozen=True):
    """Why there is no body.

    Args:
        code: ``schema``, ``request``, ``path``, ``refused``, ``starting`` or ``failed``.
        text: a sentence for the user.
        close: paths that were meant, perhaps.
    """

    code: str
    text: str
    close: tuple[str, ...] = ()


class Answer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an answer."""

    schema: int = 0
    body: msgspec.Raw = msgspec.Raw(b"null")
    error: Problem | None = None
    more: bool = False


class Overview(Struct, frozen=True, kw_only=True):
    """The answer to `Look`.

    Args:
        app: the app's name.
        pid: its process.
        at: trio time in seconds; of two looks the difference is what passed between them.
        control: whether the app allows control.
        tree: every child.
        facts: of streams, mailboxes, accounts and the process.
    """

    app: str
    pid: int
    at: float
    control: bool
    tree: Node
    facts: Facts


class SpecFacts(Struct, frozen=True, kw_only=True):
    """How a child is supervised; seconds, None where nothing bounds them."""

    restart: str
    shutdown: float | None
    start_timeout: float | None
    bulkhead: bool
    essential: bool
    strategy: str | None = None
    intensity: int | None = None
    period: float | None = None
    backoff_initial: float
    backoff_cap: float
    backoff_reset_after: float


class TopicFacts(Struct, frozen=True):
    """One topic of a stream.

    Args:
        topic: as text.
        state: where it stands.
        via: the venue's channel that serves it.
        reason: why it is refused; empty where it is not.
        sequence: of its book; None where it has none.
        gaps: how many gaps of it are remembered.
    """

    topic: str
    state: str
    via: str
    reason: str = ""
    sequence: int | None = None
    gaps: int = 0


class Outage(Struct, frozen=True):
    """One outage of a stream, and how it was recovered from.

    Args:
        cause: what ended it, in a line.
        lost_ns: when the last good message came.
        detected_ms: from then until the loss was noticed.
        attempts: connections tried.
        after_return_ms: from the venue's first successful TCP connect until all was live; None where that is not known.
        took_s: from the last good message until all was live; None while it lasts.
    """

    cause: str
    lost_ns: int
    detected_ms: float
    attempts: int
    after_return_ms: float | None
    took_s: float | None


class Crash(Struct, frozen=True, kw_only=True):
    """A crash that came once or often: same child, same verdict, same reason.

    Args:
        count: how often since the tree runs.
        text: the last one's report, with its exceptions in full.
    """

    path: str
    verdict: str
    reason: str
    course: str
    count: int
    first_ns: int
    last_ns: int
    generation: int
    text: str


class Happening(Struct, frozen=True, kw_only=True):
    """A lifecycle event.

    Args:
        number: they are counted from 1; what is missing between two was dropped.
        at_ns: UTC nanoseconds.
    """

    number: int
    at_ns: int
    kind: str
    path: str
    generation: int
    reason: str = ""
    wait: float | None = None
    verdict: str = ""


class Details(Struct, frozen=True, kw_only=True):
    """The answer to `Show`.

    Args:
        node: the child, with all below it.
        spec: how it is supervised; None for the root.
        streams: the facts of the stream that it is, or of those below it.
        topics: of that stream; at most 1,000.
        outages: the newest of that stream, oldest first.
        sequence: of the last message of an account; None for all others.
        mailboxes: those that listen to it.
        gaps: how many gaps of it are remembered.
        crashes: its latest, of each kind.
    """

    node: Node
    spec: SpecFacts | None
    streams: list[StreamFacts]
    topics: list[TopicFacts]
    outages: list[Outage]
    sequence: int | None
    mailboxes: list[MailboxFacts]
    gaps: int
    crashes: list[Crash]


class Traced(Struct, frozen=True, kw_only=True):
    """One message as it passed.

    Args:
        type: its class.
        topic: or account, as text.
        received_ns: UTC nanoseconds.
        message: all of it; of long lists of levels the first ones.
    """

    type: str
    topic: str
    received_ns: int
    message: dict[str, Any]


class TraceEnd(Struct, frozen=True):
    """The last line of a trace: how many messages were shown, and how many passed unseen meanwhile."""

    shown: int
    skipped: int


class StackFacts(Struct, frozen=True):
    """Where the tasks of each actor wait: path -> stack, the innermost frame last."""

    stacks: dict[str, str]


class Done(Struct, frozen=True):
    """What a `Control` came to, in words."""

    text: str


class Dumped(Struct, frozen=True, kw_only=True):
    """The answer to `Dump`.

    Args:
        stuck: the event loop did not answer within `WAIT` seconds; what is told was looked at from another thread.
        running: where the loop's thread is, where it is stuck.
        tree: every child.
    """

    app: str
    pid: int
    stuck: bool
    running: str
    tree: Node
    stacks: dict[str, str]
