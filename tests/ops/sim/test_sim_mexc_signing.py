"""Who may ask MEXC what, and how often: keys, signatures, times, permissions, weights."""

import hashlib
import hmac
from decimal import Decimal
from typing import Any

import pytest
import trio

from feedtree.ops.http import Request
from feedtree.ops.sim.accounts.config import AccountConfig
from feedtree.ops.sim.mexc.identity import sign, signed_text

MEXC = "mexc.spot"


def touch(bench: Any) -> tuple[Decimal, Decimal]:
    market = bench.market(MEXC)
    return Decimal(market.price_text(market.book.best_bid)), Decimal(market.price_text(market.book.best_ask))


@pytest.mark.parametrize(
    ("query", "body", "expected"),
    [
        (
            "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=11&recvWindow=5000&timestamp=1644489390087",
            "",
            "fd3e4e8543c5188531eb7279d68ae7d26a573d0fc5ab0d18eb692451654d837a",
        ),
        (
            "symbol=BTCUSDT&side=BUY&type=LIMIT",
            "quantity=1&price=11&recvWindow=5000&timestamp=1644489390087",
            "d1a676610ceb39174c8039b3f548357994b2a34139a8addd33baadba65684592",
        ),
    ],
)
def test_signatures_are_those_of_mexcs_documents(query: str, body: str, expected: str) -> None:
    request = Request("POST", f"/api/v3/order?{query}&signature=x", "/", {}, (), body.encode(), "a:1")
    assert sign("45d0b3c26f2644f19bfb98b07741b2f5", signed_text(request)) == expected


async def test_wrong_keys_signatures_and_times_have_their_codes(simulated: Any, autojump_clock: Any) -> None:
    accounts = (
        AccountConfig(MEXC, "main", "main", "s", {"USDT": "1000"}),
        AccountConfig(MEXC, "away", "away", "s", ips=("10.0.0.1",)),
        AccountConfig(MEXC, "reader", "reader", "s", permissions=("read",)),
    )
    async with simulated(rate=0.0, accounts=accounts) as bench:
        assert (await bench.get("/api/v3/account")).json == {"code": 400, "msg": "api key required"}
        late, early = bench.mexc("main", "s"), bench.mexc("main", "s")
        late.skew_ms, early.skew_ms = -5_001, 1_000
        for account, code in (
            (bench.mexc("nobody", "s"), 10072),
            (bench.mexc("main", "guess"), 700002),
            (late, 700003),
            (early, 700003),
            (bench.mexc("away", "s"), 700006),
        ):
            assert (await account.rest("GET", "/account")).json["code"] == code
        wide = await bench.mexc("main", "s").rest("GET", "/account", recvWindow=60_001)
        assert wide.json["code"] == 700005
        bare = await bench.get("/api/v3/account?timestamp=1", headers={"X-MEXC-APIKEY": "main"})
        assert bare.json["code"] == 700004
        answer = await bench.mexc("reader", "s").place(quantity="1", price="90000")
        assert (answer.status, answer.json["code"]) == (400, 700007)
        assert (await late.rest("GET", "/account", recvWindow=6_000)).status == 200


async def test_parameters_may_come_in_the_body(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        query, body = (
            "symbol=BTCUSDT&side=BUY",
            f"type=LIMIT&quantity=0.1&price={bid}&timestamp={account.now_ms()}",
        )
        mark = hmac.new(account.secret.encode(), (query + body).encode(), hashlib.sha256).hexdigest()
        target = f"/api/v3/order?{query}"
        answer = await bench.get(target, "POST", {"X-MEXC-APIKEY": account.key}, f"{body}&signature={mark}")
        assert answer.status == 200, answer.body


async def test_weight_over_the_limit_is_429_with_retry_after(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"account_limit": 20}}) as bench:
        account = bench.mexc()
        await trio.sleep(10 - bench.sim.clock.now_ns() / 1e9 % 10)
        statuses = [(await account.rest("GET", "/myTrades", symbol="BTCUSDT")).status for _ in range(2)]
        answer = await account.rest("GET", "/myTrades", symbol="BTCUSDT")
        assert (statuses, answer.status) == ([200, 200], 429)
        assert 1 <= int(answer.headers["retry-after"]) <= 10
        assert (await account.rest("GET", "/openOrders", symbol="BTCUSDT")).status == 200
        await trio.sleep(int(answer.headers["retry-after"]))
        assert (await account.rest("GET", "/myTrades", symbol="BTCUSDT")).status == 200


async def test_account_is_read_twice_a_second_at_most(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        await trio.sleep(1 - bench.sim.clock.now_ns() / 1e9 % 1)
        assert [(await account.rest("GET", "/account")).status for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize(("escape", "code"), [("%2C", None), ("%2c", 700002)])
async def test_escapes_are_signed_in_upper_case(
    simulated: Any, autojump_clock: Any, escape: str, code: int | None
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        query = f"symbol=BTCUSDT{escape}ETHUSDT&timestamp={account.now_ms()}"
        mark = hmac.new(account.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
        target = f"/api/v3/openOrders?{query}&signature={mark}"
        answer = await bench.get(target, "DELETE", {"X-MEXC-APIKEY": account.key})
        assert (answer.json == []) if code is None else (answer.json["code"] == code)


async def test_budget_of_public_calls_says_when_to_come_back(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"rest_limit": 10}}) as bench:
        await trio.sleep(10 - bench.sim.clock.now_ns() / 1e9 % 10)
        assert (await bench.get("/api/v3/exchangeInfo")).status == 200
        over = await bench.get("/api/v3/ping")
        assert over.status == 429
        assert 1 <= int(over.headers["retry-after"]) <= 10


@pytest.mark.parametrize(("status", "code"), [(401, 700006), (403, 700006), (400, 700006)])
async def test_denied_status_is_a_switch(simulated: Any, autojump_clock: Any, status: int, code: int) -> None:
    switches = {MEXC: {"deny_ip": True, "denied_status": status}}
    async with simulated(rate=0.0, switches=switches) as bench:
        answer = await bench.mexc().rest("GET", "/account")
        assert (answer.status, answer.json["code"]) == (status, code)


@pytest.mark.parametrize("params", [{"recvWindow": "soon"}, {"recvWindow": ""}])
async def test_window_must_be_a_number(simulated: Any, autojump_clock: Any, params: dict[str, str]) -> None:
    async with simulated(rate=0.0) as bench:
        answer = await bench.mexc().rest("GET", "/account", **params)
        assert (answer.status, answer.json["code"]) == (400, 700004)


async def test_signature_that_is_no_hex_is_refused(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        target = f"/api/v3/account?timestamp={account.now_ms()}&signature=%C3%A9"
        answer = await bench.get(target, headers={"X-MEXC-APIKEY": account.key})
        assert (answer.status, answer.json["code"]) == (400, 700002)


@pytest.mark.parametrize(("skew_ms", "status"), [(-5_001, 400), (-5_000, 200), (999, 200), (1_000, 400)])
async def test_window_is_five_seconds_back_and_less_than_one_ahead(
    simulated: Any, autojump_clock: Any, skew_ms: int, status: int
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        account.skew_ms = skew_ms
        assert (await account.rest("GET", "/account")).status == status


async def test_query_counts_where_the_body_names_the_same(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account, (bid, _) = bench.mexc(), touch(bench)
        query = f"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.1&timestamp={account.now_ms()}"
        body = f"price={bid}&quantity=0.2"
        mark = hmac.new(account.secret.encode(), (query + body).encode(), hashlib.sha256).hexdigest()
        target = f"/api/v3/order?{query}&signature={mark}"
        answer = await bench.get(target, "POST", {"X-MEXC-APIKEY": account.key}, body)
        assert answer.json["origQty"] == "0.1"
