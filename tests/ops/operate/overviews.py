"""Looks at an app, made by hand, for tests of what is made of them."""

from typing import Any

from msgspec.structs import replace

from feedtree.exchanges.phases import PhaseFigures
from feedtree.ops.facts import Facts, MailboxFacts, ProcessFacts, StreamFacts
from feedtree.ops.inspect.protocol import Details, Happening, Overview, SpecFacts
from feedtree.supervisors import ChildState, LoopFacts, Node
from feedtree.supervisors.usage import Usage


def node(path: str, *children: Node, **changes: Any) -> Node:
    """Return a node that runs: a supervisor where it has children."""
    supervisor = bool(children)
    given = Node(
        id=path.rpartition("/")[2] or "feedtree",
        path=path,
        kind="supervisor" if supervisor else "worker",
        strategy="one_for_one" if supervisor else None,
        state=ChildState.RUNNING,
        report=None,
        facts={},
        generation=1,
        uptime=12.0,
        restarts=0,
        restarts_in_window=0,
        intensity=5 if supervisor else None,
        period=60.0 if supervisor else None,
        wait=None,
        last_reason=None,
        worst_stop=0.5,
        children=children,
    )
    return replace(given, **changes)


def cost(seconds: float) -> Usage:
    """Return what an actor has cost: so much processor time."""
    return Usage(int(seconds * 1e9), 10, 2_000_000, 10, 1_000, 5_000)


def stream(path: str, **changes: Any) -> StreamFacts:
    """Return a stream that is live."""
    side, venue, *_ = path.split("/")
    given = StreamFacts(
        path=path,
        venue=venue,
        side=side,
        state="live",
        address="127.0.0.1:9000",
        connected_s=10.0,
        topics=3,
        confirmed=3,
        rejected=0,
        capacity=100,
        generation=1,
        restarts=0,
        messages=1_000,
        kinds={"books": 900, "trades": 100, "quotes": 0},
        errors={"undecodable": 0, "gaps": 0},
        bytes_in=250_000,
        bytes_out=300,
        age_s=0.2,
        latency=PhaseFigures(10, 0.5, 1.8, 3.0, 1.2),
        processing=None,
        rtt_ms=1.5,
        phases={"tcp": PhaseFigures(1, 2.0, 2.0, 2.0)},
        outages=0,
        recovered=0,
        in_time=0,
        down_s=0.0,
        lived_s=10.0,
    )
    return replace(given, **changes)


def mailbox(name: str, *sources: str, **changes: Any) -> MailboxFacts:
    """Return a mailbox that is nearly empty."""
    given = MailboxFacts(
        name=name,
        side="public",
        depth=2,
        capacity=64,
        high_water=10,
        delivered=500,
        dropped={},
        skipped=0,
        oldest_age=None,
        closed=False,
        sources=sources,
    )
    return replace(given, **changes)


def overview(
    *streams: StreamFacts,
    at: float = 100.0,
    pid: int = 7,
    control: bool = False,
    tree: Node | None = None,
    mailboxes: tuple[MailboxFacts, ...] = (),
    cpu_s: float = 1.0,
    loop: LoopFacts | None = None,
) -> Overview:
    """Return a look at an app with these streams, and a tree that fits them."""
    process = ProcessFacts(pid, 12.0, cpu_s, 50_000_000, 20, len(streams), 0)
    facts = Facts(0, list(streams), list(mailboxes), [], [], process, loop)
    grown = grow(*streams) if tree is None else tree
    return Overview(app="app", pid=pid, at=at, control=control, tree=grown, facts=facts)


def grow(*streams: StreamFacts) -> Node:
    """Return a tree with a branch for each stream, each with a connection ``a``, and an inspect server."""
    sides: dict[str, dict[str, list[Node]]] = {"public": {}, "private": {}}
    for each in streams:
        shard = node(each.path, node(f"{each.path}/a", report=each.state))
        sides[each.side].setdefault(each.path.rpartition("/")[0], []).append(shard)
    branches = [
        node(side, *(node(path, *shards) for path, shards in venues.items()), kind="supervisor")
        for side, venues in sides.items()
    ]
    ops = node("ops", node("ops/inspect", report="serving"))
    return node("", *branches, ops)


def details(of: Node, **changes: Any) -> Details:
    """Return the details of a node that nothing has happened to."""
    spec = SpecFacts(
        restart="permanent",
        shutdown=0.5,
        start_timeout=None,
        bulkhead=False,
        essential=False,
        backoff_initial=0.1,
        backoff_cap=2.0,
        backoff_reset_after=10.0,
    )
    given = Details(
        node=of, spec=spec, streams=[], topics=[], outages=[], sequence=None, mailboxes=[], gaps=0, crashes=[]
    )
    return replace(given, **changes)


def happening(
    number: int, kind: str = "started", path: str = "public/gateio.spot/shard-1", **changes: Any
) -> Happening:
    """Return an event."""
    given = Happening(
        number=number, at_ns=1_790_000_000_000_000_000 + number, kind=kind, path=path, generation=1
    )
    return replace(given, **changes)
