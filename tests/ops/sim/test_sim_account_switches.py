"""Switches and faults of the private side: orders held or unanswered, pushes lost or doubled, REST behind."""

from typing import Any

import pytest
import trio

GATEIO, MEXC = "gateio.spot", "mexc.spot"


def bid(bench: Any, venue: str = GATEIO) -> str:
    market = bench.market(venue)
    return str(market.price_text(market.book.best_bid))


def order(bench: Any, **fields: Any) -> dict[str, Any]:
    base = {"currency_pair": "BTC_USDT", "side": "buy", "type": "limit", "amount": "0.5", "price": bid(bench)}
    return {**base, "text": "t-x", **fields}


async def api(bench: Any) -> Any:
    client = await bench.client(GATEIO)
    await client.send(bench.gate().login())
    await client.next()
    return client


@pytest.mark.parametrize("venue", [GATEIO, MEXC])
async def test_order_hold_s_takes_the_order_late_also_where_its_client_is_gone(
    simulated: Any, autojump_clock: Any, venue: str
) -> None:
    async with simulated(rate=0.0, switches={venue: {"order_hold_s": 3}}) as bench:
        with trio.move_on_after(1):
            if venue == GATEIO:
                await bench.gate().place(amount="0.5", price=bid(bench))
            else:
                await bench.mexc().place(quantity="0.5", price=bid(bench, MEXC))
        bench.hang_up()
        assert not bench.account(venue).now.orders
        await trio.sleep(3)
        assert len(bench.account(venue).now.open) == 1
        (entry,) = (await bench.get(f"/_sim/entries?venue={venue}")).json[venue]
        assert (entry["doing"], entry["outcome"]) == ("place", "accepted")


async def test_held_order_of_the_websocket_is_acknowledged_at_once(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0, switches={GATEIO: {"order_hold_s": 3}}) as bench:
        client = await api(bench)
        await client.send(bench.gate().call("spot.order_place", order(bench)))
        (ack,) = await client.collect(1)
        assert ack["ack"] is True
        client.transport.close()
        await trio.sleep(3)
        assert len(bench.account(GATEIO).now.open) == 1


@pytest.mark.parametrize(("where", "placed"), [("engine", 0), ("door", 1)])
async def test_expiry_checked_says_whether_a_held_order_can_outlive_its_expiry(
    simulated: Any, autojump_clock: Any, where: str, placed: int
) -> None:
    switches = {"order_hold_s": 3, "expiry_checked": where}
    async with simulated(rate=0.0, switches={GATEIO: switches, MEXC: switches}) as bench:
        expiry = str(bench.sim.clock.now_ns() // 10**6 + 1_000)
        await bench.gate().place(amount="0.5", price=bid(bench), headers={"x-gate-exptime": expiry})
        await bench.mexc().place(quantity="0.5", price=bid(bench, MEXC), recvWindow=1_000)
        assert len(bench.account(GATEIO).now.orders) == placed
        assert len(bench.account(MEXC).now.orders) == placed


@pytest.mark.parametrize("venue", [GATEIO, MEXC])
@pytest.mark.parametrize("form", ["status", "cut", "withheld"])
async def test_order_answers_hides_that_an_order_was_taken(
    simulated: Any, autojump_clock: Any, venue: str, form: str
) -> None:
    async with simulated(rate=0.0, switches={venue: {"order_answers": form}}) as bench:
        status = None
        with trio.move_on_after(10):
            try:
                if venue == GATEIO:
                    status = (await bench.gate().place(amount="0.5", price=bid(bench))).status
                else:
                    status = (await bench.mexc().place(quantity="0.5", price=bid(bench, MEXC))).status
            except Exception:  # the connection broke, in whatever way the transport says so
                status = 0
        assert status == {"status": 503, "cut": 0, "withheld": None}[form]
        assert len(bench.account(venue).now.open) == 1


@pytest.mark.parametrize(("form", "ended"), [("status", None), ("cut", "reset"), ("withheld", None)])
async def test_order_answers_holds_for_the_websocket_too(
    simulated: Any, autojump_clock: Any, form: str, ended: str | None
) -> None:
    async with simulated(rate=0.0, switches={GATEIO: {"order_answers": form}}) as bench:
        client = await api(bench)
        await client.send(bench.gate().call("spot.order_place", order(bench)))
        frames = await client.collect(1)
        assert client.ended == ended
        assert len(bench.account(GATEIO).now.open) == 1
        if form == "withheld":
            assert [frame["ack"] for frame in frames] == [True]
        elif form == "status":
            assert frames[1]["header"]["status"] == "503"


async def test_private_skip_repeat_and_delay_change_what_is_pushed(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        client = await account.stream("spot.orders")
        for switch, value, frames in (
            ("private_skip_every", 1, 0),
            ("private_skip_every", 0, 1),
            ("private_repeat_every", 1, 2),
            ("private_repeat_every", 0, 1),
        ):
            bench.board.set(GATEIO, switch, value)
            await account.place(amount="0.1", price=bid(bench))
            assert len(await client.collect(0.2)) == frames
        bench.board.set(GATEIO, "private_delay_s", 2)
        await account.place(amount="0.1", price=bid(bench))
        assert await client.collect(1) == []
        assert len(await client.collect(2)) == 1


async def test_private_shuffle_mixes_the_pushes_of_an_event(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0, switches={GATEIO: {"private_shuffle": True}}) as bench:
        account = bench.gate()
        client = await account.stream("spot.orders", "spot.usertrades", "spot.balances")
        seen = set()
        for _ in range(8):
            await account.place(type="market", amount="20", time_in_force="ioc")
            seen.add(tuple(frame["channel"] for frame in await client.collect(0.2)))
        assert len(seen) > 1


@pytest.mark.parametrize("venue", [GATEIO, MEXC])
async def test_private_lag_s_makes_rest_tell_the_past(
    simulated: Any, autojump_clock: Any, venue: str
) -> None:
    async with simulated(rate=0.0, switches={venue: {"private_lag_s": 5}}) as bench:
        if venue == GATEIO:
            await bench.gate().place(type="market", amount="50", time_in_force="ioc")
        else:
            await bench.mexc().place(type="MARKET", quoteOrderQty="50")

        async def fills() -> Any:
            if venue == GATEIO:
                return (await bench.gate().rest("GET", "/spot/my_trades")).json
            return (await bench.mexc().rest("GET", "/myTrades", symbol="BTCUSDT")).json

        await trio.sleep(4)
        assert await fills() == []
        await trio.sleep(2)
        assert len(await fills()) >= 1


@pytest.mark.parametrize("venue", [GATEIO, MEXC])
async def test_private_rest_status_fails_reads_and_not_orders(
    simulated: Any, autojump_clock: Any, venue: str
) -> None:
    async with simulated(rate=0.0, switches={venue: {"private_rest_status": 503}}) as bench:
        if venue == GATEIO:
            assert (await bench.gate().rest("GET", "/spot/accounts")).status == 503
            assert (await bench.gate().place(amount="0.5", price=bid(bench))).status == 201
        else:
            assert (await bench.mexc().rest("GET", "/account")).status == 503
            assert (await bench.mexc().place(quantity="0.5", price=bid(bench, MEXC))).status == 200


@pytest.mark.parametrize(
    ("status", "seconds", "stated"), [(429, 7, "7"), (503, 0.5, "0.5"), (502, 7, None), (429, 0, None)]
)
@pytest.mark.parametrize("venue", [GATEIO, MEXC])
async def test_a_pause_is_stated_where_reads_of_an_account_fail(
    simulated: Any, autojump_clock: Any, venue: str, status: int, seconds: float, stated: str | None
) -> None:
    """As it is where all of REST does."""
    switches = {"private_rest_status": status, "retry_after_s": seconds}
    async with simulated(rate=0.0, switches={venue: switches}) as bench:
        asked = bench.gate() if venue == GATEIO else bench.mexc()
        answer = await asked.rest("GET", "/spot/accounts" if venue == GATEIO else "/account")
        assert (answer.status, answer.headers.get("retry-after")) == (status, stated)


@pytest.mark.parametrize("venue", [GATEIO, MEXC])
async def test_a_pause_is_stated_where_an_order_is_answered_by_a_status(
    simulated: Any, autojump_clock: Any, venue: str
) -> None:
    """The order was taken all the same."""
    switches = {"order_answers": "status", "retry_after_s": 3}
    async with simulated(rate=0.0, switches={venue: switches}) as bench:
        if venue == GATEIO:
            answer = await bench.gate().place(amount="0.5", price=bid(bench))
        else:
            answer = await bench.mexc().place(quantity="0.5", price=bid(bench, MEXC))
        assert (answer.status, answer.headers["retry-after"]) == (503, "3")


@pytest.mark.parametrize("venue", [GATEIO, MEXC])
@pytest.mark.parametrize(
    ("switch", "value", "read", "trade"),
    [
        ("deny_permission", "read", 403, 200),
        ("deny_permission", "trade", 200, 403),
        ("deny_permission", "all", 403, 403),
        ("deny_ip", True, 403, 403),
    ],
)
async def test_keys_lose_permissions_and_addresses_by_switch(
    simulated: Any, autojump_clock: Any, venue: str, switch: str, value: object, read: int, trade: int
) -> None:
    status = {"denied_status": 403} if venue == MEXC else {}
    async with simulated(rate=0.0, switches={venue: {switch: value, **status}}) as bench:
        if venue == GATEIO:
            reads = await bench.gate().rest("GET", "/spot/accounts")
            trades = await bench.gate().place(amount="0.5", price=bid(bench))
        else:
            reads = await bench.mexc().rest("GET", "/account")
            trades = await bench.mexc().place(quantity="0.5", price=bid(bench, MEXC))
        assert (reads.status, 200 if trades.status == 201 else trades.status) == (read, trade)


@pytest.mark.parametrize("venue", [GATEIO, MEXC])
async def test_clock_skew_s_refuses_right_clocks_and_shows_in_the_time_call(
    simulated: Any, autojump_clock: Any, venue: str
) -> None:
    async with simulated(rate=0.0, switches={venue: {"clock_skew_s": 3_600}}) as bench:
        now_ms = bench.sim.clock.now_ns() // 10**6
        if venue == GATEIO:
            told = (await bench.get("/api/v4/spot/time")).json["server_time"]
            account = bench.gate()
            answer = await account.rest("GET", "/spot/accounts")
            assert (answer.status, answer.json["label"]) == (403, "REQUEST_EXPIRED")
            account.skew_s = 3_600
            placed = (await account.place(amount="0.5", price=bid(bench))).json
            created_ms = placed["create_time_ms"]
        else:
            told = (await bench.get("/api/v3/time")).json["serverTime"]
            account = bench.mexc()
            assert (await account.rest("GET", "/account")).json["code"] == 700003
            account.skew_ms = 3_600_000
            created_ms = (await account.place(quantity="0.5", price=bid(bench, MEXC))).json["transactTime"]
        for stamp_ms in (told, created_ms):
            assert stamp_ms - now_ms == pytest.approx(3_600_000, abs=100)


async def test_halted_refuses_orders_and_not_cancels(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        gate, mexc = bench.gate(), bench.mexc()
        await gate.place(amount="0.1", price=bid(bench), text="t-1")
        for venue in (GATEIO, MEXC):
            bench.board.set(venue, "halted", True)
        assert (await gate.place(amount="0.1", price=bid(bench))).json["label"] == "TRADE_RESTRICTED"
        assert (await mexc.place(quantity="0.5", price=bid(bench, MEXC))).json["code"] == 30016
        assert (await gate.rest("DELETE", "/spot/orders/t-1", "currency_pair=BTC_USDT")).status == 200


async def test_cancel_balances_can_be_left_out(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0, switches={GATEIO: {"cancel_balances": False}}) as bench:
        account = bench.gate()
        client = await account.stream("spot.balances")
        await account.place(amount="0.1", price=bid(bench), text="t-1")
        assert len(await client.collect(0.1)) == 1
        await account.rest("DELETE", "/spot/orders/t-1", "currency_pair=BTC_USDT")
        assert await client.collect(0.1) == []


async def test_impossible_orders_of_gateio_can_be_accepted_and_ended(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0, switches={GATEIO: {"impossible_orders": "ended"}}) as bench:
        market = bench.market(GATEIO)
        ask = market.price_text(market.book.best_ask)
        for tif in ("poc", "fok"):
            answer = await bench.gate().place(amount="5", price=ask, time_in_force=tif)
            assert (answer.status, answer.json["status"]) == (201, "cancelled")
            assert answer.json["finish_as"] == tif
        assert bench.account(GATEIO).now.purse["USDT"].locked == 0


async def test_late_cancel_and_repeated_text_and_text_life(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0, switches={GATEIO: {"text_life_s": 60}}) as bench:
        account = bench.gate()
        await account.place(amount="0.1", price=bid(bench), text="t-1")
        again = await account.place(amount="0.1", price=bid(bench), text="t-1")
        assert again.json["label"] == "REPEATED_CREATION"
        path, query = "/spot/orders/t-1", "currency_pair=BTC_USDT"
        assert (await account.rest("DELETE", path, query)).status == 200
        assert (await account.rest("DELETE", path, query)).json["label"] == "ORDER_NOT_FOUND"
        bench.board.set(GATEIO, "late_cancel", "closed")
        assert (await account.rest("DELETE", path, query)).json["label"] == "ORDER_CANCELLED"
        amended = await account.rest("PATCH", path, query, {"amount": "0.2"})
        assert amended.json["label"] == "ORDER_CANCELLED"
        await account.place(type="market", amount="20", text="t-2")
        filled = await account.rest("DELETE", "/spot/orders/t-2", query)
        assert filled.json["label"] == "ORDER_CLOSED"
        await trio.sleep(61)
        assert (await account.rest("GET", path, query)).status == 404
        assert (await account.place(amount="0.1", price=bid(bench), text="t-1")).status == 201
        bench.board.set(GATEIO, "repeated_text", "accepted")
        assert (await account.place(amount="0.1", price=bid(bench), text="t-1")).status == 201


async def test_forms_of_the_websocket_api_are_switches(simulated: Any, autojump_clock: Any) -> None:
    switches = {
        "api_fees": True,
        "api_label_in_text": False,
        "api_ack_false": True,
        "api_reset_name": "x_gate_ratelimit_reset_timestamp",
    }
    async with simulated(rate=0.0, switches={GATEIO: switches}) as bench:
        client = await api(bench)
        await client.send(bench.gate().call("spot.order_place", order(bench)))
        ack, result = await client.collect(0.1)
        assert (ack["ack"], result["ack"]) == (True, False)
        assert result["data"]["result"]["fee"] == "0"
        assert "x_gate_ratelimit_reset_timestamp" in result["header"]
        await client.send(bench.gate().call("spot.order_place", order(bench, amount="0.00002", text="t-y")))
        _, result = await client.collect(0.1)
        assert result["data"]["errs"]["message"].startswith("Your order size")


async def test_limits_of_cancels_and_orders_are_switches(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0, switches={GATEIO: {"cancel_limit": 1, "order_limit": 0}}) as bench:
        account = bench.gate()
        await trio.sleep(1.0 - bench.sim.clock.now_ns() % 10**9 / 1e9)
        for number in range(12):
            assert (await account.place(amount="0.1", price=bid(bench), text=f"t-{number}")).status == 201
        query = "currency_pair=BTC_USDT"
        assert (await account.rest("DELETE", "/spot/orders/t-0", query)).status == 200
        late = await account.rest("DELETE", "/spot/orders/t-1", query)
        assert (late.status, late.headers["x-gate-ratelimit-requests-remain"]) == (429, "0")


async def test_faults_swallow_and_repeat_pushes_and_fill_orders_in_pieces(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        client = await account.stream("spot.usertrades")
        await account.place(amount="0.5", price=bid(bench), text="t-1")
        await client.collect(0.2)
        filled = await bench.get(f"/_sim/fault?venue={GATEIO}&kind=fills&count=120&symbol=BTC/USDT")
        assert filled.json["met"] == {GATEIO: 120}
        frames = await client.collect(0.2)
        assert sum(len(frame["result"]) for frame in frames) == 120
        rows = (await account.rest("GET", "/spot/my_trades", "limit=1000")).json
        assert len(rows) == 120
        for kind, pushes in (("private_gap", 0), ("private_repeat", 2)):
            met = await bench.get(f"/_sim/fault?venue={GATEIO}&kind={kind}&count=20")
            assert met.json["met"] == {GATEIO: 1}
            await account.place(amount="0.001", type="market", side="sell")
            assert len(await client.collect(0.2)) == pushes
            bench.sim.venues[GATEIO].private.lines.swallow = 0
            bench.sim.venues[GATEIO].private.lines.repeat = 0


async def test_countdown_cancels_all_unless_it_is_renewed(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        await account.place(amount="0.1", price=bid(bench), text="t-1")
        path = "/spot/countdown_cancel_all"
        now_ms = bench.sim.clock.now_ns() // 10**6
        answer = await account.rest("POST", path, content={"timeout": 5})
        assert int(answer.json["triggerTime"]) == pytest.approx(now_ms + 5_000, abs=50)
        await trio.sleep(4)
        await account.rest("POST", path, content={"timeout": 5})
        await trio.sleep(4)
        assert bench.account(GATEIO).now.open
        await trio.sleep(2)
        assert not bench.account(GATEIO).now.open
        await account.place(amount="0.1", price=bid(bench), text="t-2")
        await account.rest("POST", path, content={"timeout": 5, "currency_pair": "BTC_USDT"})
        ended = await account.rest("POST", path, content={"timeout": 0, "currency_pair": "BTC_USDT"})
        assert ended.json == {"triggerTime": "0"}
        await trio.sleep(10)
        assert bench.account(GATEIO).now.open
        short = await account.rest("POST", path, content={"timeout": 2})
        assert short.json["label"] == "INVALID_PARAM_VALUE"


async def test_control_paths_tell_accounts_orders_fills_and_entries(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        await account.place(amount="0.5", price=bid(bench), text="t-open")
        await account.place(type="market", amount="50", text="t-done")
        client = await api(bench)
        await client.send(account.call("spot.order_place", order(bench, text="t-open")))
        await client.collect(0.1)
        query = f"venue={GATEIO}&account=demo"
        found = (await bench.get(f"/_sim/accounts?{query}")).json[GATEIO]["demo"]
        (row,) = found["open_orders"]
        assert (row["client_order_id"], row["symbol"], row["side"]) == ("t-open", "BTC/USDT", "buy")
        assert float(found["balances"]["USDT"]["locked"]) > 0
        done = (await bench.get(f"/_sim/orders?{query}&client_id=t-done")).json[GATEIO]["demo"][0]
        assert (done["ended"], done["quote_quantity"], done["price"]) == ("filled", "50", None)
        fills = (await bench.get(f"/_sim/fills?{query}")).json[GATEIO]["demo"]
        assert {fill["order_id"] for fill in fills} == {done["order_id"]}
        entries = (await bench.get("/_sim/entries?client_id=t-open")).json[GATEIO]
        assert [(entry["door"], entry["outcome"]) for entry in entries] == [
            ("rest", "accepted"),
            ("websocket", "REPEATED_CREATION"),
        ]
        log = (await bench.get(f"/_sim/log?venue={GATEIO}&n=500")).json
        assert any(entry["who"] == "account demo" for entry in log) is True
        wrong = await bench.get(f"/_sim/accounts?venue={GATEIO}&account=nobody")
        assert (wrong.status, "demo" in wrong.json["error"]) == (400, True)


async def test_venue_without_accounts_says_so(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0, accounts=()) as bench:
        wrong = await bench.get(f"/_sim/accounts?venue={GATEIO}")
        assert "there are none" in wrong.json["error"]
        refused = await bench.gate().rest("GET", "/spot/accounts")
        assert (refused.status, refused.json["label"]) == (401, "INVALID_KEY")


async def test_secret_of_an_account_shows_nowhere(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        await bench.gate().place(amount="0.5", price=bid(bench))
        await bench.mexc().place(quantity="0.5", price=bid(bench, MEXC))
        texts = [repr(bench.sim.config), repr(bench.sim.config.accounts_at(GATEIO))]
        for path in ("accounts", "orders", "fills", "entries", f"log?venue={GATEIO}", f"log?venue={MEXC}"):
            texts.append((await bench.get(f"/_sim/{path}")).body.decode())
        assert not any(bench.gate().secret in text for text in texts)
