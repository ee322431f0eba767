"""Accounts, venues and sides fall one by one: what is parked costs nobody else a push, an order or a generation."""

from typing import Any

import pytest
import trio

from feedtree.exchanges.access import Reach
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.gateio.private_websocket import GateioPrivateSpotWebsocket
from feedtree.exchanges.mexc.spot_public import MexcSpotCodec
from feedtree.exchanges.private.messages import AccountStreamLost, Fill
from feedtree.exchanges.private.session import Session
from feedtree.ops import Config
from feedtree.ops.sim.accounts.config import AccountConfig
from feedtree.supervisors import ChildState
from tests.taking import taken

PLENTY = {"BTC": "1000", "ETH": "1000", "USDT": "1000000"}
TWO = (
    AccountConfig("gateio.spot", "demo", "key-one", "secret-one", PLENTY, uid=1),
    AccountConfig("gateio.spot", "other", "key-two", "secret-two", PLENTY, uid=2),
)


def accounts(lab: Any, **secrets: str) -> dict[str, dict[str, Any]]:
    """Return the accounts of a config, by name and secret."""
    keys = {"main": "key-one", "second": "key-two"}
    return {
        "gateio.spot": {
            name: lab.account_config(credentials=Credentials(keys[name], secret))
            for name, secret in secrets.items()
        }
    }


def generations(running: Any) -> dict[str, int]:
    return {key: each.account.store.streams.generation for key, each in running.accounts.items()}


async def test_each_account_hears_of_its_own_orders(autojump_clock, lab, tree, trader) -> None:
    """Two accounts of one venue, each with its own connection, messages and sequence."""
    async with lab(accounts=TWO, rate=50.0) as exchanges:
        config = Config({}, accounts=accounts(exchanges, main="secret-one", second="secret-two"))
        async with tree(exchanges, config) as running:
            one, two = running.accounts["gateio.spot/main"], running.accounts["gateio.spot/second"]
            await one.wait_live(5.0)
            await two.wait_live(5.0)
            everything = running.private.mailbox(Fill)
            second = trader(exchanges, Credentials("key-two", "secret-two"))
            await second.place("buy", second.touch("buy"))
            await trio.sleep(3.0)
            assert not one.view.recent_fills
            assert two.view.recent_fills
            assert {fill.account for fill in everything.take_nowait()} == {"second"}


async def test_a_bad_secret_costs_the_other_account_nothing(autojump_clock, lab, tree, trader) -> None:
    """The one is parked after one attempt; the other keeps its connection; a restart by hand tries again."""
    async with lab(accounts=TWO, rate=50.0) as exchanges:
        config = Config({}, accounts=accounts(exchanges, main="secret-one", second="wrong"))
        async with tree(exchanges, config) as running:
            good = running.accounts["gateio.spot/main"]
            await good.wait_live(5.0)
            with trio.fail_after(5.0):
                await running.failed("private/gateio.spot/second/stream/a")
            await trio.sleep(30.0)
            assert generations(running) == {"gateio.spot/main": 1, "gateio.spot/second": 1}
            orders = trader(exchanges, Credentials("key-one", "secret-one"))
            await orders.place("buy", orders.touch("buy"))
            await trio.sleep(1.0)
            assert good.view.recent_fills
            assert good.consistent
            await running.restart("private/gateio.spot/second/stream/a")
            with trio.fail_after(5.0):
                await running.failed("private/gateio.spot/second/stream/a")
            assert generations(running) == {"gateio.spot/main": 1, "gateio.spot/second": 2}


async def test_a_public_codec_that_breaks_costs_no_account_anything(
    autojump_clock, lab, tree, trader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MEXC's public side raises on every frame until its venue is parked; the account hears all, and can trade."""

    def broken(self: Any, payloads: Any, received_ns: int) -> Any:
        raise LookupError("a bug")

    async with lab(rate=50.0) as exchanges:
        config = exchanges.config()
        config = Config(config.venues, accounts={"gateio.spot": {"main": exchanges.account_config()}})
        async with tree(exchanges, config) as running:
            account = running.accounts["gateio.spot/main"]
            await account.wait_live(5.0)
            mailbox = account.mailbox()
            monkeypatch.setattr(MexcSpotCodec, "decode", broken)
            orders = trader(exchanges)
            with trio.fail_after(300.0):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(running.failed, "public/mexc.spot")
                    placed = await orders.place("buy", orders.touch("buy"))
            await trio.sleep(3.0)
            assert placed["status"] == "closed"
            assert generations(running) == {"gateio.spot/main": 1}
            messages = taken(mailbox)
            assert not [m for m in messages if isinstance(m, AccountStreamLost)]
            assert not [m for m in messages if getattr(m, "recovered", False)]  # 0 pushes lost
            assert len([m for m in messages if isinstance(m, Fill)]) == len(exchanges.account().now.fills)
            assert account.consistent


async def test_an_account_that_breaks_costs_no_public_stream_anything(
    autojump_clock, lab, tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug on the private side parks the account; public streams of the same venue keep their generation."""

    def broken(self: Any, item: Any) -> None:
        raise LookupError("a bug")

    async with lab(rate=50.0) as exchanges:
        config = exchanges.config(venues=("gateio.spot",))
        config = Config(config.venues, accounts={"gateio.spot": {"main": exchanges.account_config()}})
        async with tree(exchanges, config) as running:
            public = running.websockets["gateio.spot"]
            await public.wait_live(5.0)
            await running.accounts["gateio.spot/main"].wait_live(5.0)
            monkeypatch.setattr(Session, "_take", broken)  # it ends with the next pong
            with trio.fail_after(600.0):
                await running.failed("private/gateio.spot/main")
            await trio.sleep(0.1)
            assert [report.generation for report in public.feed.streams()] == [1]
            assert running.accounts["gateio.spot/main"].view.state == "failed"
            assert running.snapshot().find("private/gateio.spot/main").state is ChildState.FAILED


async def test_an_account_can_come_and_go_at_run_time(autojump_clock, lab, tree) -> None:
    """An object made by the app has a branch of its own, and leaves none behind; two of one account are refused."""
    async with lab(accounts=TWO) as exchanges, tree(exchanges, Config({})) as running:
        urls = exchanges.sim.urls["gateio.spot"]
        given: Any = {"options": Reach(ws_url=urls["ws"], rest_url=urls["rest"])}
        credentials = Credentials("key-one", "secret-one")
        first = GateioPrivateSpotWebsocket(running, credentials, name="main", **given)
        await first.initialize()
        await first.wait_live(5.0)
        with pytest.raises(ValueError, match="open already"):
            GateioPrivateSpotWebsocket(running, credentials, name="main", **given)
        second = GateioPrivateSpotWebsocket(
            running, Credentials("key-two", "secret-two"), name="second", **given
        )
        await second.initialize()
        await second.wait_live(5.0)
        await first.aclose()
        await first.aclose()
        assert second.consistent
        await second.aclose()
        assert [child.id for child in running.snapshot().find("private").children] == []
        again = GateioPrivateSpotWebsocket(running, credentials, name="main", **given)
        await again.initialize()
        await again.wait_live(5.0)
