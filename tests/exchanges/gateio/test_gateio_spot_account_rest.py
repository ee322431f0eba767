"""Gate.io's signed reads: what they ask, what they read, and what a refusal means."""

import json
from typing import Any

import pytest
import trio

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import AuthenticationFailed, IpNotAllowed, RestFailed, VenueThrottled
from feedtree.exchanges.gateio.signing import rest_headers
from feedtree.exchanges.gateio.spelling import read, spell
from feedtree.exchanges.gateio.spot_account_rest import CALLS, PERIOD, TRADES_A_PAGE, GateioSpotAccountRest
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol, SymbolMap

BTC = Symbol("BTC", "USDT")
NOW_NS = 1_790_000_000_000_000_000
CREDENTIALS = Credentials("the-key", "the-secret")
ORDER = {
    "id": "12",
    "text": "t-1",
    "currency_pair": "BTC_USDT",
    "side": "buy",
    "amount": "1",
    "left": "1",
    "price": "10",
    "status": "open",
    "create_time_ms": 1700000000000,
    "update_time_ms": 1700000000001,
}
TRADE = {
    "id": "5",
    "order_id": "12",
    "currency_pair": "BTC_USDT",
    "side": "buy",
    "amount": "1",
    "price": "10",
    "role": "maker",
    "create_time_ms": "1700000000000.5",
}


@pytest.fixture
def account(rest_server: Any) -> GateioSpotAccountRest:
    """The reads of an account at the server."""
    client = RestClient("http://venue/api/v4", rest_server.network)
    clock = VenueClock(lambda: NOW_NS, trio.current_time)
    return GateioSpotAccountRest(client, CREDENTIALS, clock, SymbolMap(spell))


async def test_calls_are_signed_by_path_query_and_the_venues_time(
    autojump_clock, rest_server, answer, account
) -> None:
    """As they are sent."""
    rest_server.answer = lambda target: answer(b"[]")
    async with rest_server.serving():
        await account.fills(BTC, 1_700_000_000_000_000_000)
        asked = rest_server.requests[0]
        query = asked.target.partition("?")[2]
        assert query == "limit=1000&from=1700000000&currency_pair=BTC_USDT&page=1"
        expected = rest_headers(CREDENTIALS, "GET", "/api/v4/spot/my_trades", query, b"", NOW_NS // 10**9)
        assert {name: asked.headers[name.lower()] for name in expected} == expected
        await account._rest.aclose()
    assert "the-" not in repr(account)


async def test_orders_fills_and_balances_are_read(autojump_clock, rest_server, answer, account) -> None:
    """Each from its own path; orders of margin accounts are left out."""
    bodies = {
        "/spot/accounts": [{"currency": "BTC", "available": "1.5", "locked": "0.5", "update_id": 98}],
        "/spot/open_orders": [
            {"currency_pair": "BTC_USDT", "total": 1, "orders": [ORDER, {**ORDER, "account": "margin"}]}
        ],
        "/spot/orders": [{**ORDER, "status": "closed", "left": "0", "finish_as": "filled"}],
        "/spot/my_trades": [{**TRADE, "id": "6", "create_time_ms": "1700000001000"}, TRADE],
        "/spot/orders/12": ORDER,
        "/spot/time": {"server_time": 1700000000123},
    }
    rest_server.answer = lambda target: answer(
        json.dumps(bodies[target.partition("?")[0].removeprefix("/api/v4")]).encode()
    )
    async with rest_server.serving():
        (balance,) = await account.balances()
        assert (balance.currency, str(balance.available), str(balance.locked)) == ("BTC", "1.5", "0.5")
        assert [order.order_id for order in await account.open_orders([])] == ["12"]
        assert [order.status for order in await account.finished_orders(BTC, 0)] == ["filled"]
        assert [fill.trade_id for fill in await account.fills(None, 0)] == ["5", "6"]  # oldest first
        assert (await account.order(BTC, order_id="12")).client_order_id == "t-1"
        assert await account.time_ns() == 1700000000123_000_000
        await account._rest.aclose()


async def test_pages_are_read_to_the_end(autojump_clock, rest_server, answer, account) -> None:
    """A full page is followed by another one."""
    row = json.dumps(TRADE)
    full, last = f"[{','.join([row] * TRADES_A_PAGE)}]", f"[{row}]"
    pairs = [
        [{"currency_pair": "A_B", "orders": [ORDER] * 100}],
        [{"currency_pair": "A_B", "orders": [ORDER]}],
    ]

    def respond(target: str) -> Any:
        first = "page=1" in target
        if "open_orders" in target:
            return answer(json.dumps(pairs[0 if first else 1]).encode())
        return answer((full if first else last).encode())

    rest_server.answer = respond
    async with rest_server.serving():
        assert len(await account.fills(None, 0)) == TRADES_A_PAGE + 1
        assert len(await account.open_orders([])) == 101
        await account._rest.aclose()


async def test_an_order_that_is_not_there_is_none(autojump_clock, rest_server, answer, account) -> None:
    """By either id; any other refusal is an error."""
    rest_server.answer = lambda target: answer(
        b'{"label":"ORDER_NOT_FOUND","message":"Order not found"}', 404
    )
    async with rest_server.serving():
        assert await account.order(BTC, client_order_id="t-9") is None
        assert rest_server.targets[0].startswith("/api/v4/spot/orders/t-9?")
        rest_server.answer = lambda target: answer(b'{"label":"SERVER_ERROR","message":"x"}', 500)
        with pytest.raises(RestFailed, match="SERVER_ERROR x"):
            await account.order(BTC, order_id="1")
        await account._rest.aclose()


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, b'{"label":"INVALID_KEY","message":"Invalid key provided"}', AuthenticationFailed, "check key"),
        (403, b'{"label":"IP_FORBIDDEN","message":"no"}', IpNotAllowed, "allowed addresses"),
        (403, b"<html>", VenueThrottled, "html"),
        (429, b'{"label":"TOO_MANY_REQUESTS","message":"x"}', VenueThrottled, "TOO_MANY"),
        (502, b"", RestFailed, "HTTP 502"),
        (200, b"[1", RestFailed, "does not decode"),
        (200, b'[{"currency":"A"}]', RestFailed, "a row does not decode"),
        (200, b'[{"currency":"A","available":"x"}]', RestFailed, "a row does not read"),
    ],
)
async def test_a_refusal_is_a_typed_error(
    autojump_clock, rest_server, answer, account, status: int, body: bytes, kind: type, words: str
) -> None:
    """403 with a label is about the account, without one about the address: a pause."""
    rest_server.answer = lambda target: answer(body, status, {"Retry-After": "7"})
    async with rest_server.serving():
        with pytest.raises(kind, match=words) as refused:
            await account.balances()
        await account._rest.aclose()
    if kind is VenueThrottled:
        assert refused.value.retry_after == 7.0


async def test_calls_are_paced(autojump_clock, rest_server, answer, account) -> None:
    """Half of what the venue allows."""
    rest_server.answer = lambda target: answer(b"[]")
    async with rest_server.serving():
        began = trio.current_time()
        for _ in range(CALLS + 1):
            await account.balances()
        assert trio.current_time() - began == pytest.approx(PERIOD, abs=0.1)
        await account._rest.aclose()


@pytest.mark.parametrize("wire", ["BTCUSDT", "_USDT", "BTC_", "A_B_C", ""])
def test_what_is_no_pair_is_refused(wire: str) -> None:
    """Reading is the reverse of writing."""
    assert read(spell(BTC)) == BTC
    with pytest.raises(ValueError, match="no pair"):
        read(wire)
