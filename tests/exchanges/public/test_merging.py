"""How two connections of one shard are joined, step by step."""

from math import inf

import pytest
from msgspec.structs import replace

from feedtree.exchanges.controls import Undecodable
from feedtree.exchanges.gateio.venue import GATEIO_SPOT
from feedtree.exchanges.public.book_sync import BookSync
from feedtree.exchanges.public.branch import Branch
from feedtree.exchanges.public.channels import Book, Channel, Ticker, Topic, Trades
from feedtree.exchanges.public.codec import Confirmed, Decoded, Refused, Seed, WireTopic
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.intake import Intake
from feedtree.exchanges.public.merging import HOLD, JointBurst, Merge
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot, StreamLost, StreamUp, Trade
from feedtree.exchanges.public.messages import Ticker as TickerMessage
from feedtree.exchanges.public.records import TopicRecord, TopicState
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.public.slots import OVERLAP, QUIET_NS, Slot, covered, heard_until
from feedtree.exchanges.public.subscriptions import Subscriptions
from feedtree.exchanges.public.told_trades import REMEMBERED
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

BTC = Symbol("BTC", "USDT")
BOOK = Topic("v", BTC, Book())
TRADES = Topic("v", BTC, Trades())


class Line:
    """One connection of the bench's shard."""

    def __init__(self, bench: "Bench", slot: Slot) -> None:
        self.bench = bench
        self.slot = slot
        self.begin()

    def begin(self) -> None:
        """Begin an incarnation, and ask for everything."""
        self.slot.shard.begin(self.slot)
        self.subscriptions = Subscriptions()
        self.intake = Intake(self.slot, self.subscriptions)
        self.wires = [strand.record.wire for strand in self.slot.strands.values()]
        self.intake.asked(self.wires)
        self.subscriptions.asked(self.wires)

    def take(self, *items: Decoded) -> list[object]:
        """Hear a burst."""
        return self.intake.take(list(items), len(items), self.bench.now, int(self.bench.now * 1e9))

    def end(self) -> list[object]:
        """End the incarnation."""
        return self.intake.lost("reset", self.bench.now, int(self.bench.now * 1e9))

    def sync(self) -> BookSync:
        """Return its book."""
        sync = self.slot.strands[BOOK].sync
        assert sync is not None
        return sync


class Bench:
    """One topic on two connections."""

    def __init__(self, channel: Channel, *seeds: Seed, window: int = 0) -> None:
        self.now = 1.0
        self.topic = Topic("v", BTC, channel)
        self.shard = Shard("v", "shard-1", 10, redundancy=2)
        self.record = TopicRecord(
            self.topic,
            tuple(WireTopic(self.topic, s.value, s.value, (), s, 10, window) for s in seeds or (Seed.NONE,)),
        )
        self.shard.add(self.record)
        self.one, self.two = (Line(self, slot) for slot in self.shard.slots.values())


def delta(first: int, last: int, *bids: tuple[float, float]) -> BookDelta:
    return BookDelta(BOOK, None, None, 1, first, last, list(bids), [])


def whole(sequence: int, *bids: tuple[float, float]) -> BookSnapshot:
    return BookSnapshot(BOOK, None, None, 1, sequence, list(bids) or [(1.0, 1.0)], [(9.0, 1.0)])


def trade(id_: str) -> Trade:
    return Trade(TRADES, 1, None, 1, id_, Side.BUY, 1.0, 1.0)


def day(topic: Topic, sent_ns: int, last: float = 1.0) -> TickerMessage:
    return TickerMessage(topic, None, sent_ns, 1, last, None, None, None, None, None, None, None)


def kinds(burst: list[object]) -> list[str]:
    return [type(message).__name__ for message in burst]


def both_live(window: int = 0) -> Bench:
    bench = Bench(Book(), Seed.SOCKET, window=window)
    assert kinds(bench.one.take(whole(10))) == ["BookResynced", "BookSnapshot"]
    assert bench.two.take(whole(10)) == []
    return bench


def test_a_change_is_told_by_whoever_brings_it_first() -> None:
    """Once, and as it came where it follows."""
    bench = both_live()
    assert bench.two.take(delta(11, 12)) == [delta(11, 12)]
    assert bench.one.take(delta(11, 11)) == []
    assert bench.one.take(delta(12, 14, (1.0, 5.0))) == [delta(13, 14, (1.0, 5.0))]
    assert bench.two.take(delta(13, 14, (1.0, 5.0))) == []
    assert bench.record.book is bench.one.sync().book


def test_in_a_window_of_levels_a_change_that_straddles_is_told_as_the_difference() -> None:
    """A level that came into one window, and does not stand in the push, is told too."""
    bench = both_live(window=2)
    bench.one.take(delta(11, 11, (2.0, 1.0), (3.0, 1.0)))
    (told,) = bench.two.take(delta(11, 12, (3.0, 0.0), (2.0, 1.0), (1.0, 1.0)))
    assert told == delta(12, 12, (1.0, 1.0), (3.0, 0.0))


def test_a_book_that_is_ahead_waits_and_is_told_in_the_end() -> None:
    """At most 0.2 s; where the other connection fills in, nothing is left to tell."""
    bench = Bench(Book(), Seed.SOCKET)
    bench.one.take(whole(10))
    bench.two.take(whole(20))
    assert bench.two.take(delta(21, 21, (2.0, 1.0))) == []
    assert bench.two.slot.ahead.is_set()
    bench.now += HOLD / 2
    assert bench.two.intake.overdue(bench.now, 0) == []
    bench.now += HOLD
    assert bench.two.intake.overdue(bench.now, 0) == [delta(11, 21, (2.0, 1.0))]
    assert bench.two.intake.overdue(bench.now, 0) == []
    assert bench.one.take(delta(11, 20)) == []
    assert bench.one.take(delta(21, 22, (1.0, 0.0), (2.0, 1.0))) == [delta(22, 22, (1.0, 0.0), (2.0, 1.0))]


def test_what_waits_on_one_connection_is_told_also_when_the_other_one_looks() -> None:
    """That one has something to tell of another topic; it forgets nobody's."""
    bench = Bench(Book(), Seed.SOCKET)
    bench.one.take(whole(10))
    bench.two.take(whole(20), delta(21, 21, (2.0, 1.0)))
    bench.now += HOLD
    assert bench.one.intake.overdue(bench.now, 0) == [delta(11, 21, (2.0, 1.0))]
    assert bench.record.book is bench.two.sync().book
    assert bench.two.intake.overdue(bench.now, 0) == []


def test_each_book_waits_for_itself() -> None:
    """From its first change on; what a connection takes with it is waited for no more."""
    bench = Bench(Book(), Seed.SOCKET)
    bench.one.take(whole(10))
    merge = bench.shard.merge
    assert merge is not None
    assert merge.due == inf
    bench.two.take(whole(20), delta(21, 21))
    assert merge.due == bench.now + HOLD
    bench.now += HOLD / 2
    bench.two.take(delta(22, 22))
    assert merge.due == 1.0 + HOLD
    bench.two.end()
    assert merge.due == inf
    bench.two.begin()
    bench.two.take(whole(30), delta(31, 31))
    assert merge.due == bench.now + HOLD


def test_what_was_filled_in_or_lost_meanwhile_waits_no_more() -> None:
    """A gap of the one that was ahead ends its waiting, too."""
    bench = Bench(Book(), Seed.SOCKET)
    bench.one.take(whole(10))
    bench.two.take(whole(20), delta(21, 21))
    bench.one.take(delta(11, 21))
    bench.now += HOLD
    assert bench.two.intake.overdue(bench.now, 0) == []
    bench.two.take(delta(23, 23))
    bench.two.take(whole(30), delta(31, 31), delta(33, 33))
    bench.now += HOLD
    assert bench.two.intake.overdue(bench.now, 0) == []
    shard = bench.shard
    shard.merge = None
    assert bench.two.intake.overdue(bench.now, 0) == []


def test_a_gap_is_told_to_nobody_while_the_other_connection_is_in_step() -> None:
    """Also where that one is behind: what was told stays shown, and is live, until it has caught up."""
    bench = both_live()
    bench.one.take(delta(11, 12, (1.0, 5.0)))
    shown = bench.record.book
    assert bench.one.take(delta(20, 20)) == []
    assert bench.record.book is shown
    assert shown is not None
    assert (shown.live, shown.sequence, bench.shard.gaps) == (True, 12, 1)
    assert bench.two.take(delta(11, 11)) == []
    assert bench.two.take(delta(12, 13, (1.0, 5.0))) == [delta(13, 13, (1.0, 5.0))]
    assert bench.record.book is bench.two.sync().book
    assert bench.one.take(whole(13, (1.0, 5.0))) == []
    assert bench.one.take(delta(14, 14)) == [delta(14, 14)]


def test_where_the_other_connection_is_ahead_the_difference_is_told_at_once() -> None:
    """It had its whole book later than the one that has ended."""
    bench = Bench(Book(), Seed.SOCKET)
    bench.one.take(whole(10))
    bench.two.take(whole(20, (2.0, 3.0)))
    assert bench.one.end() == [delta(11, 20, (2.0, 3.0), (1.0, 0.0))]
    assert bench.shard.slots["a"].state == "down"


@pytest.mark.parametrize("level", [(-1.0, 1.0), (9.5, 1.0)], ids=["bad", "crossed"])
def test_a_book_that_is_spoilt_is_replaced_whole(level: tuple[float, float]) -> None:
    """More was changed in it than was told: the other one's book is told, no sooner than it has caught up."""
    bench = both_live()
    bench.one.take(delta(11, 12))
    assert bench.one.take(delta(13, 13, (3.0, 1.0), level)) == []
    assert bench.record.book is not None
    assert not bench.record.book.live
    assert bench.two.take(delta(11, 11)) == []
    (told,) = bench.two.take(delta(12, 13, (4.0, 1.0)))
    assert isinstance(told, BookSnapshot)
    assert (told.sequence, told.bids) == (13, [(4.0, 1.0), (1.0, 1.0)])
    assert bench.two.take(delta(14, 14)) == [delta(14, 14)]


def test_whole_books_are_told_where_they_are_newer() -> None:
    """Each push is one (MEXC limit depth), or one comes amid changes."""
    bench = Bench(Book(), Seed.WHOLE)
    bench.one.take(whole(10))
    assert bench.two.take(whole(10)) == []
    assert bench.two.take(whole(11)) == [whole(11)]
    assert bench.one.take(whole(11)) == []
    assert bench.one.take(whole(13)) == [whole(13)]
    assert bench.two.take(whole(12)) == []
    assert bench.one.take(whole(14, (10.0, 1.0))) == [], "crossed: the other one goes on"
    assert bench.two.take(whole(13)) == []
    assert bench.two.take(whole(14)) == [whole(14)]


def test_where_both_are_out_of_step_it_is_told() -> None:
    """Once; and what is shown is stale."""
    bench = both_live()
    bench.one.take(delta(11, 12))
    bench.one.take(delta(20, 20))
    (lost,) = bench.two.take(delta(30, 30))
    assert isinstance(lost, StreamLost)
    assert bench.record.book is not None
    assert not bench.record.book.live
    assert kinds(bench.two.take(whole(31), delta(32, 32))) == ["BookResynced", "BookSnapshot", "BookDelta"]
    assert bench.one.take(whole(32)) == []


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


def test_a_frame_that_does_not_decode_is_no_gap_beside_another_connection() -> None:
    """That one tells what it told."""
    bench = both_live()
    bench.one.take(Undecodable("?", "bad"))
    bench.two.slot.state = "live"
    bench.one.take(Undecodable("?", "bad"))
    assert len(bench.shard.coverage.gaps()) == 1


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


def test_a_topic_is_refused_once_and_falls_back_on_both() -> None:
    """The venue's next way of serving it is asked for on both connections; while one has the topic nobody is told."""
    bench = Bench(Book(), Seed.SOCKET, Seed.REST)
    first = bench.record.wire
    assert bench.one.take(Refused((first,), "no")) == []
    assert bench.record.wire.seed is Seed.REST
    assert bench.two.slot.changed.is_set()
    assert bench.two.sync().seed is Seed.REST
    assert bench.two.take(Refused((first,), "no"), whole(10)) == [], "of the way that was given up"
    for line in (bench.one, bench.two):
        line.intake.asked([bench.record.wire])
        line.subscriptions.asked([bench.record.wire])
    assert kinds(bench.two.take(Refused((bench.record.wire,), "never"))) == ["SubscriptionRejected"]
    assert bench.one.take(Refused((bench.record.wire,), "never")) == []
    assert bench.record.status().reason == "never"


def test_a_refusal_of_one_connection_is_told_when_the_other_one_has_lost_the_topic() -> None:
    """Until then it is live, in its first way; it is asked for again by the connection that follows."""
    bench = Bench(Book(), Seed.SOCKET, Seed.REST)
    bench.one.take(whole(10))
    assert bench.two.take(Refused((bench.record.wire,), "no")) == []
    assert (bench.record.state, bench.record.wire.seed) == (TopicState.LIVE, Seed.SOCKET)
    assert kinds(bench.one.end()) == ["StreamLost"]
    assert bench.record.state is TopicState.REJECTED
    bench.two.end()
    bench.two.begin()
    assert bench.record.state is TopicState.SUBSCRIBING


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
