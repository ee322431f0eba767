"""From decoded items to what consumers get, and to what the session must do."""

import pytest
import trio

from feedtree.exchanges.bad_frames import FEW, KEPT
from feedtree.exchanges.controls import Notice, Pong, Undecodable, Unknown
from feedtree.exchanges.endings import describe
from feedtree.exchanges.errors import DecodeStorm, Desynchronised
from feedtree.exchanges.public.channels import Book, BookTicker, Channel, Kline, Ticker, Topic, Trades
from feedtree.exchanges.public.codec import (
    Confirmed,
    Datum,
    Decoded,
    RawBook,
    Refused,
    Removed,
    Resend,
    Seed,
    WireTopic,
)
from feedtree.exchanges.public.intake import Intake
from feedtree.exchanges.public.messages import (
    BookDelta,
    BookResynced,
    BookSnapshot,
    DecodeFailed,
    StreamLost,
    StreamUp,
    SubscriptionRejected,
    Trade,
)
from feedtree.exchanges.public.messages import BookTicker as BookTickerMessage
from feedtree.exchanges.public.messages import Kline as KlineMessage
from feedtree.exchanges.public.messages import Ticker as TickerMessage
from feedtree.exchanges.public.records import TopicRecord, TopicState
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.public.subscriptions import Subscriptions
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol


def candidates(topic: Topic, *seeds: Seed) -> tuple[WireTopic, ...]:
    return tuple(
        WireTopic(topic, f"{topic.symbol}-{topic.channel}-{seed.value}", seed.value, (), seed, 10)
        for seed in seeds
    )


class Bench:
    """One intake over one shard, with a clock of its own."""

    def __init__(self) -> None:
        self.shard = Shard("v", "shard-1", 100)
        self.subscriptions = Subscriptions()
        self.settled: list[bool] = []
        self.slot = self.shard.slots["a"]
        self.slot.begin(3)
        self.intake = Intake(self.slot, self.subscriptions, self.settled.append)
        self.now = 0.0

    def want(self, channel: Channel, *seeds: Seed, base: str = "BTC") -> Topic:
        topic = Topic("v", Symbol(base, "USDT"), channel)
        record = TopicRecord(topic, candidates(topic, *(seeds or (Seed.NONE,))))
        self.shard.add(record)
        self.ask(topic)
        return topic

    def ask(self, topic: Topic) -> None:
        wire = self.shard.records[topic].wire
        self.intake.asked((wire,))
        self.subscriptions.asked((wire,))
        self.subscriptions.sent((wire,), self.now)

    def wire(self, topic: Topic) -> WireTopic:
        return self.shard.records[topic].wire

    def take(self, *items: Decoded) -> list[object]:
        return self.intake.take(list(items), len(items), self.now, int(self.now * 1e9))

    def confirm(self, topic: Topic) -> list[object]:
        return self.take(Confirmed((self.wire(topic),)))

    def live_book(self, seed: Seed = Seed.SOCKET, base: str = "BTC") -> Topic:
        topic = self.want(Book(), seed, base=base)
        self.confirm(topic)
        if seed is Seed.REST:
            self.take(delta(topic, 10, 10))
            self.intake.join(topic, RawBook(10, None, [(1.0, 1.0)], [(2.0, 1.0)]), self.now, 0)
        else:
            self.take(whole(topic, 10))
        assert self.state(topic) is TopicState.LIVE
        return topic

    def state(self, topic: Topic) -> TopicState:
        return self.shard.records[topic].state


def delta(topic: Topic, first: int, last: int, bids: list[tuple[float, float]] | None = None) -> BookDelta:
    return BookDelta(topic, None, None, 1, first, last, bids or [], [])


def whole(topic: Topic, sequence: int, bid: float = 1.0) -> BookSnapshot:
    return BookSnapshot(topic, None, None, 1, sequence, [(bid, 1.0)], [(2.0, 1.0)])


def trade(topic: Topic) -> Trade:
    return Trade(topic, None, None, 1, "7", Side.BUY, 1.0, 1.0)


def ticker(topic: Topic, bid: float = 1.0) -> BookTickerMessage:
    return BookTickerMessage(topic, None, None, 1, bid, 1.0, 2.0, 1.0, None)


def kinds(burst: list[object]) -> list[str]:
    return [type(message).__name__ for message in burst]


def test_a_confirmed_stream_is_up_before_its_first_datum() -> None:
    """Consumers hear StreamUp, then data; the first start is no outage."""
    bench = Bench()
    topic = bench.want(Trades())
    burst = bench.take(Confirmed((bench.wire(topic),)), trade(topic))
    assert kinds(burst) == ["StreamUp", "Trade"]
    up = burst[0]
    assert isinstance(up, StreamUp)
    assert (up.outage_ns, up.outages, up.generation) == (0, 0, 3)
    assert bench.settled == [False, True]
    assert bench.confirm(topic) == []


@pytest.mark.parametrize(
    ("channel", "make"),
    [
        (Trades(), trade),
        (BookTicker(), ticker),
        (Ticker(), lambda topic: TickerMessage(topic, None, None, 1, 1.0, *[None] * 7)),
        (
            Kline(),
            lambda topic: KlineMessage(topic, None, None, 1, "1m", 0, 1.0, 1.0, 1.0, 1.0, None, None, None),
        ),
    ],
)
def test_a_first_push_stands_for_an_answer_that_has_not_come(channel: Channel, make: object) -> None:
    """Venues push before they acknowledge, too."""
    bench = Bench()
    topic = bench.want(channel)
    assert callable(make)
    datum: Datum = make(topic)
    burst = bench.take(datum)
    assert kinds(burst) == ["StreamUp", type(datum).__name__]
    assert not bench.subscriptions.awaits(topic)


def test_an_unchanged_book_ticker_is_dropped_and_counted() -> None:
    """A re-sent message is no evidence of a live market, and no news for a consumer."""
    bench = Bench()
    topic = bench.want(BookTicker())
    assert kinds(bench.take(ticker(topic), ticker(topic), ticker(topic, 1.5))) == [
        "StreamUp",
        "BookTicker",
        "BookTicker",
    ]
    assert bench.take(ticker(topic, 1.5)) == []
    assert bench.shard.unchanged == 2


def test_a_book_from_the_socket_is_live_with_its_snapshot() -> None:
    """BookResynced, then the whole book, then changes; the snapshot may come before the answer."""
    bench = Bench()
    topic = bench.want(Book(), Seed.SOCKET)
    burst = bench.take(
        whole(topic, 5), Confirmed((bench.wire(topic),)), delta(topic, 6, 6), delta(topic, 6, 6)
    )
    assert kinds(burst) == ["BookResynced", "BookSnapshot", "BookDelta"]
    resynced = burst[0]
    assert isinstance(resynced, BookResynced)
    assert (resynced.sequence, resynced.outages) == (5, 0)
    assert bench.settled[-1] is True
    again = bench.take(whole(topic, 9))
    assert kinds(again) == ["BookSnapshot"]


def test_a_book_from_rest_wants_a_snapshot_once_it_is_confirmed() -> None:
    """Pushes are buffered until the snapshot joins; the consumer gets the joined book."""
    bench = Bench()
    topic = bench.want(Book(), Seed.REST)
    assert bench.intake.snapshots == {}
    assert bench.take(delta(topic, 5, 5)) == []
    assert topic in bench.intake.snapshots, "a push stands for the answer"
    burst, again = bench.intake.join(topic, RawBook(2, None, [], []), 0.0, 0)
    assert (burst, again) == ([], True)
    burst, again = bench.intake.join(topic, RawBook(4, None, [(1.0, 1.0)], []), 0.0, 0)
    assert kinds(burst) == ["BookResynced", "BookSnapshot"]
    assert not again
    snapshot = burst[1]
    assert isinstance(snapshot, BookSnapshot)
    assert snapshot.sequence == 5
    assert topic not in bench.intake.snapshots
    assert bench.intake.join(topic, RawBook(9, None, [], []), 0.0, 0) == ([], False)


def test_a_waiting_snapshot_goes_live_with_the_first_push_that_joins_it() -> None:
    """A quiet book's snapshot waits for evidence."""
    bench = Bench()
    topic = bench.want(Book(), Seed.REST)
    bench.confirm(topic)
    assert bench.intake.join(topic, RawBook(4, None, [(1.0, 1.0)], []), 0.0, 0) == ([], True)
    assert kinds(bench.take(delta(topic, 5, 5))) == ["BookResynced", "BookSnapshot"]


def test_a_gap_concerns_its_symbol_alone() -> None:
    """StreamLost, a resync on the same connection, and the other book goes on."""
    bench = Bench()
    btc, eth = bench.live_book(), bench.live_book(base="ETH")
    bench.now = 5.0
    burst = bench.take(delta(btc, 12, 12), delta(eth, 11, 11))
    assert kinds(burst) == ["StreamLost", "BookDelta"]
    lost = burst[0]
    assert isinstance(lost, StreamLost)
    assert lost.cause == "gap: ids 11 to 11 are missing"
    assert bench.intake.resubscribe == [bench.wire(btc)]
    assert (bench.state(btc), bench.state(eth)) == (TopicState.SYNCING, TopicState.LIVE)
    assert bench.shard.gaps == 1
    assert bench.intake.fault is None
    bench.ask(btc)
    bench.now = 6.0
    burst = bench.take(whole(btc, 20))
    resynced = burst[0]
    assert isinstance(resynced, BookResynced)
    assert (resynced.outages, resynced.outage_ns) == (1, 1_000_000_000)


def test_a_gap_of_a_rest_book_asks_for_a_snapshot() -> None:
    """No new subscription is needed where REST seeds the book."""
    bench = Bench()
    topic = bench.live_book(Seed.REST)
    bench.take(delta(topic, 20, 20))
    assert topic in bench.intake.snapshots
    assert bench.intake.resubscribe == []


@pytest.mark.parametrize("seed", [Seed.SOCKET, Seed.REST])
def test_a_book_that_stands_still_is_asked_for_anew_unless_it_was_given_up(seed: Seed) -> None:
    """It may be given up between the look that finds it and this: whoever tells of another one may have to wait."""
    bench = Bench()
    topic = bench.live_book(seed)
    wire = bench.wire(topic)
    (lost,) = bench.intake.stands_still(topic, 5.0, 5 * 10**9)
    assert isinstance(lost, StreamLost)
    assert lost.cause == "the book stands still while trades of BTC/USDT go on"
    assert (bench.intake.resubscribe, bench.intake.snapshots) == ([wire], {})
    bench.intake.resubscribe.clear()
    bench.shard.remove(bench.shard.records[topic])
    assert bench.intake.stands_still(topic, 6.0, 6 * 10**9) == []
    assert bench.intake.resubscribe == []


def test_a_bad_whole_book_waits_for_the_next() -> None:
    """Where every push is the whole book a bad one is healed by the one after it."""
    bench = Bench()
    topic = bench.live_book(Seed.WHOLE)
    assert kinds(bench.take(whole(topic, 12, 3.0))) == ["StreamLost"]
    assert (bench.intake.resubscribe, bench.intake.snapshots) == ([], {})
    assert kinds(bench.take(whole(topic, 13))) == ["BookResynced", "BookSnapshot"]


def test_three_gaps_of_one_symbol_in_a_minute_put_the_stream_in_doubt() -> None:
    """Gaps that are further apart do not."""
    bench = Bench()
    topic = bench.live_book(Seed.WHOLE)
    for step in range(3):
        bench.now = step * 31.0
        bench.take(whole(topic, 20 + 2 * step, 3.0), whole(topic, 21 + 2 * step))
    assert bench.intake.fault is None
    bench.now += 1.0
    bench.take(whole(topic, 40, 3.0))
    bench.take(whole(topic, 41), whole(topic, 42, 3.0))
    assert isinstance(bench.intake.fault, Desynchronised)
    assert "3 gaps" in str(bench.intake.fault)


def test_gaps_in_more_than_a_fifth_of_the_books_put_the_stream_in_doubt() -> None:
    """From three books on; one or two alone are their own trouble."""
    bench = Bench()
    topics = [bench.live_book(base=f"C{number}") for number in range(14)]
    bench.take(*[delta(topic, 12, 12) for topic in topics[:2]])
    assert bench.intake.fault is None
    bench.take(delta(topics[2], 12, 12))
    assert isinstance(bench.intake.fault, Desynchronised)
    assert "3 of 14" in str(bench.intake.fault)


def test_a_refused_topic_falls_back_and_is_rejected_when_nothing_is_left() -> None:
    """Gate.io: obu without snapshot, then order_book_update, then the venue's own words."""
    bench = Bench()
    topic = bench.want(Book(), Seed.SOCKET, Seed.REST)
    first = bench.wire(topic)
    assert bench.intake.refuse(first, "no snapshot", 0) == []
    assert bench.wire(topic).seed is Seed.REST
    assert bench.state(topic) is TopicState.PENDING
    assert bench.slot.changed.is_set()
    assert bench.take(Refused((first,), "late")) == [], "the answer for a way that was given up"
    bench.ask(topic)
    burst = bench.take(Refused((bench.wire(topic),), "unknown currency pair: BTC_USDT"))
    rejected = burst[0]
    assert isinstance(rejected, SubscriptionRejected)
    assert rejected.reason == "unknown currency pair: BTC_USDT"
    assert bench.state(topic) is TopicState.REJECTED
    assert bench.settled[-1] is True
    record = bench.shard.records[topic]
    assert record.status().reason == rejected.reason
    bench.slot.begin(4)
    assert record.state is TopicState.PENDING
    assert record.wire == first, "a new connection asks again, the first way first"


def test_answers_and_pushes_for_topics_that_are_not_wanted_are_passed_over() -> None:
    """Late frames of an ended topic restart nothing."""
    bench = Bench()
    topic = bench.live_book()
    trades = bench.want(Trades(), base="ETH")
    wires = [bench.wire(topic), bench.wire(trades)]
    bench.intake.forget(wires)
    for record in list(bench.shard.records.values()):
        bench.shard.remove(record)
    burst = bench.take(
        delta(topic, 11, 11),
        whole(topic, 12),
        Confirmed(tuple(wires)),
        Refused(tuple(wires), "x"),
        Removed(()),
    )
    assert burst == []
    assert bench.shard.unknown == 2
    assert bench.intake.join(topic, RawBook(1, None, [], []), 0.0, 0) == ([], False)


def test_the_end_of_a_connection_is_told_for_each_stream_that_was_up() -> None:
    """StreamLost carries the cause; books are stale; streams that were never up say nothing."""
    bench = Bench()
    book = bench.live_book()
    bench.want(Trades())
    bench.slot.last_good_ns = 77
    burst = bench.intake.lost("reset", 0.0, 99)
    assert kinds(burst) == ["StreamLost"]
    assert not bench.shard.records[book].book.live  # type: ignore[union-attr]
    assert bench.shard.records[book].lost_ns == 77
    assert bench.intake.lost("again", 0.0, 99) == []
    assert bench.slot.generation == 0


def test_control_items_reach_the_session() -> None:
    """Pongs are counted, what is owed of refused frames asked for again in groups, notices acted on."""
    bench = Bench()
    topic = bench.want(Trades())
    bench.take(Pong(), Resend(((bench.wire(topic),), ())), Unknown("x"), Notice("news", "hello"))
    assert bench.intake.pongs == 1
    assert bench.intake.resend == [(bench.wire(topic),)]
    assert bench.shard.unknown == 2
    assert bench.intake.fault is None
    bench.take(Notice("upgrade", "will be closed"))
    assert bench.intake.fault is None
    assert bench.slot.leaving.is_set()


def test_a_frame_that_does_not_decode_is_counted_kept_and_told() -> None:
    """A few bad frames among many kill nothing; the newest are kept with their bytes."""
    bench = Bench()
    topic = bench.want(Trades())
    bench.confirm(topic)
    for step in range(3 * KEPT):
        bench.now = step * 1.0
        burst = bench.take(Undecodable(b"\xff", "bad"), *[trade(topic)] * 30)
        assert kinds(burst)[0] == "DecodeFailed"
    first = burst[0]
    assert isinstance(first, DecodeFailed)
    assert (first.venue, first.shard, first.size, first.error) == ("v", "shard-1", 1, "bad")
    assert bench.intake.fault is None
    assert bench.shard.undecodable == 3 * KEPT
    assert len(bench.intake.bad_frames.kept) == KEPT


def test_a_storm_of_bad_frames_is_a_bug() -> None:
    """More than ten within ten seconds that are over 5 % of the frames; events about them are bounded."""
    bench = Bench()
    burst = bench.take(*[Undecodable("?", "bad")] * FEW)
    assert len(burst) == FEW
    assert bench.intake.fault is None
    assert bench.take(Undecodable("?", "bad")) == []
    assert isinstance(bench.intake.fault, DecodeStorm)


def test_bad_frames_that_are_few_among_many_are_no_storm() -> None:
    """Eleven bad frames among more than 220 are under 5 %."""
    bench = Bench()
    topic = bench.want(Trades())
    for _ in range(FEW + 2):
        bench.take(Undecodable("?", "bad"), *[trade(topic)] * 40)
    assert bench.intake.fault is None


async def cancelled() -> trio.Cancelled:
    with trio.CancelScope() as scope:
        scope.cancel()
        with pytest.raises(trio.Cancelled) as caught:
            await trio.lowlevel.checkpoint()
    return caught.value


async def test_an_end_is_described_in_a_line() -> None:
    """The cause of an outage is the first failure, not what followed from it."""
    stop = await cancelled()
    assert describe(ValueError("no")) == "ValueError: no"
    assert describe(ValueError()) == "ValueError"
    assert describe(stop) == "stopped"
    assert describe(BaseExceptionGroup("", [stop, KeyError("k")])) == "KeyError: 'k'"
    assert describe(BaseExceptionGroup("", [stop])) == "stopped"
