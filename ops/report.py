"""The report of a run, in the form that ``--report`` writes."""

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from feedtree.exchanges.gaps import Gap
from feedtree.exchanges.phases import PhaseFigures
from feedtree.exchanges.public.shard import StreamReport
from feedtree.supervisors.snapshot import Node

SCHEMA = 1


class Books(Struct, frozen=True):
    """Books compared with the simulators' truth."""

    checked: int
    diverged: int


class AccountReport(Struct, frozen=True):
    """One account.

    Args:
        path: ``private/gateio.spot/main``.
        venue: ``gateio.spot``.
        fills_seen: fills that consumers were told of.
        fills_at_venue: fills that the simulated exchange says it had, read over REST; None for a real one.
        orders_unknown: orders whose outcome is not known at the end.
        reconciliations: how often it was compared with the venue.
        consistent: whether it was known to equal the venue's at the end.
        phases: how long connecting took, by phase.
        address: ``host:port`` of its stream's last connection.
    """

    path: str
    venue: str
    fills_seen: int
    fills_at_venue: int | None
    orders_unknown: int
    reconciliations: int
    consistent: bool
    phases: dict[str, PhaseFigures] = {}
    address: str = ""


class Totals(Struct, frozen=True):
    """Sums over all streams; ``restarts`` over the whole tree."""

    messages: int
    restarts: int
    gaps: int


class Report(Struct, frozen=True):
    """What a run did. The field ``schema`` changes when a reader of an older one would go wrong.

    Args:
        duration_s: how long the tree ran.
        gaps: every interval without live data, of each topic and account, oldest first.
        gaps_dropped: how many older ones were forgotten.
    """

    schema: int
    duration_s: float
    streams: list[StreamReport]
    books: Books
    totals: Totals
    accounts: list[AccountReport] = []
    gaps: list[Gap] = []
    gaps_dropped: int = 0


def make_report(
    duration_s: float,
    streams: list[StreamReport],
    books: Books,
    tree: Node,
    accounts: Iterable[AccountReport] = (),
    gaps: Iterable[Gap] = (),
    gaps_dropped: int = 0,
) -> Report:
    """Sum up a run.

    Args:
        duration_s: how long the tree ran.
        streams: the account of each.
        books: how the books compared.
        tree: the tree at the end, for its restarts.
        accounts: what each account saw.
        gaps: the intervals without live data, oldest first.
        gaps_dropped: how many of them were forgotten.
    """
    totals = Totals(
        messages=sum(stream.messages for stream in streams),
        restarts=restarts(tree),
        gaps=sum(stream.gaps for stream in streams),
    )
    return Report(
        SCHEMA, round(duration_s, 3), streams, books, totals, list(accounts), list(gaps), gaps_dropped
    )


def restarts(node: Node) -> int:
    """Return the restarts of a node and all below it."""
    return node.restarts + sum(restarts(child) for child in node.children)


def write_report(report: Report, path: Path) -> None:
    """Write a report whole or not at all: a reader never sees a half.

    Raises:
        OSError: the folder is gone, full, or not to be written to.
    """
    text = msgspec.json.format(msgspec.json.encode(report), indent=2)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(text + b"\n")
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
