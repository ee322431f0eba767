import itertools
from typing import Any

import pytest

MEXC = "mexc.spot"
DEPTH = "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"
DEALS = "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT"
TICKER = "spot@public.aggre.bookTicker.v3.api.pb@{}@BTCUSDT"
REFUSED = "Not Subscribed successfully! [{}].  Reason： Blocked! "


def of(topic: str) -> Any:
    return lambda frame: getattr(frame, "channel", "") == topic


async def test_an_ack_repeats_the_topics_and_the_id(simulated: Any, mexc: Any, autojump_clock: Any) -> None:
    """Msg is the params joined by commas; id 0 where none was sent."""
    async with simulated() as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEPTH, DEALS, id=12))
        assert await client.next() == {"id": 12, "code": 0, "msg": f"{DEPTH},{DEALS}"}
        await client.send(mexc(TICKER.format("100ms")))
        reply = await client.next(lambda frame: isinstance(frame, dict))
    assert reply["id"] == 0


@pytest.mark.parametrize(
    "topic",
    [
        "spot@public.aggre.depth.v3.api.pb@100ms@NOPEUSDT",
        "spot@public.aggre.depth.v3.api.pb@100ms@btcusdt",
        "spot@public.aggre.depth.v3.api.pb@50ms@BTCUSDT",
        "spot@public.aggre.depth.v3.api.pb@BTCUSDT",
        "spot@public.limit.depth.v3.api.pb@BTCUSDT@50",
        "spot@public.kline.v3.api.pb@BTCUSDT@Min2",
        "spot@public.miniTicker.v3.api.pb@BTCUSDT@UTC+99",
        "spot@public.miniTickers.v3.api.pb@nowhere",
        "spot@public.deals.v3.api.pb@BTCUSDT",
        "spot@public.increase.depth.v3.api.pb@BTCUSDT",
        "spot@public.bookTicker.v3.api.pb@BTCUSDT",
        "spot@public.bookTicker.batch.v3.api.pb@NOPEUSDT",
        "spot@public.deals.v3.api@BTCUSDT",
        "spot@public.aggre.depth.v3.api.pb",
        "nonsense",
    ],
)
async def test_what_is_not_served_is_blocked(
    simulated: Any, mexc: Any, autojump_clock: Any, topic: str
) -> None:
    """Unknown, retired, lower-case: one refusal for all, its code 0, its colon full-width."""
    async with simulated() as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(topic))
        assert await client.next() == {"id": 0, "code": 0, "msg": REFUSED.format(topic)}
        assert not await client.collect(1)


async def test_a_partly_refused_request_names_both_lists(
    simulated: Any, mexc: Any, autojump_clock: Any
) -> None:
    """Mixed: what was subscribed flows."""
    async with simulated() as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEPTH, "x@y"))
        reply = await client.next()
        assert reply["msg"] == f"Subscribed successful! [{DEPTH}]. {REFUSED.format('x@y')}"
        assert await client.next(of(DEPTH))


async def test_refusals_of_other_forms(simulated: Any, mexc: Any, autojump_clock: Any) -> None:
    """Switch: a code that is not 0, and the refused list alone."""
    switches = {MEXC: {"refusal_code": 1, "refusal_mixed": "refused_only"}}
    async with simulated(switches=switches) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEPTH, "x@y"))
        assert await client.next() == {"id": 0, "code": 1, "msg": REFUSED.format("x@y")}


@pytest.mark.parametrize("ping", ["PING", "ping"])
async def test_the_json_ping(simulated: Any, autojump_clock: Any, ping: str) -> None:
    """PING gives PONG in a reply."""
    async with simulated() as bench:
        client = await bench.client(MEXC)
        await client.send({"method": ping})
        assert await client.next() == {"id": 0, "code": 0, "msg": "PONG"}


@pytest.mark.parametrize(
    "text", ["hello", '{"method":"DANCE"}', '{"method":"SUBSCRIPTION","params":5}', "[]", "[" * 30_000]
)
async def test_nonsense_is_met_with_silence(simulated: Any, autojump_clock: Any, text: str) -> None:
    """No reply, and the connection stays."""
    async with simulated() as bench:
        client = await bench.client(MEXC)
        await client.send(text)
        await client.send({"method": "PING"})
        assert [frame["msg"] for frame in await client.collect(1)] == ["PONG"]


@pytest.mark.parametrize("speed", ["10ms", "100ms"])
async def test_depth_deltas_and_a_rest_book_build_the_true_book(
    simulated: Any, mexc: Any, autojump_clock: Any, speed: str
) -> None:
    """Whole-book deltas, contiguous versions, no snapshot on the socket; the newer recipe ends in the true book."""
    topic = f"spot@public.aggre.depth.v3.api.pb@{speed}@BTCUSDT"
    async with simulated(orders=600, rate=3_000) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(topic))
        await client.next()
        pushes = [await client.next()]
        snapshot = {"lastUpdateId": 0}
        while snapshot["lastUpdateId"] < int(pushes[0].publicAggreDepths.fromVersion):
            pushes += await client.collect(0.2)
            snapshot = (await bench.get("/api/v3/depth?symbol=BTCUSDT&limit=5000")).json
        pushes += await client.collect(2)
        book = {side: dict(snapshot[side]) for side in ("bids", "asks")}
        last = snapshot["lastUpdateId"]
        for push in pushes:
            body = push.publicAggreDepths
            if int(body.toVersion) <= last:
                continue
            assert int(body.fromVersion) <= last + 1
            last = int(body.toVersion)
            for side, items in (("bids", body.bids), ("asks", body.asks)):
                for item in items:
                    book[side][item.price] = item.quantity
        truth = await bench.truth(MEXC, "BTC/USDT", last)
    versions = [(int(p.publicAggreDepths.fromVersion), int(p.publicAggreDepths.toVersion)) for p in pushes]
    assert all(one[1] + 1 == two[0] for one, two in itertools.pairwise(versions))
    for side in ("bids", "asks"):
        held = [[price, size] for price, size in book[side].items() if size != "0"]
        assert sorted(held) == sorted(truth[side])


async def test_a_depth_push_has_the_fields_of_the_wire(
    simulated: Any, mexc: Any, autojump_clock: Any
) -> None:
    """Fields 1, 3, 6 and the body; asks ascending, bids descending; deletes as 0; event type without symbol."""
    async with simulated(rate=4_000) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEPTH))
        await client.next()
        pushes = await client.collect(2)
    push = pushes[3]
    assert [field.number for field, _ in push.ListFields()] == [1, 3, 6, 313]
    body = push.publicAggreDepths
    assert body.eventType == "spot@public.aggre.depth.v3.api.pb@100ms"
    asks, bids = [float(item.price) for item in body.asks], [float(item.price) for item in body.bids]
    assert asks == sorted(asks)
    assert bids == sorted(bids, reverse=True)
    assert abs(body.lastOrderCreateTime - push.sendTime) < 1_000
    items = [item for p in pushes for item in (*p.publicAggreDepths.asks, *p.publicAggreDepths.bids)]
    assert "0" in {item.quantity for item in items}
    assert not any(item.price.endswith("0") and "." in item.price for item in items)


async def test_depth_of_other_forms(simulated: Any, mexc: Any, autojump_clock: Any) -> None:
    """Switch: documented deletes, no fields of 2026, pushes of windows without change."""
    switches = {MEXC: {"deleted_quantity": "0.00000000", "fields_2026": False, "empty_pushes": True}}
    async with simulated(rate=40, switches=switches) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEPTH, DEALS))
        await client.next()
        pushes = await client.collect(4)
    depth = [push for push in pushes if push.channel == DEPTH]
    deals = [push for push in pushes if push.channel == DEALS]
    assert len(depth) in (39, 40)
    assert any(not push.publicAggreDepths.asks and not push.publicAggreDepths.bids for push in depth)
    assert "0.00000000" in {item.quantity for push in depth for item in push.publicAggreDepths.asks}
    assert not any(push.publicAggreDepths.lastOrderCreateTime for push in depth)
    assert not any(deal.tradeId for push in deals for deal in push.publicAggreDeals.deals)


async def test_deals_of_a_window_come_in_one_push(simulated: Any, mexc: Any, autojump_clock: Any) -> None:
    """Several trades a push, taker side 1 or 2, ids that name both sides and overlap their neighbours."""
    async with simulated(rate=4_000) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEALS))
        await client.next()
        pushes = await client.collect(3)
        bench.sim.rate = 0
        pushes += await client.collect(0.3)
        prints = list(bench.market(MEXC).tape.prints)
    deals = [deal for push in pushes for deal in push.publicAggreDeals.deals]
    assert len(prints) - 30 < len(deals) <= len(prints)
    assert len(pushes) < len(deals)
    assert {deal.tradeType for deal in deals} == {1, 2}
    one, two = deals[0].tradeId.split("_")
    assert int(two[:-2]) == int(one[:-2]) + 1
    assert one.endswith("X0")
    assert pushes[0].publicAggreDeals.eventType == "spot@public.aggre.deals.v3.api.pb@100ms"


@pytest.mark.parametrize(
    ("speed", "resend", "most"), [("10ms", True, 201), ("100ms", True, 21), ("10ms", False, 40)]
)
async def test_book_ticker_is_sent_again_unchanged(
    simulated: Any, mexc: Any, autojump_clock: Any, speed: str, resend: bool, most: int
) -> None:
    """An unchanged best is pushed again and again (switch: not)."""
    topic = TICKER.format(speed)
    async with simulated(rate=20, switches={MEXC: {"resend_unchanged": resend}}) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(topic))
        await client.next()
        pushes = await client.collect(2)
        truth = await bench.truth(MEXC, "BTC/USDT")
    assert len(pushes) <= most
    if resend:
        assert len(pushes) >= most - 2
    last = pushes[-1].publicAggreBookTicker
    assert [last.bidPrice, last.bidQuantity] == truth["bids"][0]
    assert [field.number for field, _ in last.ListFields()] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("shared", [True, False])
async def test_limit_depth_is_the_whole_top(
    simulated: Any, mexc: Any, autojump_clock: Any, shared: bool
) -> None:
    """Top N whole, padded to fixed decimals; versions of the shared counter (switch: of their own)."""
    topic = "spot@public.limit.depth.v3.api.pb@BTCUSDT@5"
    async with simulated(rate=2_000, switches={MEXC: {"shared_versions": shared}}) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(topic, TICKER.format("100ms")))
        await client.next()
        push = (await client.collect(1))[-2:]
        body = next(frame for frame in push if frame.channel == topic).publicLimitDepths
        if shared:
            truth = await bench.truth(MEXC, "BTC/USDT", int(body.version))
            assert [float(item.price) for item in body.asks] == [
                float(price) for price, _ in truth["asks"][:5]
            ]
            assert [float(item.quantity) for item in body.bids] == [
                float(size) for _, size in truth["bids"][:5]
            ]
        else:
            assert int(body.version) < 100
    assert body.eventType == "spot@public.limit.depth.v3.api.pb"
    assert all(len(item.price.partition(".")[2]) == 2 for item in body.asks)


async def test_batch_ticker_kline_and_mini_tickers(simulated: Any, mexc: Any, autojump_clock: Any) -> None:
    """The other topics, with their intervals and fields."""
    batch = "spot@public.bookTicker.batch.v3.api.pb@BTCUSDT"
    kline = "spot@public.kline.v3.api.pb@BTCUSDT@Min1"
    mini = "spot@public.miniTicker.v3.api.pb@BTCUSDT@UTC+8"
    minis = "spot@public.miniTickers.v3.api.pb@24H"
    async with simulated(rate=1_000) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(batch, kline, mini, minis))
        assert (await client.next())["msg"] == f"{batch},{kline},{mini},{minis}"
        frames = await client.collect(12)
    by_topic = {
        topic: [frame for frame in frames if frame.channel == topic] for topic in (batch, kline, mini, minis)
    }
    assert len(by_topic[batch]) > 20
    assert len(by_topic[batch][0].publicBookTickerBatch.items) == 1
    assert len(by_topic[kline]) == 12
    candle = by_topic[kline][-1]
    assert [field.number for field, _ in candle.ListFields()] == [1, 3, 4, 5, 308]
    body = candle.publicSpotKline
    assert body.windowEnd - body.windowStart == 60
    assert float(body.lowestPrice) <= float(body.closingPrice) <= float(body.highestPrice)
    assert len(by_topic[mini]) == 4
    ticker = by_topic[mini][-1].publicMiniTicker
    assert float(ticker.volume) > float(ticker.quantity)  # quote turnover, base volume
    assert {item.symbol for item in by_topic[minis][-1].publicMiniTickers.items} == {"BTCUSDT", "ETHUSDT"}


async def test_a_repeated_subscription_does_not_double_the_stream(
    simulated: Any, mexc: Any, autojump_clock: Any
) -> None:
    """Acked again, pushed once."""
    async with simulated() as bench:
        client = await bench.client(MEXC)
        for _ in range(2):
            await client.send(mexc(DEPTH))
            await client.next(lambda frame: isinstance(frame, dict))
        versions = [push.publicAggreDepths.toVersion for push in await client.collect(2)]
    assert len(versions) == len(set(versions))


@pytest.mark.parametrize(
    ("form", "text"), [("echo", DEPTH), ("no_subscription", "no subscription"), ("silence", None)]
)
async def test_unsubscribing(
    simulated: Any, mexc: Any, autojump_clock: Any, form: str, text: str | None
) -> None:
    """Switch: the topic echoed, other words, or no reply; the stream ends in any case."""
    async with simulated(switches={MEXC: {"unsubscribe_reply": form}}) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc(DEPTH))
        await client.collect(0.5)
        await client.send(mexc(DEPTH, method="UNSUBSCRIPTION", id=3))
        frames = await client.collect(1)
    replies = [frame for frame in frames if isinstance(frame, dict)]
    assert replies == ([{"id": 3, "code": 0, "msg": text}] if text else [])
    assert len(frames) == len(replies)


async def test_a_topic_can_be_silent_or_refused(simulated: Any, mexc: Any, autojump_clock: Any) -> None:
    """Switches by symbol."""
    switches = {MEXC: {"silent_topic": "BTCUSDT", "refuse_topic": "ETHUSDT"}}
    async with simulated(switches=switches) as bench:
        client = await bench.client(MEXC)
        eth = DEPTH.replace("BTC", "ETH")
        await client.send(mexc(DEPTH, eth))
        assert REFUSED.format(eth) in (await client.next())["msg"]
        assert not await client.collect(2)


async def test_a_bad_listen_key_is_told_in_bare_text(simulated: Any, autojump_clock: Any) -> None:
    """Not JSON: the text Invalid listen key."""
    async with simulated() as bench:
        client = await bench.client(MEXC, "/ws?listenKey=abc")
        assert await client.next() == "Invalid listen key"
