"""MEXC's listen keys: made, renewed, counted, and over."""

from typing import Any

import pytest
import trio

from feedtree.ops.sim.accounts.config import AccountConfig

MEXC = "mexc.spot"
NAMES = ("orders", "account", "deals")


def bid(bench: Any) -> str:
    market = bench.market(MEXC)
    return str(market.price_text(market.book.best_bid))


async def test_private_topics_without_a_key_are_blocked(
    simulated: Any, mexc: Any, autojump_clock: Any
) -> None:
    async with simulated(rate=0.0) as bench:
        client = await bench.client(MEXC)
        await client.send(mexc("spot@private.orders.v3.api.pb"))
        assert (await client.next())["msg"].startswith("Not Subscribed successfully!")


async def test_keys_are_made_listed_renewed_and_dropped(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        key = (await account.rest("POST", "/userDataStream")).json["listenKey"]
        assert len(key) == 64
        assert (await account.rest("GET", "/userDataStream")).json == {"listenKey": [key]}
        assert (await account.rest("PUT", "/userDataStream", listenKey=key)).json == {"listenKey": key}
        assert (await account.rest("DELETE", "/userDataStream", listenKey=key)).json == {"listenKey": key}
        assert (await account.rest("GET", "/userDataStream")).json == {"listenKey": []}
        assert (await account.rest("PUT", "/userDataStream", listenKey=key)).json["code"] == 22222


async def test_sixty_first_key_of_an_account_is_refused(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        account = bench.mexc()
        for _ in range(60):
            assert (await account.rest("POST", "/userDataStream")).status == 200
        assert (await account.rest("POST", "/userDataStream")).json["code"] == 30029


async def test_key_that_is_deleted_closes_its_connections(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"listen_key_end": "silent"}}) as bench:
        account = bench.mexc()
        client, other = await account.stream("orders"), await account.stream("orders")
        await account.rest("DELETE", "/userDataStream", listenKey=client.listen_key)
        assert await client.end() == "1000"
        await account.place(quantity="0.1", price=bid(bench))
        assert len(await other.collect(0.1)) == 1


async def test_keys_of_another_account_are_not_known(simulated: Any, autojump_clock: Any) -> None:
    accounts = tuple(AccountConfig(MEXC, name, name, "s", {"USDT": "100000"}) for name in ("one", "two"))
    async with simulated(rate=0.0, accounts=accounts) as bench:
        one, two = bench.mexc("one", "s"), bench.mexc("two", "s")
        ours, theirs = await one.stream(*NAMES), await two.stream(*NAMES)
        for method in ("PUT", "DELETE"):
            answer = await two.rest(method, "/userDataStream", listenKey=ours.listen_key)
            assert (answer.status, answer.json["code"]) == (400, 22222)
            assert (await two.rest(method, "/userDataStream")).json["code"] == 700004
        assert (await two.rest("GET", "/userDataStream")).json == {"listenKey": [theirs.listen_key]}
        await one.place(quantity="0.1", price=bid(bench))
        assert len(await ours.collect(0.1)) == 2
        assert await theirs.collect(0.1) == []


async def test_key_that_is_over_when_a_topic_is_asked_for_leads_nowhere(
    simulated: Any, mexc: Any, autojump_clock: Any
) -> None:
    switches = {MEXC: {"listen_key_life_s": 10, "listen_key_end": "silent"}}
    async with simulated(rate=0.0, switches=switches) as bench:
        key = (await bench.mexc().rest("POST", "/userDataStream")).json["listenKey"]
        client = await bench.client(MEXC, f"/ws?listenKey={key}")
        await trio.sleep(11)
        await client.send(mexc("spot@private.orders.v3.api.pb"))
        assert (await client.next())["msg"].startswith("Not Subscribed successfully!")
        assert await (await bench.client(MEXC, f"/ws?listenKey={key}")).next() == "Invalid listen key"


async def test_sixth_socket_of_a_key_is_told_that_it_is_invalid(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        key = (await bench.mexc().rest("POST", "/userDataStream")).json["listenKey"]
        for _ in range(5):
            client = await bench.client(MEXC, f"/ws?listenKey={key}")
        assert await (await bench.client(MEXC, f"/ws?listenKey={key}")).next() == "Invalid listen key"
        client.transport.close()
        await trio.sleep(0.1)
        assert await (await bench.client(MEXC, f"/ws?listenKey={key}")).collect(0.1) == []


@pytest.mark.parametrize("form", ["close", "silent", "text"])
async def test_end_of_a_key_ends_the_pushes_as_the_switch_says(
    simulated: Any, autojump_clock: Any, form: str
) -> None:
    async with simulated(rate=0.0, switches={MEXC: {"listen_key_end": form, "idle_silent_s": 0}}) as bench:
        account = bench.mexc()
        client = await account.stream("orders")
        bench.board.set(MEXC, "listen_key_life_s", 10)
        await trio.sleep(5)
        await account.rest("PUT", "/userDataStream", listenKey=client.listen_key)
        await trio.sleep(9)
        await account.place(quantity="0.1", price=bid(bench))
        assert len(await client.collect(0.2)) == 1
        await trio.sleep(2)
        await account.place(quantity="0.1", price=bid(bench))
        assert await client.collect(0.2) == (["Invalid listen key"] if form == "text" else [])
        assert client.ended == ("1000" if form == "close" else None)


async def test_key_alone_is_enough_where_the_switch_says_so(simulated: Any, autojump_clock: Any) -> None:
    async with simulated(rate=0.0) as bench:
        headers = {"X-MEXC-APIKEY": bench.mexc().key}
        refused = await bench.get("/api/v3/userDataStream", "POST", headers)
        assert refused.json["code"] == 700004
        bench.board.set(MEXC, "listen_key_auth", "key_only")
        assert (await bench.get("/api/v3/userDataStream", "POST", headers)).status == 200
