"""Mailboxes over feeds: what can be selected, and what is refused."""

import contextlib

import pytest
import trio

from feedtree.actors.mailbox import Mailbox, MailboxOverflow
from feedtree.actors.routes import Policy
from feedtree.exchanges.gateio.venue import GATEIO_SPOT
from feedtree.exchanges.mexc.venue import MEXC_SPOT
from feedtree.exchanges.public.book_sync import BookSync
from feedtree.exchanges.public.channels import Book, Topic, Trades
from feedtree.exchanges.public.codec import ChannelNotOffered
from feedtree.exchanges.public.feed import Feed, StreamNotLive
from feedtree.exchanges.public.hub import PublicHub
from feedtree.exchanges.public.messages import (
    BookDelta,
    BookSnapshot,
    BookUpdate,
    DecodeFailed,
    StreamFailed,
    StreamLost,
    StreamUp,
    Trade,
)
from feedtree.exchanges.public.venue import PublicVenue
from feedtree.exchanges.public.views import deltas, depth, top
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

BTC, ETH = Symbol("BTC", "USDT"), Symbol("ETH", "USDT")


def hub_with(*venues: PublicVenue) -> tuple[PublicHub, list[Feed]]:
    hub = PublicHub(lambda: 0)
    feeds = [Feed(venue, f"public/{venue.name}", lambda: 0, hub.rank) for venue in venues]
    for feed in feeds:
        feed.subscribe([BTC, ETH], [Book(), Trades()])
        hub.add(feed.name, feed)
    return hub, feeds


def trade(feed: Feed, symbol: Symbol) -> Trade:
    return Trade(Topic(feed.name, symbol, Trades()), None, None, 1, "1", Side.SELL, 1.0, 1.0)


def sync_of(feed: Feed, topic: Topic) -> BookSync:
    (strand,) = feed._records[topic].strands
    assert strand.sync is not None
    return strand.sync


def load(feed: Feed, symbol: Symbol, sequence: int = 5) -> BookSnapshot:
    topic = Topic(feed.name, symbol, Book())
    snapshot = BookSnapshot(topic, 1, 2, 3, sequence, [(1.0, 1.0), (0.5, 2.0)], [(2.0, 1.0)])
    sync_of(feed, topic).whole(snapshot)
    return snapshot


def drained(mailbox: Mailbox) -> list[object]:
    """Everything that waits."""
    found: list[object] = []
    with contextlib.suppress(trio.WouldBlock):
        while True:
            found += mailbox.take_nowait()
    return found


async def test_a_mailbox_selects_by_class_symbol_channel_and_venue() -> None:
    """Only what was asked for arrives, of the feeds that were asked for."""
    hub, (gate, mexc) = hub_with(GATEIO_SPOT, MEXC_SPOT)
    one = hub.mailbox(Trade, symbols=["BTC/USDT"], venues=["mexc.spot"])
    two = hub.mailbox(Trade, channels=["trades"])
    for feed in (gate, mexc):
        feed.publish_now([trade(feed, BTC), trade(feed, ETH)])
    assert [(message.venue, message.symbol) for message in await one.take()] == [("mexc.spot", BTC)]
    assert len(await two.take()) == 2
    assert len(await two.take()) == 2
    assert hub.rank(Topic("mexc.spot", BTC, Trades())) == 2
    assert hub.rank(Topic("gateio.spot", BTC, Book())) == 0
    two.close()
    assert hub.rank(Topic("mexc.spot", BTC, Trades())) == 1


async def test_events_of_selected_topics_come_and_of_others_do_not() -> None:
    """A consumer of trades hears of trades' outages alone; undecodable frames concern a venue."""
    hub, (gate,) = hub_with(GATEIO_SPOT)
    mailbox = hub.mailbox(Trade)
    trades, book = Topic(gate.name, BTC, Trades()), Topic(gate.name, BTC, Book())
    gate.publish_now(
        [
            StreamLost(book, 1, 0, "x"),
            StreamLost(trades, 1, 0, "x"),
            StreamUp(trades, 1, 0, 5, 1),
            DecodeFailed(gate.name, "shard-1", 1, 0, 9, "bad"),
        ]
    )
    kinds = [type(message).__name__ for message in await mailbox.take()]
    assert kinds == ["StreamLost", "StreamUp", "DecodeFailed"]


async def test_unread_outages_collapse_into_one_of_their_summed_length() -> None:
    """Two lost/up pairs that nobody read, with nothing between, are one."""
    hub, (gate,) = hub_with(GATEIO_SPOT)
    mailbox = hub.mailbox(Trade)
    topic = Topic(gate.name, BTC, Trades())
    for outage in (5, 7):
        gate.publish_now([StreamLost(topic, 1, 0, "x"), StreamUp(topic, 1, 0, outage, 1)])
    lost, up = await mailbox.take()
    assert isinstance(lost, StreamLost)
    assert isinstance(up, StreamUp)
    assert (up.outage_ns, up.outages) == (12, 2)


async def test_a_view_shows_the_book_as_it_is_when_it_is_taken() -> None:
    """Conflated changes are counted as skipped; the view has the levels that were asked for."""
    hub, (gate,) = hub_with(GATEIO_SPOT)
    snapshot = load(gate, BTC)
    best, deep = hub.mailbox(BookUpdate), hub.mailbox(BookUpdate, view=depth(2))
    gate.publish_now([snapshot])
    gate.publish_now([snapshot])
    for mailbox, levels in ((best, 1), (deep, 2)):
        (update,) = await mailbox.take()
        assert isinstance(update, BookUpdate)
        assert len(update.book.bids) == levels
        assert update.skipped == 2
        assert update.book.live


async def test_a_book_that_is_not_live_is_not_shown() -> None:
    """Nothing stale is rendered, whatever stands in the queue."""
    hub, (gate,) = hub_with(GATEIO_SPOT)
    snapshot = load(gate, BTC)
    mailbox = hub.mailbox(BookUpdate)
    sync_of(gate, snapshot.topic).lose()
    with pytest.raises(trio.WouldBlock):
        mailbox.take_nowait()


async def test_a_consumer_of_changes_gets_the_book_first_and_again_after_an_overflow() -> None:
    """After lost changes a snapshot of the present, then only what it does not hold."""
    hub, (gate,) = hub_with(GATEIO_SPOT)
    snapshot = load(gate, BTC)
    topic = snapshot.topic
    mailbox = hub.mailbox(view=deltas(), capacity=2)
    (first,) = await mailbox.take()
    assert first == snapshot
    for number in range(6, 12):
        change = BookDelta(topic, 1, 2, 3, number, number, [(1.0, float(number))], [])
        sync_of(gate, topic).delta(change)
        gate.publish_now([change])
    rest = drained(mailbox)
    names = [type(message).__name__ for message in rest]
    assert names == ["Overflow", "BookSnapshot"]
    resumed = rest[1]
    assert isinstance(resumed, BookSnapshot)
    assert resumed.sequence == 11


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (lambda hub: hub.mailbox(str), "allowed are BookDelta, BookSnapshot"),
        (lambda hub: hub.mailbox(BookUpdate, view=deltas()), "ask for BookDelta"),
        (lambda hub: hub.mailbox(BookUpdate, policies={BookUpdate: Policy.BLOCK}), "conflate"),
        (lambda hub: hub.mailbox(BookDelta, policies={BookDelta: Policy.CONFLATE}), "cannot be conflated"),
        (lambda hub: hub.mailbox(symbols=["BTCUSDT"]), "BASE/QUOTE"),
        (lambda hub: hub.mailbox(channels=["boook"]), "allowed are book"),
        (lambda hub: depth(0), "at least one level"),
    ],
)
def test_what_cannot_be_selected_is_refused_with_what_can(make: object, hint: str) -> None:
    """A mistake names itself and its remedy."""
    hub, _ = hub_with(GATEIO_SPOT)
    assert callable(make)
    with pytest.raises(ValueError, match=hint):
        make(hub)


@pytest.mark.parametrize("name", ["symbols", "channels"])
def test_a_text_where_a_list_belongs_is_refused(name: str) -> None:
    """A single text would be read letter by letter."""
    hub, _ = hub_with(GATEIO_SPOT)
    with pytest.raises(TypeError, match="list"):
        hub.mailbox(**{name: "book"})  # type: ignore[arg-type]


async def test_a_mailbox_hears_feeds_that_come_later_and_ends_with_the_last() -> None:
    """A mailbox names symbols and channels, never feeds."""
    hub, (gate,) = hub_with(GATEIO_SPOT)
    mailbox = hub.mailbox(Trade)
    mexc = Feed(MEXC_SPOT, "public/mexc.spot", lambda: 0)
    mexc.subscribe([BTC], [Trades()])
    hub.add("mexc.spot", mexc)
    mexc.publish_now([trade(mexc, BTC)])
    assert len(await mailbox.take()) == 1
    hub.remove("gateio.spot")
    hub.remove("gateio.spot")
    assert not mailbox.statistics().closed
    hub.close()
    with pytest.raises(trio.EndOfChannel):
        await mailbox.take()
    assert hub.feeds == {}
    assert hub.book(Topic(gate.name, BTC, Book())) is None


def test_a_feed_refuses_a_channel_that_its_venue_lacks_before_it_changes_anything() -> None:
    """All or nothing: the message says what there is."""
    feed = Feed(GATEIO_SPOT, "public/gateio.spot", lambda: 0)
    with pytest.raises(ChannelNotOffered, match="400"):
        feed.subscribe([BTC], [Trades(), Book(depth=1000)])
    assert feed.topics() == {}
    assert feed.plan() == []


async def test_a_feed_says_who_is_not_live() -> None:
    """The error of waiting names topics and states; an empty feed is live."""
    feed = Feed(GATEIO_SPOT, "public/gateio.spot", lambda: 0)
    await feed.wait_live(1)
    feed.subscribe([BTC], [Trades()])
    feed.subscribe([BTC], [Trades()])
    with pytest.raises(
        StreamNotLive, match=r"1 of 1 topics are not live: gateio\.spot BTC/USDT trades pending"
    ):
        await feed.wait_live(0)
    assert feed.view(BTC) is None
    feed.unsubscribe([ETH], [Trades()])
    assert len(feed.topics()) == 1


async def test_a_parked_branch_is_told_to_every_topic_of_its_shards() -> None:
    """StreamFailed carries the reason; the report says failed."""
    hub, (gate,) = hub_with(GATEIO_SPOT)
    mailbox = hub.mailbox(view=top())
    gate.failed(gate.plan(), "too many restarts")
    failed = await mailbox.take()
    assert [type(message) for message in failed] == [StreamFailed] * 4
    assert gate.streams()[0].state == "failed"


@pytest.mark.parametrize("policy", [Policy.BLOCK, Policy.FAIL])
async def test_changes_may_hold_the_publisher_up_or_end_the_mailbox(policy: Policy) -> None:
    """A consumer of every change may prefer backpressure, or an end, to a gap."""
    hub, (gate,) = hub_with(GATEIO_SPOT)
    snapshot = load(gate, BTC)
    mailbox = hub.mailbox(BookDelta, policies={BookDelta: policy}, capacity=2)
    change = BookDelta(snapshot.topic, 1, 2, 3, 6, 6, [], [])
    full = [gate.fanout.publish([change]) for _ in range(3)]
    if policy is Policy.BLOCK:
        assert full[-1] == [mailbox]
        assert [type(message) for message in drained(mailbox)] == [BookSnapshot, *[BookDelta] * 3]
    else:
        with pytest.raises(MailboxOverflow):
            await mailbox.take()
