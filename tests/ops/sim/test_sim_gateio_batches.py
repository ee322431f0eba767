"""Gate.io's private REST calls besides the single order: batches, lists, pages, and what is wrong with a request."""

from typing import Any

import pytest
import trio

GATEIO = "gateio.spot"
PAIR = "currency_pair=BTC_USDT"


def bid(bench: Any) -> str:
    market = bench.market(GATEIO)
    return str(market.price_text(market.book.best_bid))


def orders(bench: Any, count: int, **fields: Any) -> list[dict[str, Any]]:
    base = {"currency_pair": "BTC_USDT", "side": "buy", "amount": "0.1", "price": bid(bench)}
    return [{**base, "text": f"t-{number}", **fields} for number in range(count)]


async def test_batch_places_what_it_can(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        items = [*orders(bench, 2), {**orders(bench, 1)[0], "text": "t-bad", "price": "x"}]
        rows = (await bench.gate().rest("POST", "/spot/batch_orders", content=items)).json
        assert [row["succeeded"] for row in rows] == [True, True, False]
        assert (rows[2]["text"], rows[2]["label"]) == ("t-bad", "INVALID_PARAM_VALUE")
        entries = (await bench.get("/_sim/entries")).json[GATEIO]
        assert [(entry["client_id"], entry["outcome"]) for entry in entries] == [
            ("t-0", "accepted"),
            ("t-1", "accepted"),
            ("t-bad", "INVALID_PARAM_VALUE"),
        ]


@pytest.mark.parametrize(
    ("count", "pairs", "label"),
    [(11, ["BTC_USDT"] * 11, "TOO_MANY_ORDERS"), (5, list("ABCDE"), "TOO_MANY_CURRENCY_PAIRS")],
)
async def test_batch_that_is_too_large_is_refused_whole(
    simulated: Any, autojump_clock: Any, count: int, pairs: list[str], label: str
) -> None:
    async with simulated(rate=0.0) as bench:
        items = [
            {**item, "currency_pair": pair} for item, pair in zip(orders(bench, count), pairs, strict=True)
        ]
        answer = await bench.gate().rest("POST", "/spot/batch_orders", content=items)
        assert answer.json["label"] == label
        assert not bench.account(GATEIO).now.orders


async def test_batches_amend_and_cancel(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        placed = (await account.rest("POST", "/spot/batch_orders", content=orders(bench, 2))).json
        changes = [
            {"currency_pair": "BTC_USDT", "order_id": placed[0]["id"], "amount": "0.05"},
            {"currency_pair": "BTC_USDT", "order_id": "5", "amount": "0.05"},
        ]
        rows = (await account.rest("POST", "/spot/amend_batch_orders", content=changes)).json
        assert (rows[0]["left"], rows[1]["label"]) == ("0.05", "ORDER_NOT_FOUND")
        named = [{"currency_pair": "BTC_USDT", "id": name} for name in (placed[0]["id"], "t-1", "6")]
        rows = (await account.rest("POST", "/spot/cancel_batch_orders", content=named)).json
        assert [(row["succeeded"], row["label"]) for row in rows] == [
            (True, ""),
            (True, ""),
            (False, "ORDER_NOT_FOUND"),
        ]
        many = await account.rest("POST", "/spot/cancel_batch_orders", content=named * 7)
        assert many.json["label"] == "TOO_MANY_ORDERS"


async def test_cancel_all_of_a_pair_and_side(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        await account.rest("POST", "/spot/batch_orders", content=orders(bench, 2))
        await account.place(amount="5", price="3000", currency_pair="ETH_USDT")
        await account.place(amount="0.1", price="99999", side="sell")
        rows = (await account.rest("DELETE", "/spot/orders", f"{PAIR}&side=buy")).json
        assert [row["succeeded"] for row in rows] == [True, True]
        rows = (await account.rest("DELETE", "/spot/orders")).json
        assert {row["currency_pair"] for row in rows} == {"BTC_USDT", "ETH_USDT"}
        assert not bench.account(GATEIO).now.open


async def test_lists_are_paged_newest_first_and_bounded_by_time(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        for number in range(3):
            await account.place(amount="0.001", type="market", side="sell", text=f"t-{number}")
            await trio.sleep(10)
        query = f"{PAIR}&status=finished&limit=2"
        first = (await account.rest("GET", "/spot/orders", query)).json
        second = (await account.rest("GET", "/spot/orders", f"{query}&page=2")).json
        assert [row["text"] for row in (*first, *second)] == ["t-2", "t-1", "t-0"]
        since = account.now_s() - 15
        late = (await account.rest("GET", "/spot/my_trades", f"{PAIR}&from={since}")).json
        assert {row["text"] for row in late} == {"t-2"}
        early = (await account.rest("GET", "/spot/my_trades", f"from={since - 100}&to={since}")).json
        assert {row["text"] for row in early} == {"t-0", "t-1"}
        paged = (await account.rest("GET", "/spot/my_trades", "limit=1&page=2")).json
        assert len(paged) == 1
        one = (await account.rest("GET", "/spot/my_trades", f"{PAIR}&order_id={late[0]['order_id']}")).json
        assert one == late
        balance = (await account.rest("GET", "/spot/accounts", "currency=BTC")).json
        assert [row["currency"] for row in balance] == ["BTC"]
        bounded = await account.rest("GET", "/spot/orders", f"{PAIR}&status=finished&from={since}")
        assert [row["text"] for row in bounded.json] == ["t-2"]


@pytest.mark.parametrize(
    ("path", "query", "label"),
    [
        ("/spot/my_trades", "order_id=5", "INVALID_PARAM_VALUE"),
        ("/spot/my_trades", "from=1", "INVALID_PARAM_VALUE"),
        ("/spot/my_trades", "limit=1001", "INVALID_PARAM_VALUE"),
        ("/spot/my_trades", "currency_pair=NOPE_USDT", "INVALID_CURRENCY_PAIR"),
        ("/spot/orders", PAIR, "INVALID_PARAM_VALUE"),
        ("/spot/orders", "status=finished", "INVALID_CURRENCY_PAIR"),
        ("/spot/orders/5", "", "INVALID_CURRENCY_PAIR"),
        ("/spot/nothing", "", "NOT_FOUND"),
        ("/spot/nothing/5", "", "NOT_FOUND"),
    ],
)
async def test_reads_that_cannot_be_are_refused(
    simulated: Any, autojump_clock: Any, path: str, query: str, label: str
) -> None:
    async with simulated(rate=0.0) as bench:
        assert (await bench.gate().rest("GET", path, query)).json["label"] == label


async def test_fee_and_account_detail_name_the_user(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        for path in ("/spot/fee", "/wallet/fee", "/account/detail"):
            assert (await account.rest("GET", path)).json["user_id"] == 20_000_001


async def test_wrong_headers_and_bodies_are_refused(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        bare = await bench.get("/api/v4/spot/accounts")
        assert bare.json == {
            "label": "MISSING_REQUIRED_HEADER",
            "message": "Missing required header: Timestamp",
        }
        account.skew_s = 61
        assert (await account.rest("GET", "/spot/accounts")).json["label"] == "REQUEST_EXPIRED"
        wrong = await bench.gate(secret="guess").rest("GET", "/spot/accounts")
        assert (wrong.status, wrong.json["label"]) == (401, "INVALID_SIGNATURE")
        account.skew_s = 0
        late = await account.place(amount="0.1", price=bid(bench), headers={"x-gate-exptime": "1"})
        assert late.json["label"] == "REQUEST_EXPIRED"
        odd = await account.place(amount="0.1", price=bid(bench), headers={"x-gate-exptime": "soon"})
        assert odd.json["label"] == "INVALID_PARAM_VALUE"
        listed = await account.rest("POST", "/spot/orders", content=[1])
        assert listed.json["label"] == "INVALID_ARGUMENT"
        nothing = await account.rest("PATCH", "/spot/orders/5", PAIR, {})
        assert nothing.json["label"] == "ORDER_NOT_FOUND"


async def test_amend_without_a_change_or_to_less_than_is_done_is_refused(
    simulated: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.gate()
        await account.place(amount="0.1", price=bid(bench), text="t-1")
        path = "/spot/orders/t-1"
        empty = await account.rest("PATCH", path, PAIR, {"amend_text": "x"})
        assert empty.json["label"] == "INVALID_PARAM_VALUE"
        noted = await account.rest("PATCH", path, PAIR, {"amount": "0.2", "amend_text": "t-more"})
        assert (noted.json["amount"], noted.json["amend_text"]) == ("0.2", "t-more")
        much = await account.rest("PATCH", path, PAIR, {"amount": "900000"})
        assert much.json["label"] == "BALANCE_NOT_ENOUGH"
