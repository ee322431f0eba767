"""What one look sees of a running tree."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest
import trio

from feedtree.exchanges.gateio.private_websocket import GateioPrivateSpotWebsocket
from feedtree.exchanges.private.order_errors import OrderOutcomeUnknown
from feedtree.exchanges.public.messages import BookUpdate, Trade
from feedtree.ops import Config
from feedtree.ops.facts import Facts, StreamFacts
from feedtree.ops.looking import facts_of
from tests.integration.accounts import price, trading


def stream(facts: Facts, path: str) -> StreamFacts:
    """Return the stream of a path."""
    (found,) = (each for each in facts.streams if each.path == path)
    return found


async def test_a_public_stream_is_seen_as_it_is(autojump_clock: Any, lab: Any, tree: Any) -> None:
    """Live with all its topics; what it carried is counted, by kind; times are measured."""
    async with lab() as exchanges, tree(exchanges, exchanges.config("BTC/USDT", "ETH/USDT")) as running:
        for websocket in running.websockets.values():
            await websocket.wait_live(10)
        await trio.sleep(30)
        facts = facts_of(running)
        assert [each.path for each in facts.streams] == [
            "public/gateio.spot/shard-1",
            "public/mexc.spot/shard-1",
        ]
        for each in facts.streams:
            assert (each.side, each.state, each.live) == ("public", "live", True)
            assert (each.topics, each.confirmed, each.rejected) == (6, 6, 0)
            assert each.capacity is not None
            assert each.address == "127.0.0.1:9000"
            assert 29.0 <= each.connected_s <= 31.0
            assert (each.generation, each.restarts, each.outages, each.down_s) == (1, 0, 0, 0.0)
            assert 29.0 <= each.lived_s <= 31.0
            assert each.age_s < 1.0
            assert each.latency is not None
            assert each.processing is not None
            assert each.latency.count > 0
            assert each.processing.count >= each.latency.count
            assert each.bytes_in > 10_000 > each.bytes_out > 0
            assert each.rtt_ms is not None, "keepalives were answered"
            assert {"books", "trades", "quotes"} <= {kind for kind, number in each.kinds.items() if number}
            assert each.messages >= sum(each.kinds.values()) - each.kinds["trades"]
            assert set(each.errors) == {"undecodable", "unknown", "gaps", "refused"}
            assert list(each.phases)[:2] == ["tcp", "upgrade"]
        assert [(each.venue, each.states) for each in facts.books] == [
            ("gateio.spot", {"live": 2}),
            ("mexc.spot", {"live": 2}),
        ]
        assert facts.process.connections == 2
        assert facts.process.messages == sum(each.messages for each in facts.streams)
        assert facts.process.started_s >= 30
        assert facts.process.resident_bytes > 10_000_000
        assert facts.process.descriptors > 3
        assert facts.loop is None, "time is virtual"
        assert msgspec.json.decode(msgspec.json.encode(facts), type=Facts) == facts


async def test_an_outage_is_seen_while_it_lasts_and_counted_afterwards(
    autojump_clock: Any, lab: Any, tree: Any
) -> None:
    """Bytes and counts of the connection before it stay; the books are not live meanwhile."""
    async with lab() as exchanges, tree(exchanges, exchanges.config(venues=("gateio.spot",))) as running:
        await running.websockets["gateio.spot"].wait_live(10)
        await trio.sleep(10)
        before = stream(facts_of(running), "public/gateio.spot/shard-1")
        await exchanges.kill()
        await trio.sleep(20)
        facts = facts_of(running)
        down = stream(facts, "public/gateio.spot/shard-1")
        assert down.state in ("down", "connecting")
        assert (down.connected_s, down.confirmed, down.live) == (None, 0, False)
        assert (down.outages, down.recovered) == (1, 0)
        assert 19 <= down.down_s <= 21
        assert down.age_s >= 19
        assert down.bytes_in >= before.bytes_in
        assert facts.process.connections == 0
        assert facts.books[0].states == {"pending": 2}
        await exchanges.start()
        await running.websockets["gateio.spot"].wait_live(10)
        await trio.sleep(5)
        up = stream(facts_of(running), "public/gateio.spot/shard-1")
        assert (up.state, up.outages, up.recovered, up.in_time) == ("live", 1, 1, 0)
        assert 20 <= up.down_s <= 25
        assert up.restarts >= 1
        assert up.bytes_in > down.bytes_in
        assert up.connected_s < 10


async def test_a_refused_topic_is_counted(autojump_clock: Any, lab: Any, tree: Any) -> None:
    """The others are live."""
    async with lab() as exchanges:
        config = exchanges.config("BTC/USDT", "NONE/USDT", venues=("gateio.spot",), channels=["trades"])
        async with tree(exchanges, config) as running:
            await running.websockets["gateio.spot"].wait_live(10)
            (seen,) = facts_of(running).streams
            assert (seen.state, seen.topics, seen.confirmed, seen.rejected) == ("live", 2, 1, 1)
            assert seen.errors["refused"] == 1


async def test_mailboxes_are_seen_while_they_are_open(autojump_clock: Any, lab: Any, tree: Any) -> None:
    """Those over all feeds, those over one, and those of accounts."""
    async with lab() as exchanges:
        config = exchanges.config("BTC/USDT", venues=("gateio.spot",))
        accounts = {"gateio.spot": {"main": exchanges.account_config()}}
        async with tree(exchanges, Config(config.venues, accounts=accounts)) as running:
            feed = running.public.feeds["gateio.spot"]
            async with (
                running.public.mailbox(BookUpdate, name="books"),
                running.public.mailbox(Trade, only=feed, name="trades", capacity=7),
                running.private.mailbox(name="fills"),
            ):
                await trio.sleep(10)
                seen = {each.name: each for each in facts_of(running).mailboxes}
                assert {name: each.side for name, each in seen.items()} == {
                    "books": "public",
                    "trades": "public",
                    "fills": "private",
                }
                assert (seen["trades"].capacity, seen["trades"].dropped["overflow"] > 0) == (7, True)
                assert seen["books"].oldest_age > 5
                assert seen["books"].skipped > 0
                assert not seen["fills"].closed
            assert facts_of(running).mailboxes == []


@pytest.mark.parametrize("venue", ["gateio.spot", "mexc.spot"])
async def test_an_account_is_seen_as_it_is(autojump_clock: Any, lab: Any, tree: Any, venue: str) -> None:
    """Its stream is live, and in doubt when the account is."""
    async with lab() as exchanges:
        config = Config({}, accounts={venue: {"main": exchanges.account_config(venue)}})
        async with tree(exchanges, config) as running:
            await running.accounts[f"{venue}/main"].wait_live(10)
            await trio.sleep(20)
            facts = facts_of(running)
            seen = stream(facts, f"private/{venue}/main")
            assert (seen.side, seen.venue, seen.state) == ("private", venue, "live")
            assert seen.topics == seen.confirmed > 0
            assert (seen.capacity, seen.latency, seen.processing) == (None, None, None)
            assert seen.bytes_in > 0
            assert seen.rtt_ms is not None
            assert "subscribe" in seen.phases
            (account,) = facts.accounts
            assert account.path == seen.path
            assert (account.consistent, account.unexplained, account.desk) == (True, (), "ready")
            assert account.reconciliations >= 1
            running.private.stores[f"{venue}/main"].doubted("a test")
            facts = facts_of(running)
            assert stream(facts, seen.path).state == "inconsistent"
            assert not stream(facts, seen.path).live
            assert not facts.accounts[0].consistent
            exchanges.inflict(venue, "garbage", count=2)
            await trio.sleep(1)
            assert stream(facts_of(running), seen.path).errors["undecodable"] == 2


async def test_an_accounts_outage_is_counted(autojump_clock: Any, lab: Any, tree: Any) -> None:
    """Since it was live until it is again."""
    async with lab() as exchanges:
        config = Config({}, accounts={"gateio.spot": {"main": exchanges.account_config()}})
        async with tree(exchanges, config) as running:
            await running.accounts["gateio.spot/main"].wait_live(10)
            await trio.sleep(5)
            await exchanges.kill()
            await trio.sleep(10)
            (down,) = facts_of(running).streams
            assert (down.outages, down.recovered, down.connected_s) == (1, 0, None)
            assert 9 <= down.down_s <= 11
            await exchanges.start()
            await running.accounts["gateio.spot/main"].wait_live(30)
            (up,) = facts_of(running).streams
            assert (up.outages, up.recovered) == (1, 1)
            assert up.restarts >= 1


async def test_orders_are_counted_by_how_they_ended(autojump_clock: Any, lab: Any, tree: Any) -> None:
    """Accepted, rejected, of unknown outcome and resolved since; and by the door that they went through."""
    async with trading(GateioPrivateSpotWebsocket, lab, tree) as (exchanges, running, account):
        asked = {"symbol": "BTC/USDT", "side": "buy", "quantity": Decimal("0.01")}
        await account.orders.place(price=price("gateio.spot", exchanges, "buy"), **asked)
        await account.orders.place(price=Decimal("0.000001"), **asked)
        exchanges.turn("gateio.spot", order_answers="withheld")
        with pytest.raises(OrderOutcomeUnknown):
            await account.orders.place(price=price("gateio.spot", exchanges, "buy"), timeout=0.5, **asked)
        (seen,) = facts_of(running).accounts
        assert (seen.outcomes["accepted"], seen.outcomes["rejected"], seen.outcomes["unknown"]) == (1, 1, 1)
        exchanges.turn("gateio.spot", order_answers="normal")
        await trio.sleep(20)
        (seen,) = facts_of(running).accounts
        assert seen.outcomes["resolved"] == 1
        assert (seen.unresolved, seen.open_orders) == (0, 2)
        assert seen.requests["websocket"] == 2
        assert (seen.held_back, seen.braked) == (0, 0)
        (carried,) = facts_of(running).streams
        assert carried.kinds["orders"] >= 2
        assert carried.messages >= sum(carried.kinds.values())
