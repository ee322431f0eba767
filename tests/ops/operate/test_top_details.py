"""The details pane of `feedtree top`: what it says of a node."""

from msgspec.structs import replace

from feedtree.exchanges.phases import PhaseFigures
from feedtree.ops.inspect.protocol import Crash, Outage, TopicFacts
from feedtree.ops.operate.top.details import detail_lines
from feedtree.supervisors import ChildState
from tests.ops.operate.overviews import cost, details, mailbox, node, stream

PATH = "public/gateio.spot/shard-1"


def said(*arguments: object) -> dict[str, list[str]]:
    """Return the lines by what they are about."""
    found: dict[str, list[str]] = {}
    about = ""
    for name, text in detail_lines(*arguments):  # type: ignore[arg-type]
        about = name or about
        found.setdefault(about, []).append(text.plain)
    return found


def test_a_healthy_stream() -> None:
    """Endpoint, topics, messages, traffic and times; nothing of what did not happen."""
    of = node(PATH, node(f"{PATH}/a"))
    lines = said(of, stream(PATH), [mailbox("strategy", "public/gateio.spot")], details(of))
    assert lines == {
        "state": ["live  one_for_one supervisor, up 12.0s"],
        "spec": ["permanent, stop within 0.5 s, backoff 0.1 to 2 s"],
        "endpoint": ["127.0.0.1:9000, connected for 10.0s"],
        "topics": ["3 of 3 live, room for 100"],
        "messages": ["1,000, last message 0.2s ago, round trip 1.50 ms", "900 books, 100 trades"],
        "traffic": ["250.0 kB in, 300 bytes out"],
        "latency": ["p50 0.50  p95 1.20  p99 1.80  highest 3.00 ms"],
        "connecting": ["tcp 2.00 ms (p50)"],
        "mailboxes": ["strategy  2 of 64 wait, at most 10"],
    }


def test_a_stream_in_trouble() -> None:
    """What is wrong, since when, how often, and what was lost."""
    of = node(
        PATH,
        node(f"{PATH}/a"),
        generation=3,
        restarts=2,
        last_reason="ConnectFailed: refused",
        stalls=1,
        longest_stall=0.31,
    )
    ill = stream(
        PATH,
        state="down",
        connected_s=None,
        address="",
        confirmed=1,
        rejected=1,
        capacity=None,
        age_s=None,
        rtt_ms=None,
        errors={"undecodable": 4, "gaps": 0},
        kinds={},
        latency=None,
        processing=PhaseFigures(1, 0.02, 0.04, 0.1),
        phases={},
        outages=4,
        recovered=3,
        in_time=2,
        down_s=5.0,
        lived_s=50.0,
        bytes_in=2_500_000_000,
        bytes_out=3_000_000,
    )
    topics = [TopicFacts(f"BTC{number}/USDT trades", "syncing", "spot.trades") for number in range(25)]
    topics[0] = TopicFacts("ETH/USDT book", "rejected", "spot.obu", "delisted")
    crash = Crash(
        path=f"{PATH}/a",
        verdict="bug",
        reason="KeyError: 'x'",
        course="restart",
        count=3,
        first_ns=1,
        last_ns=2,
        generation=2,
        text="",
    )
    outages = [Outage("reset", 0, 1.0, 1, None, 1.25), Outage("refused", 0, 1.0, 9, None, None)]
    shown = details(of, topics=topics, outages=outages, gaps=2, crashes=[crash, replace(crash, count=1)])
    boxes = [mailbox(f"box {number}", dropped={"full": 12}, oldest_age=61.0) for number in range(9)]
    lines = said(of, ill, [replace(boxes[0], name=""), *boxes[1:]], shown)
    assert lines["state"] == ["down  one_for_one supervisor, generation 3, up 12.0s, 2 restarts"]
    assert lines["last end"] == ["ConnectFailed: refused"]
    assert lines["stalls"] == ["1 of the event loop, up to 0.31 s"]
    assert lines["endpoint"] == ["(none yet), not connected"]
    assert lines["topics"] == ["1 of 3 live, 1 refused"]
    assert lines["messages"] == ["1,000, no message yet"]
    assert lines["traffic"] == ["2.5 GB in, 3.0 MB out"]
    assert lines["errors"] == ["4 undecodable"]
    assert lines["processing"] == ["p50 0.02  p95 0.00  p99 0.04  highest 0.10 ms"]
    assert lines["outages"][0] == "4, 3 recovered, 2 of them within 3 s, up 90.000%"
    assert [line.split("  ")[1:] for line in lines["outages"][1:]] == [
        ["lasts", "refused"],
        ["took 1.25 s", "reset"],
    ]
    assert lines["not live"][0] == "ETH/USDT book  rejected  delisted"
    assert len(lines["not live"]) == 21
    assert lines["not live"][-1] == "and 5 more"
    assert lines["mailboxes"][0] == "(no name)  2 of 64 wait, at most 10, the oldest 1m01s, 12 dropped"
    assert lines["mailboxes"][-1] == "and 1 more"
    assert lines["gaps"] == [f"2 on record: feedtree gaps {PATH}"]
    assert [line.partition("  ")[2] for line in lines["crashes"]] == [
        "bug  a, once: KeyError: 'x'",
        "bug  a, 3 times: KeyError: 'x'",
    ]


def test_a_supervisor() -> None:
    """Its intensity, the longest stop, and what sets it apart."""
    of = node("private/mexc.spot", node("private/mexc.spot/main"), restarts_in_window=2)
    shown = details(of)
    assert shown.spec is not None
    spec = replace(
        shown.spec,
        strategy="dynamic",
        intensity=3,
        period=300.0,
        shutdown=None,
        bulkhead=True,
        essential=True,
    )
    lines = said(of, None, [], replace(shown, spec=spec))
    assert lines["spec"] == [
        "permanent, 2 of 3 restarts in 300 s, stops in 0.5 s at worst, backoff 0.1 to 2 s, bulkhead, essential"
    ]


def test_a_worker_that_waits() -> None:
    """What it told, what it cost, and when it goes on; the spec is shown when it is here."""
    of = node(
        "ops/inspect",
        state=ChildState.RESTARTING,
        wait=1.26,
        uptime=None,
        facts={"socket": "/x"},
        usage=cost(0.5),
    )
    lines = said(of, None, [], None)
    assert lines == {
        "state": ["restarting  worker, starts in 1.3 s"],
        "told": ["socket /x"],
        "cost": ["0.50 s of CPU in 10 steps, the longest 2.0 ms"],
    }
    unbounded = details(of)
    assert unbounded.spec is not None
    shown = replace(unbounded, spec=replace(unbounded.spec, shutdown=None))
    assert said(of, None, [], shown)["spec"] == ["permanent, stop unbounded, backoff 0.1 to 2 s"]
    assert "spec" not in said(of, None, [], replace(shown, spec=None))
