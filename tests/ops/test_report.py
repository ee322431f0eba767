"""The report of a run, and what counts as failed."""

import json
import math
from pathlib import Path

import pytest

from feedtree.exchanges.public.channels import BookTicker, Topic, Trades
from feedtree.exchanges.public.records import TopicState, TopicStatus
from feedtree.exchanges.public.shard import Recovery, StreamReport
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.outcome import failures, refusals
from feedtree.ops.report import Books, Report, make_report, write_report
from feedtree.supervisors import ChildState, Node

SECOND = 1_000_000_000
NOW = 1_000 * SECOND


def stream(messages: int = 10, state: str = "live", recoveries: list[Recovery] | None = None) -> StreamReport:
    return StreamReport(
        "public/mexc.spot/shard-1", "mexc.spot", state, ["BTC/USDT"], 2, messages, 5, 1, recoveries or []
    )


def node(
    path: str, *children: Node, state: ChildState = ChildState.RUNNING, reason: str | None = None
) -> Node:
    return Node(
        path.rpartition("/")[2], path, "worker", None, state, None, {}, 1, None, 1, 0, None, None, None,
        reason, math.inf, children,
    )  # fmt: skip


TREE = node("", node("public", node("public/mexc.spot", reason="DialFailed: refused")))


def report(*streams: StreamReport, diverged: int = 0) -> Report:
    return make_report(12.34567, list(streams), Books(7, diverged), TREE)


def test_totals_are_sums_over_streams_and_tree(tmp_path: Path) -> None:
    """Messages and gaps of the streams, restarts of every node; written as the schema says."""
    outage = Recovery("reset", 5, 1.5, 2, 6, 7, 0.25)
    path = tmp_path / "out.json"
    write_report(report(stream(recoveries=[outage]), stream()), path)
    written = json.loads(path.read_text())
    assert written["totals"] == {"messages": 20, "restarts": 3, "gaps": 2}
    assert (written["schema"], written["duration_s"]) == (1, 12.346)
    assert written["books"] == {"checked": 7, "diverged": 0}
    assert written["streams"][0]["recoveries"] == [
        {
            "cause": "reset",
            "lost_ns": 5,
            "detected_ms": 1.5,
            "attempts": 2,
            "endpoint_back_ns": 6,
            "live_ns": 7,
            "after_return_ms": 0.25,
        }
    ]
    assert list(tmp_path.iterdir()) == [path]


def test_a_report_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """An older report stays whole; no half of a new one is left beside it."""
    path = tmp_path / "out.json"
    path.mkdir()
    with pytest.raises(OSError, match=r"out\.json"):
        write_report(report(), path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_in_which_all_was_fine_has_no_failure() -> None:
    """Restarts and recovered outages are what the tree is for."""
    healed = Recovery("reset", NOW - 60 * SECOND, 1.0, 1, NOW, NOW, 0.0)
    assert failures(report(stream(recoveries=[healed])), TREE, time_is_over=True, now_ns=NOW) == []


def test_parked_branches_and_diverged_books_are_failures() -> None:
    """Whenever the run ends."""
    tree = node("", node("public/mexc.spot", state=ChildState.FAILED, reason="5 bugs"))
    assert failures(report(stream(), diverged=2), tree, time_is_over=False, now_ns=NOW) == [
        "public/mexc.spot is parked: 5 bugs",
        "2 of 7 books differed from the exchange's",
    ]


def test_a_stream_that_never_came_up_is_a_failure_when_the_time_is_over() -> None:
    """It says why; a run that was stopped early is not blamed."""
    assert failures(report(stream(messages=0)), TREE, time_is_over=False, now_ns=NOW) == []
    assert failures(report(stream(messages=0)), TREE, time_is_over=True, now_ns=NOW) == [
        "public/mexc.spot/shard-1 got no data: no reason known"
    ]
    tree = node("", node("public/mexc.spot/shard-1", node("public/mexc.spot/shard-1/a", reason="refused")))
    assert failures(report(stream(messages=0)), tree, time_is_over=True, now_ns=NOW) == [
        "public/mexc.spot/shard-1 got no data: refused"
    ]


def test_a_long_outage_at_the_end_is_a_failure() -> None:
    """One that has just begun is not."""
    fresh = Recovery("reset", NOW - SECOND, 1.0)
    long = Recovery("reset", NOW - 30 * SECOND, 1.0)
    assert failures(report(stream(recoveries=[fresh])), TREE, time_is_over=True, now_ns=NOW) == []
    assert failures(report(stream(state="down", recoveries=[long])), TREE, time_is_over=True, now_ns=NOW) == [
        "public/mexc.spot/shard-1 is down for 30 s: reset"
    ]


def test_a_venue_that_refused_everything_fails_the_run() -> None:
    """Its connection is up and brings nothing: a mistyped symbol must not look like success."""
    symbol = Symbol("BTC", "USDX")
    refused = TopicStatus(TopicState.REJECTED, "unknown currency pair", "shard-1", "", 0)
    live = TopicStatus(TopicState.LIVE, "", "shard-1", "", 0)
    trades, ticker = (Topic("gateio.spot", symbol, channel) for channel in (Trades(), BookTicker()))
    assert refusals("gateio.spot", {trades: refused, ticker: refused}) == [
        "gateio.spot refused every topic: unknown currency pair"
    ]
    assert not refusals("gateio.spot", {trades: refused, ticker: live})
    assert not refusals("gateio.spot", {})
