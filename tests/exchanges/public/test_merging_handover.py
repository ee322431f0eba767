"""One of two connections gives way to the other: when it may, and how it ends."""

from feedtree.exchanges.gateio.venue import GATEIO_SPOT
from feedtree.exchanges.public.branch import Branch
from feedtree.exchanges.public.channels import Book, Trades
from feedtree.exchanges.public.codec import Confirmed
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.merging import Merge
from feedtree.exchanges.public.slots import OVERLAP, QUIET_NS
from tests.exchanges.public.two_connections import BTC, TRADES, Bench, both_live, delta


def test_one_connection_stands_in_for_another_one_that_it_covers() -> None:
    """Live, and with all that is up there; trades only after a while beside it."""
    bench = Bench(Trades())
    one, two = bench.one, bench.two
    one.take(Confirmed(tuple(one.wires)))
    assert not two.slot.relieves(one.slot, 0)
    two.take(Confirmed(tuple(two.wires)))
    one.slot.heard_at = lambda: 1.0 + OVERLAP / 2
    two.slot.state = "live"
    beside_ns = two.slot.strands[TRADES].up_ns + int(OVERLAP * 1e9)
    assert not two.slot.relieves(one.slot, beside_ns + QUIET_NS)
    one.slot.heard_at = lambda: 1.0 + OVERLAP
    assert two.slot.relieves(one.slot, beside_ns + QUIET_NS)


def test_a_connection_that_answers_pings_is_relieved_when_it_brought_data_too_or_nobody_does() -> None:
    """The next datum may come on the new one first: then it would look as if the old one had not heard it."""
    bench = Bench(Trades())
    one, two = bench.one, bench.two
    one.take(Confirmed(tuple(one.wires)))
    two.take(Confirmed(tuple(two.wires)))
    two.slot.state = "live"
    one.slot.heard_at = lambda: 1.0 + OVERLAP
    beside_ns = two.slot.strands[TRADES].up_ns + int(OVERLAP * 1e9)
    assert not two.slot.relieves(one.slot, beside_ns + QUIET_NS - 1)
    one.slot.last_good_ns = beside_ns
    assert two.slot.relieves(one.slot, beside_ns)


def test_where_all_is_refused_on_both_connections_one_may_end() -> None:
    """Nothing is missed without it."""
    bench = Bench(Trades())
    bench.two.slot.state = "rejected"
    assert bench.two.slot.relieves(bench.one.slot, 0)


def test_what_two_told_is_joined_until_the_one_that_is_left_leads() -> None:
    """It may be behind what the other one told last."""
    bench = both_live()
    bench.one.take(delta(11, 12))
    bench.one.end()
    bench.shard.close(bench.one.slot)
    assert bench.shard.merge is not None
    bench.shard.merge.ends_at = 1.0
    assert bench.two.take(delta(11, 11)) == []
    assert isinstance(bench.shard.merge, Merge)
    assert bench.two.take(delta(12, 13)) == [delta(13, 13)]
    assert bench.two.take(delta(14, 14)) == [delta(14, 14)]
    assert bench.shard.merge is None
    assert bench.two.take(delta(15, 15)) == [delta(15, 15)]
    assert bench.shard.open_second().name == "a"


def test_a_restart_of_a_shard_begins_the_slots_that_are_wanted() -> None:
    """One that is about to be closed is not."""
    feed = Feed(GATEIO_SPOT, "public/gateio.spot", lambda: 0, redundancy=2)
    feed.subscribe([BTC], [Book()])
    (shard,) = feed.plan()
    branch = Branch("gateio.spot", feed, None, park=True)  # type: ignore[arg-type]
    children = branch.shard(shard).children
    assert callable(children)
    assert [child.id for child in children()] == ["a", "b"]
    shard.slots["a"].wanted = False
    assert [child.id for child in children()] == ["b"]
