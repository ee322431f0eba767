"""Trades and tickers of two connections: what one has told the other does not tell again."""

from msgspec.structs import replace

from feedtree.exchanges.public.channels import Ticker, Topic, Trades
from feedtree.exchanges.public.codec import Confirmed
from feedtree.exchanges.public.merging import JointBurst
from feedtree.exchanges.public.messages import Ticker as TickerMessage
from feedtree.exchanges.public.told_trades import REMEMBERED
from tests.exchanges.public.two_connections import TRADES, Bench, trade


def day(topic: Topic, sent_ns: int, last: float = 1.0) -> TickerMessage:
    return TickerMessage(topic, None, sent_ns, 1, last, None, None, None, None, None, None, None)


def test_trades_that_were_fetched_are_told_once() -> None:
    """Not those that a connection has brought meanwhile, nor again when one brings them late."""
    bench = Bench(Trades())
    bench.one.take(Confirmed(tuple(bench.one.wires)))
    bench.two.take(Confirmed(tuple(bench.two.wires)), trade("2"))
    assert bench.one.intake.fetched([trade("1"), trade("2")], 1.0, 0) == [trade("1")]
    assert bench.two.take(trade("1"), trade("3")) == [trade("3")]


def test_trades_that_were_fetched_late_are_told() -> None:
    """The other connection's trades since the outage are remembered no more; these were not among them."""
    bench = Bench(Trades())
    bench.one.take(Confirmed(tuple(bench.one.wires)))
    bench.two.take(Confirmed(tuple(bench.two.wires)), replace(trade("5"), venue_ns=5))
    bench.now += REMEMBERED
    missed = replace(trade("3"), venue_ns=3, recovered=True)
    assert bench.one.intake.fetched([missed], bench.now, 0) == [missed]
    assert bench.two.intake.fetched([missed], bench.now, 0) == []
    assert bench.one.take(replace(trade("4"), venue_ns=4)) == []


def test_of_a_topic_that_is_given_up_no_trade_is_remembered() -> None:
    """Topics come and go for as long as two connections run."""
    bench = Bench(Trades())
    bench.one.take(Confirmed(tuple(bench.one.wires)), trade("1"))
    assert bench.shard.merge is not None
    told = bench.shard.merge.trades(TRADES)
    bench.shard.remove(bench.record)
    assert bench.shard.merge.trades(TRADES) is not told


def test_the_newest_trade_that_was_told_is_that_of_either_connection() -> None:
    """Also of one that is gone."""
    bench = Bench(Trades())
    for line in (bench.one, bench.two):
        line.take(Confirmed(tuple(line.wires)))
    assert bench.shard.last_trade(TRADES) is None
    bench.two.take(trade("10"))
    bench.one.take(trade("9"))
    assert bench.shard.last_trade(TRADES) == trade("10")
    bench.shard.close(bench.two.slot)
    assert bench.shard.last_trade(TRADES) == trade("9"), (
        "the one that is left brings what the other one brought"
    )
    bench.shard.remove(bench.record)
    assert bench.shard.last_trade(TRADES) is None


def test_of_tickers_the_latest_is_told() -> None:
    """What the other connection told already is no news, and as good a sign of life."""
    bench = Bench(Ticker())
    for line in (bench.one, bench.two):
        line.take(Confirmed(tuple(line.wires)))
    assert bench.one.take(day(bench.topic, 5)) == [day(bench.topic, 5)]
    late = bench.two.take(day(bench.topic, 4))
    assert isinstance(late, JointBurst)
    assert (late, late.heard) == ([], 1)
    assert bench.two.take(day(bench.topic, 6, 2.0)) == [day(bench.topic, 6, 2.0)]
