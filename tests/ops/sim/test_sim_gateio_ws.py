import itertools
from typing import Any

import pytest

GATE = "gateio.spot"


def update_of(channel: str) -> Any:
    return lambda frame: frame.get("channel") == channel and frame.get("event") == "update"


async def test_an_ack_of_today_has_no_error_key(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Recent wire: error absent, result success, the request echoed, ids of 16 and 32 hex digits."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.trades", "BTC_USDT", "ETH_USDT", id=7))
        ack = await client.next()
    assert "error" not in ack
    assert ack["result"] == {"status": "success"}
    assert (ack["id"], ack["channel"], ack["event"]) == (7, "spot.trades", "subscribe")
    assert ack["payload"] == ["BTC_USDT", "ETH_USDT"]
    assert len(ack["conn_id"]) == 16
    assert ack["requestId"] == ack["trace_id"]
    assert len(ack["trace_id"]) == 32


async def test_an_id_is_echoed_only_where_there_was_one(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """No id in the request, none in the reply; the connection's id stays, the trace's does not."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.trades", "BTC_USDT"))
        await client.send(gate("spot.tickers", "BTC_USDT"))
        first, second = [await client.next(lambda frame: frame["event"] == "subscribe") for _ in range(2)]
    assert "id" not in first
    assert first["conn_id"] == second["conn_id"]
    assert first["trace_id"] != second["trace_id"]


@pytest.mark.parametrize(
    ("switch", "value", "keys"),
    [
        (
            "ack_form",
            "null",
            ["time", "time_ms", "conn_id", "trace_id", "channel", "event", "payload", "error"],
        ),
        ("ack_form", "minimal", ["time", "channel", "event"]),
        ("request_id", False, ["time", "time_ms", "conn_id", "trace_id", "channel", "event", "payload"]),
    ],
)
async def test_acks_of_other_years(
    simulated: Any, gate: Any, autojump_clock: Any, switch: str, value: Any, keys: list[str]
) -> None:
    """Switch: error null (documents), the bare ack of 2021, no requestId."""
    async with simulated(switches={GATE: {switch: value}}) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.trades", "BTC_USDT"))
        ack = await client.next()
    assert list(ack) == [*keys, "result"] + (["requestId"] if value == "null" else [])
    assert ack.get("error") is None
    assert ack["result"] == {"status": "success"}


async def test_one_unknown_pair_refuses_the_whole_frame(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """Multi-symbol subscribes are atomic, and the offender is named."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.trades", "BTC_USDT", "NOPE_USDT"))
        refusal = await client.next()
        frames = await client.collect(2)
    assert refusal["error"] == {"code": 2, "message": "unknown currency pair: NOPE_USDT"}
    assert refusal["result"] == {"status": "fail"}
    assert not frames


@pytest.mark.parametrize(
    ("channel", "payload", "code", "text"),
    [
        ("spot.trades", ["btc_usdt"], 2, "unknown currency pair: btc_usdt"),
        ("spot.order_book_update", ["BTC_USDT", "1000ms"], 2, "incorrect update interval specified: 1000ms"),
        ("spot.order_book_update", ["NOPE_USDT", "100ms"], 2, "unknown currency pair: NOPE_USDT"),
        ("spot.order_book_update", ["BTC_USDT"], 2, "need 2 params and here is 1"),
        ("spot.order_book", ["BTC_USDT", "30", "100ms"], 2, "provided level not supported: 30"),
        ("spot.order_book", ["BTC_USDT", "20", "20ms"], 2, "incorrect update interval specified: 20ms"),
        ("spot.candlesticks", ["1s", "BTC_USDT"], 2, "incorrect interval"),
        ("spot.nothing", ["BTC_USDT"], 2, "Unknown channel spot.nothing"),
        ("spot.orders", ["BTC_USDT"], 4, "INVALID_KEY"),
        ("spot.trades", [], 2, "invalid argument"),
    ],
)
async def test_refusals(
    simulated: Any, gate: Any, autojump_clock: Any, channel: str, payload: list[str], code: int, text: str
) -> None:
    """Refusals carry Gate.io's codes and texts, and the connection stays open."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send(gate(channel, *payload))
        refusal = await client.next()
        assert refusal["error"]["code"] == code
        assert text in refusal["error"]["message"]
        await client.send({"time": 1, "channel": "spot.ping"})
        assert (await client.next())["channel"] == "spot.pong"


async def test_a_payload_that_is_no_list_is_refused(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Code 1: the structure is wrong."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send({"time": 1, "channel": "spot.trades", "event": "subscribe", "payload": {"a": 1}})
        assert (await client.next())["error"]["code"] == 1
        await client.send({"time": 1, "channel": "spot.trades", "event": "dance", "payload": ["BTC_USDT"]})
        assert "Unknown event" in (await client.next())["error"]["message"]


@pytest.mark.parametrize("form", ["error", "silence"])
async def test_what_is_no_json(simulated: Any, autojump_clock: Any, form: str) -> None:
    """Non-JSON is answered with code 1 or not at all; the socket stays open."""
    async with simulated(switches={GATE: {"bad_json": form}}) as bench:
        client = await bench.client(GATE)
        await client.send("hello")
        await client.send({"time": 1, "channel": "spot.ping"})
        frames = await client.collect(1)
    expected = [{"code": 1, "message": "request message need json scheme"}] if form == "error" else []
    assert [frame["error"] for frame in frames if "error" in frame] == expected
    assert frames[-1]["channel"] == "spot.pong"


async def test_the_application_ping(simulated: Any, autojump_clock: Any) -> None:
    """spot.ping gives spot.pong with an empty event and a null result; control pings get pongs."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send({"time": 1, "channel": "spot.ping"})
        pong = await client.next()
        await client.ping()
        await client.collect(0.1)
    assert list(pong) == ["time", "time_ms", "conn_id", "channel", "event", "result", "requestId"]
    assert (pong["channel"], pong["event"], pong["result"]) == ("spot.pong", "", None)
    assert client.pongs == 1


async def test_trades_come_one_per_frame(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Every fill once, ids counting up per venue and market, numbers as strings."""
    async with simulated(rate=4_000) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.trades", "BTC_USDT", "ETH_USDT"))
        await client.next()
        frames = await client.collect(3)
        await bench.get("/_sim/rate?value=0")
        frames += await client.collect(0.2)
        prints = list(bench.market(GATE).tape.prints)
    results = [frame["result"] for frame in frames]
    keys = "id id_market create_time create_time_ms side currency_pair amount price range"
    assert all(list(result) == keys.split() for result in results)
    btc = [result for result in results if result["currency_pair"] == "BTC_USDT"]
    assert [result["id"] for result in btc] == [print_.number for print_ in prints][-len(btc) :]
    assert len(btc) > len(prints) - 30
    assert all(one["id_market"] + 1 == two["id_market"] for one, two in itertools.pairwise(btc))
    assert {result["side"] for result in btc} == {"buy", "sell"}
    assert btc[0]["range"] == f"{btc[0]['id_market']}-{btc[0]['id_market']}"
    assert float(btc[0]["create_time_ms"]) // 1000 == btc[0]["create_time"]


async def test_trades_of_long_ago_were_padded(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Switch: ten decimals."""
    async with simulated(rate=4_000, switches={GATE: {"padded_trades": True}}) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.trades", "BTC_USDT"))
        await client.next()
        result = (await client.next())["result"]
    assert len(result["price"].partition(".")[2]) == len(result["amount"].partition(".")[2]) == 10


async def test_book_ticker_tells_changes_of_the_best(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """At most every 10 ms, only when changed, with the id of the shared counter."""
    async with simulated(rate=2_000) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.book_ticker", "BTC_USDT"))
        await client.next()
        results = [frame["result"] for frame in await client.collect(2)]
        truth = await bench.truth(GATE, "BTC/USDT", results[-1]["u"])
    assert list(results[0]) == ["t", "u", "s", "b", "B", "a", "A"]
    assert [results[-1]["b"], results[-1]["B"]] == truth["bids"][0]
    assert [results[-1]["a"], results[-1]["A"]] == truth["asks"][0]
    bests = [tuple(result[name] for name in "bBaA") for result in results]
    assert all(one != two for one, two in itertools.pairwise(bests))


async def test_an_empty_side_of_book_ticker_is_an_empty_string(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """Price and amount are "" where a side is empty."""
    async with simulated(switches={GATE: {"empty_side": "bid"}}) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.book_ticker", "BTC_USDT"))
        await client.next()
        result = (await client.next())["result"]
    assert (result["b"], result["B"]) == ("", "")
    assert float(result["a"]) > 0


async def test_tickers_every_second_and_candles_every_two(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """The documented intervals and shapes."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.tickers", "BTC_USDT"))
        await client.send(gate("spot.candlesticks", "10s", "BTC_USDT"))
        frames = await client.collect(40)
    tickers = [frame["result"] for frame in frames if update_of("spot.tickers")(frame)]
    candles = [frame["result"] for frame in frames if update_of("spot.candlesticks")(frame)]
    assert 39 <= len(tickers) <= 41
    assert set(tickers[0]) == {
        "currency_pair",
        "last",
        "lowest_ask",
        "highest_bid",
        "change_percentage",
        "base_volume",
        "quote_volume",
        "high_24h",
        "low_24h",
    }
    assert float(tickers[-1]["highest_bid"]) < float(tickers[-1]["lowest_ask"])
    assert list(candles[0]) == ["t", "v", "c", "h", "l", "o", "n", "a", "w"]
    assert candles[0]["n"] == "10s_BTC_USDT"
    closed = [candle for candle in candles if candle["w"]]
    assert len(closed) in (3, 4)
    assert len({candle["t"] for candle in closed}) == len(closed)


async def test_the_closed_flag_of_candles_may_be_missing(
    simulated: Any, gate: Any, autojump_clock: Any
) -> None:
    """Switch: no w."""
    async with simulated(switches={GATE: {"candle_w": False}}) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.candlesticks", "1m", "BTC_USDT"))
        await client.next()
        assert "w" not in (await client.next())["result"]


async def test_unsubscribing_ends_the_stream(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Unsubscribe takes the same payload, and obu can be had again after it."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        await client.collect(1)
        await client.send(gate("spot.obu", "ob.BTC_USDT.50", event="unsubscribe"))
        assert (await client.next(lambda frame: frame["event"] == "unsubscribe"))["result"] == {
            "status": "success"
        }
        assert not await client.collect(2)
        await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        assert (await client.next())["result"] == {"status": "success"}
        assert (await client.next())["result"]["full"]


async def test_a_topic_can_be_refused_or_silent(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Switch: one symbol is refused, by REST too, or confirmed and then silent."""
    async with simulated() as bench:
        client = await bench.client(GATE)
        bench.board.set(GATE, "refuse_topic", "BTC_USDT")
        await client.send(gate("spot.trades", "BTC_USDT", "ETH_USDT"))
        assert (await client.next())["error"]["message"] == "unknown currency pair: BTC_USDT"
        bench.board.set(GATE, "refuse_topic", "")
        bench.board.set(GATE, "silent_topic", "BTC_USDT")
        await client.send(gate("spot.order_book_update", "BTC_USDT", "100ms"))
        assert (await client.next())["result"] == {"status": "success"}
        assert not await client.collect(3)


async def test_answers_can_come_late(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Switch: a late ack still precedes its stream."""
    async with simulated(switches={GATE: {"answer_delay_s": 1.5}}) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.obu", "ob.BTC_USDT.50"))
        assert not await client.collect(1.4)
        assert (await client.next())["event"] == "subscribe"
        assert (await client.next())["result"]["full"]


async def test_errors_may_close_the_connection(simulated: Any, gate: Any, autojump_clock: Any) -> None:
    """Switch: uncertain whether an error ever does."""
    async with simulated(switches={GATE: {"errors_close": True, "fail_result": "null"}}) as bench:
        client = await bench.client(GATE)
        await client.send(gate("spot.trades", "NOPE_USDT"))
        assert (await client.next())["result"] is None
        assert await client.end() == "tcp"
