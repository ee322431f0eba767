from typing import Any

import pytest
import trio

GATE, MEXC = "gateio.spot", "mexc.spot"
BOOK = "/api/v4/spot/order_book?currency_pair=BTC_USDT"


async def test_a_gate_book_is_the_true_one_of_its_id(simulated: Any, autojump_clock: Any) -> None:
    """Id only with with_id, ten levels by default, as old as the switch says."""
    async with simulated(orders=600, rate=2_000) as bench:
        await trio.sleep(5)
        plain = (await bench.get(BOOK)).json
        assert list(plain) == ["current", "update", "asks", "bids"]
        assert len(plain["asks"]) == 10
        bench.board.set(GATE, "snapshot_lag_s", 2)
        book = (await bench.get(f"{BOOK}&limit=100&with_id=true")).json
        truth = await bench.truth(GATE, "BTC/USDT", book["id"])
        assert book["asks"] == truth["asks"][:100]
        assert book["bids"] == truth["bids"][:100]
        assert 1_990 <= book["current"] - book["update"] <= 2_200
        over = (await bench.get(f"{BOOK}&limit=101&with_id=true")).json
        assert (over["asks"], over["bids"]) == ([], [])


async def test_a_mexc_book_is_the_true_one_of_its_version(simulated: Any, autojump_clock: Any) -> None:
    """100 levels by default, all up to 5,000 on request."""
    async with simulated(orders=600, rate=2_000) as bench:
        await trio.sleep(5)
        book = (await bench.get("/api/v3/depth?symbol=BTCUSDT")).json
        assert list(book) == ["lastUpdateId", "bids", "asks", "timestamp"]
        assert len(book["bids"]) == 100
        whole = (await bench.get("/api/v3/depth?symbol=BTCUSDT&limit=9000")).json
        truth = await bench.truth(MEXC, "BTC/USDT", whole["lastUpdateId"])
    assert whole["bids"] == truth["bids"]
    assert whole["asks"] == truth["asks"]


async def test_gate_instruments(simulated: Any, autojump_clock: Any) -> None:
    """currency_pairs, whole and single; margin pairs, which clients ask for, are none."""
    async with simulated() as bench:
        pairs = (await bench.get("/api/v4/spot/currency_pairs")).json
        assert [pair["id"] for pair in pairs] == ["BTC_USDT", "ETH_USDT"]
        assert pairs[0]["precision"] == 1
        assert pairs[0]["amount_precision"] == 6
        assert pairs[0]["trade_status"] == "tradable"
        assert (await bench.get("/api/v4/spot/currency_pairs/ETH_USDT")).json == pairs[1]
        assert (await bench.get("/api/v4/margin/currency_pairs")).json == []


async def test_mexc_instruments(simulated: Any, autojump_clock: Any) -> None:
    """ExchangeInfo for all, one or some; defaultSymbols."""
    async with simulated() as bench:
        info = (await bench.get("/api/v3/exchangeInfo")).json
        assert [row["symbol"] for row in info["symbols"]] == ["BTCUSDT", "ETHUSDT"]
        row = info["symbols"][0]
        assert (row["status"], row["quotePrecision"], row["baseAssetPrecision"]) == ("1", 2, 6)
        assert row["baseSizePrecision"] == "0.000001"
        one = (await bench.get("/api/v3/exchangeInfo?symbols=ETHUSDT,NOPE")).json
        assert [row["symbol"] for row in one["symbols"]] == ["ETHUSDT"]
        assert (await bench.get("/api/v3/exchangeInfo?symbol=NOPE")).status == 400
        assert (await bench.get("/api/v3/defaultSymbols")).json["data"] == ["BTCUSDT", "ETHUSDT"]


async def test_clocks(simulated: Any, autojump_clock: Any) -> None:
    """Both venues tell the simulation's time."""
    async with simulated() as bench:
        gate = (await bench.get("/api/v4/spot/time")).json["server_time"]
        mexc = (await bench.get("/api/v3/time")).json["serverTime"]
        assert gate == mexc == bench.sim.clock.now_ns() // 1_000_000
        assert (await bench.get("/api/v3/ping")).json == {}


async def test_gate_trades_tickers_and_candles(simulated: Any, autojump_clock: Any) -> None:
    """Newest trades first; tickers for one or all; candles with the forming one last."""
    async with simulated(rate=100) as bench:
        await trio.sleep(130)
        trades = (await bench.get("/api/v4/spot/trades?currency_pair=BTC_USDT&limit=5")).json
        assert len(trades) == 5
        assert int(trades[0]["id"]) > int(trades[1]["id"])
        assert len((await bench.get("/api/v4/spot/tickers")).json) == 2
        ticker = (await bench.get("/api/v4/spot/tickers?currency_pair=BTC_USDT")).json[0]
        assert ticker["last"] == trades[0]["price"]
        path = "/api/v4/spot/candlesticks?currency_pair=BTC_USDT&interval=1m&limit=3"
        candles = (await bench.get(path)).json
        assert [row[7] for row in candles] == ["true", "true", "false"]
        assert candles[-1][2] == ticker["last"]


async def test_gate_trades_are_paged_by_id(simulated: Any, autojump_clock: Any) -> None:
    """Newest first: all, those below an id (reverse), those above one; told late where the switch says so."""
    async with simulated() as bench:
        await trio.sleep(20.0)
        path = "/api/v4/spot/trades?currency_pair=BTC_USDT"
        rows = (await bench.get(f"{path}&limit=10")).json
        ids = [int(row["id"]) for row in rows]
        below = (await bench.get(f"{path}&limit=3&last_id={ids[4]}&reverse=true")).json
        assert [int(row["id"]) for row in below] == ids[5:8]
        above = (await bench.get(f"{path}&last_id={ids[4]}")).json
        assert [int(row["id"]) for row in above][-4:] == ids[:4]
        assert all(int(row["id"]) > ids[4] for row in above)
        unnamed = (await bench.get(f"{path}&limit=10&reverse=true")).json
        assert [int(row["id"]) for row in unnamed][-1] >= ids[-1], "without an id it has no effect"
        for wrong in ("x", "", "9" * 5000):
            answer = await bench.get(f"{path}&last_id={wrong}")
            assert (answer.status, answer.json["label"]) == (400, "INVALID_PARAM_VALUE")
        bench.board.set(GATE, "trades_lag_s", 5)
        now = (await bench.get("/api/v4/spot/time")).json["server_time"]
        newest = (await bench.get(f"{path}&limit=1")).json[0]
        assert now - float(newest["create_time_ms"]) >= 5_000


async def test_mexc_trades_klines_and_tickers(simulated: Any, autojump_clock: Any) -> None:
    """trades, aggTrades, klines, 24hr, price, bookTicker."""
    async with simulated(rate=100) as bench:
        await trio.sleep(130)
        trades = (await bench.get("/api/v3/trades?symbol=BTCUSDT&limit=5")).json
        assert len(trades) == 5
        assert trades[0]["id"] is None
        assert len((await bench.get("/api/v3/aggTrades?symbol=BTCUSDT&limit=7")).json) == 7
        rows = (await bench.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=2")).json
        assert len(rows) == 2
        assert rows[1][0] - rows[0][0] == 60_000
        price = (await bench.get("/api/v3/ticker/price?symbol=BTCUSDT")).json["price"]
        assert price == trades[0]["price"] == rows[-1][4]
        day = (await bench.get("/api/v3/ticker/24hr?symbol=BTCUSDT")).json
        assert day["lastPrice"] == price
        best = (await bench.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT")).json
        assert best["bidPrice"] == day["bidPrice"]
        assert len((await bench.get("/api/v3/ticker/bookTicker")).json) == 2


@pytest.mark.parametrize(
    ("target", "status", "label"),
    [
        ("/api/v4/spot/order_book?currency_pair=NOPE_USDT", 400, "INVALID_CURRENCY_PAIR"),
        ("/api/v4/spot/order_book", 400, "MISSING_REQUIRED_PARAM"),
        ("/api/v4/spot/order_book?currency_pair=BTC_USDT&limit=x", 400, "INVALID_PARAM_VALUE"),
        ("/api/v4/spot/currency_pairs/NOPE_USDT", 400, "INVALID_CURRENCY"),
        ("/api/v4/spot/candlesticks?currency_pair=BTC_USDT&interval=2m", 400, "INVALID_PARAM_VALUE"),
        ("/api/v4/spot/trades?currency_pair=BTC_USDT&limit=5000", 400, "INVALID_PARAM_VALUE"),
        ("/api/v4/spot/accounts", 400, "MISSING_REQUIRED_HEADER"),
        ("/api/v4/nothing", 404, "NOT_FOUND"),
        ("/api/v3/depth?symbol=NOPE", 400, -1121),
        ("/api/v3/depth?symbol=btcusdt", 400, -1121),
        ("/api/v3/depth", 400, 700004),
        ("/api/v3/depth?symbol=BTCUSDT&limit=x", 400, 33333),
        ("/api/v3/klines?symbol=BTCUSDT&interval=2m", 400, -1121),
        ("/api/v3/nothing", 404, 404),
    ],
)
async def test_errors(simulated: Any, autojump_clock: Any, target: str, status: int, label: Any) -> None:
    """Each venue's own error bodies."""
    async with simulated() as bench:
        answer = await bench.get(target)
    assert answer.status == status
    assert answer.json["label" if "v4" in target else "code"] == label


@pytest.mark.parametrize("target", ["/api/v4/spot/time", "/api/v3/ping"])
async def test_only_get_is_served(simulated: Any, autojump_clock: Any, target: str) -> None:
    """Market data is read."""
    async with simulated() as bench:
        assert (await bench.get(target, "POST")).status == 405
