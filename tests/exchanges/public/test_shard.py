"""Which topics share a connection."""

import pytest

from feedtree.exchanges.gateio.venue import GATEIO_SPOT
from feedtree.exchanges.mexc.venue import MEXC_SPOT
from feedtree.exchanges.public.channels import Book, Ticker, Topic, Trades
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.symbols import Symbol


def symbols(count: int, start: int = 0) -> list[Symbol]:
    return [Symbol(f"S{number}", "USDT") for number in range(start, start + count)]


def gate(topics_per_connection: int | None = None) -> Feed:
    return Feed(GATEIO_SPOT, "public/gateio.spot", lambda: 0, topics_per_connection=topics_per_connection)


def homes(feed: Feed) -> dict[Topic, str]:
    return {topic: status.shard for topic, status in feed.topics().items()}


def test_a_connection_of_gateio_carries_a_thousand_symbols_where_it_is_told_to() -> None:
    """1,000 books by obu are one shard; the default is a hundred topics a shard."""
    feed = gate(topics_per_connection=1_000)
    feed.subscribe(symbols(1_000), [Book()])
    (shard,) = feed.plan()
    assert {record.wire.channel for record in shard.records.values()} == {"spot.obu"}
    default = gate()
    default.subscribe(symbols(1_000), [Book()])
    assert [len(shard.records) for shard in default.plan()] == [100] * 10


def test_no_connection_carries_more_than_its_venue_can() -> None:
    """MEXC pushes 30 topics a connection, whatever is asked for."""
    with pytest.raises(ValueError, match=r"mexc.spot carries 1 to 30 topics a connection, not 31"):
        Feed(MEXC_SPOT, "public/mexc.spot", lambda: 0, topics_per_connection=31)
    with pytest.raises(ValueError, match=r"gateio.spot carries 1 to 4000"):
        gate(topics_per_connection=0)


def test_a_topic_never_moves_to_another_connection() -> None:
    """What comes and goes beside it leaves a topic where it is; room that was given up is used again."""
    feed = gate(topics_per_connection=30)
    feed.subscribe(symbols(100), [Book(), Trades()])
    before = homes(feed)
    feed.unsubscribe(symbols(10), [Trades()])
    feed.subscribe(symbols(50, start=100), [Book(), Ticker()])
    after = homes(feed)
    assert {topic: after[topic] for topic in before if topic in after} == {
        topic: home for topic, home in before.items() if topic in after
    }
    assert all(len(shard.records) == 30 for shard in feed.plan()[:-1])


def test_topics_whose_pushes_carry_one_key_are_never_on_one_connection() -> None:
    """Also where one came to that key by falling back, and where the other has left meanwhile."""
    feed = gate()
    btc = symbols(1)
    feed.subscribe(btc, [Book(), Book(depth=100)])
    (shard,) = feed.plan()
    fallen = shard.records[Topic(feed.name, btc[0], Book())]
    assert shard.clashing() == []
    assert fallen.fall_back()
    assert shard.clashing() == [fallen]
    feed.part(shard)
    assert len(set(homes(feed).values())) == 2
    assert all(shard.clashing() == [] for shard in feed.plan())
    feed.unsubscribe(btc, [Book(depth=100)])
    feed.subscribe(symbols(1, start=1), [Book()])
    feed.subscribe(btc, [Book(depth=100)])
    assert all(shard.clashing() == [] for shard in feed.plan())
