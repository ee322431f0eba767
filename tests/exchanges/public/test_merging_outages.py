"""Whether trouble of one of two connections is an outage, and since when: by what the other one heard."""

from msgspec.structs import replace

from feedtree.exchanges.controls import Undecodable
from feedtree.exchanges.public.channels import Trades
from feedtree.exchanges.public.codec import Confirmed, Refused
from feedtree.exchanges.public.messages import StreamLost, StreamUp
from feedtree.exchanges.public.slots import OVERLAP, covered, heard_until
from feedtree.exchanges.public.told_trades import REMEMBERED
from tests.exchanges.public.two_connections import TRADES, Bench, both_live, kinds, trade


def test_trades_go_on_where_the_other_connection_was_heard_beside_the_one_that_ended() -> None:
    """Not where it began later than the other one was last heard: what passed between is missing, and told as such."""
    bench = Bench(Trades())
    up = bench.one.take(Confirmed(tuple(bench.one.wires)), trade("1"))
    assert kinds(up) == ["StreamUp", "Trade"]
    assert bench.two.take(Confirmed(tuple(bench.two.wires)), trade("1"), trade("2")) == [trade("2")]
    bench.one.slot.heard_at = lambda: 1.0 + OVERLAP
    bench.two.slot.heard_at = lambda: 1.0
    bench.two.slot.state = "live"
    bench.one.slot.last_good_ns = 2_000_000_000
    bench.now = 5.0
    assert bench.one.end() == []
    assert bench.shard.recoveries == type(bench.shard.recoveries)()
    bench.one.begin()
    bench.one.take(Confirmed(tuple(bench.one.wires)))
    bench.one.slot.state = "live"
    bench.two.slot.last_good_ns = 2_000_000_000
    lost, again = bench.two.end()
    assert isinstance(lost, StreamLost)
    assert isinstance(again, StreamUp)
    assert (again.outage_ns, again.outages, again.generation) == (3_000_000_000, 1, 3)
    (recovery,) = bench.shard.recoveries
    assert (recovery.lost_ns, recovery.live_ns) == (2_000_000_000, 5_000_000_000)


def test_a_connection_that_heard_frames_and_no_data_is_covered_by_nobody() -> None:
    """Unless neither brought data: then there were none."""
    bench = Bench(Trades())
    for line in (bench.one, bench.two):
        line.take(Confirmed(tuple(line.wires)))
    one, two = bench.one.slot, bench.two.slot
    strand = two.strands[TRADES]
    one.heard_at = lambda: 10.0
    assert covered(strand, one)
    two.last_good_ns = strand.up_ns + int(OVERLAP * 1e9)
    assert not covered(strand, one)
    one.last_good_ns = two.last_good_ns
    assert covered(strand, one)


def test_a_connection_that_is_late_is_covered_when_it_has_brought_what_the_other_one_began_with() -> None:
    """Until then what it has not brought is missing from both: from its newest trade until the other one was up."""
    bench = Bench(Trades())
    for line in (bench.one, bench.two):
        line.take(Confirmed(tuple(line.wires)))
    one, strand = bench.one.slot, bench.two.slot.strands[TRADES]
    one.heard_at = lambda: strand.up_at + OVERLAP
    one.last_good_ns = bench.two.slot.last_good_ns = 3_000_000_000
    bench.two.take(replace(trade("7"), venue_ns=950_000_000), replace(trade("8"), venue_ns=970_000_000))
    assert not covered(strand, one)
    bench.one.take(replace(trade("5"), venue_ns=700_000_000))
    assert not covered(strand, one)
    assert heard_until(strand, one) == 700_000_000
    one.last_good_ns = 900_000_000
    assert heard_until(strand, one) == 900_000_000, "deaf since before the other one was up, not late"
    one.last_good_ns = 3_000_000_000
    one.heard_at = lambda: strand.up_at + REMEMBERED
    assert covered(strand, one), "nobody is that late"
    one.heard_at = lambda: strand.up_at + OVERLAP
    bench.one.take(replace(trade("7"), venue_ns=950_000_000))
    assert covered(strand, one)
    assert heard_until(strand, one) == 3_000_000_000


def test_a_topic_that_is_asked_for_while_a_connection_ends_makes_no_outage() -> None:
    """All that was up goes on; the topic that the other one is settling was not up."""
    bench = both_live()
    bench.one.slot.state, bench.two.slot.state = "live", "syncing"
    bench.one.slot.last_good_ns = 1
    assert bench.one.end() == []
    assert not bench.shard.recoveries


def test_a_topic_that_only_one_connection_had_is_an_outage_though_the_other_one_is_live() -> None:
    """It begins where that one heard last."""
    bench = Bench(Trades())
    bench.one.take(Confirmed(tuple(bench.one.wires)))
    bench.two.take(Refused(tuple(bench.two.wires), "no"))
    bench.two.slot.state = "live"
    bench.one.slot.last_good_ns, bench.two.slot.last_good_ns = 2_000_000_000, 4_000_000_000
    bench.now = 5.0
    assert kinds(bench.one.end()) == ["StreamLost"]
    (recovery,) = bench.shard.recoveries
    assert recovery.lost_ns == 2_000_000_000
    (gap,) = bench.shard.coverage.gaps()
    assert gap.begin_ns == 2_000_000_000


def test_an_outage_begins_where_either_connection_heard_last() -> None:
    """The first that ended had heard more than the one that was deaf, and was lost later."""
    bench = both_live()
    bench.one.slot.last_good_ns, bench.two.slot.last_good_ns = 2_000_000_000, 3_000_000_000
    bench.one.slot.heard_at = bench.two.slot.heard_at = lambda: 3.0
    bench.now = 5.0
    assert bench.two.end() == []
    bench.two.slot.last_good_ns = 4_000_000_000  # made anew, it has heard something else
    bench.two.slot.state = "syncing"
    assert kinds(bench.one.end()) == ["StreamLost"]
    (gap,) = bench.shard.coverage.gaps()
    assert gap.begin_ns == bench.record.lost_ns == 3_000_000_000


def test_a_frame_that_does_not_decode_is_no_gap_beside_another_connection() -> None:
    """That one tells what it told."""
    bench = both_live()
    bench.one.take(Undecodable("?", "bad"))
    bench.two.slot.state = "live"
    bench.one.take(Undecodable("?", "bad"))
    assert len(bench.shard.coverage.gaps()) == 1
