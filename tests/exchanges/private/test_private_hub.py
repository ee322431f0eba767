"""Mailboxes and handlers over accounts."""

from decimal import Decimal
from typing import Any

import pytest
import trio

from feedtree.actors.routes import Policy
from feedtree.exchanges.private.handlers import PrivateWebsocketHandlers
from feedtree.exchanges.private.hub import PrivateHub, routes
from feedtree.exchanges.private.messages import AccountSnapshot, Fill, OrderUpdate
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.private.websocket import BasePrivateWebsocket
from feedtree.exchanges.public.messages import Trade
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

BTC = Symbol("BTC", "USDT")
D = Decimal


def another(store: AccountStore, name: str) -> AccountStore:
    return AccountStore("gateio.spot", name, store._wall_ns)


async def test_a_mailbox_hears_accounts_that_come_later(autojump_clock, store, venue_account, tell) -> None:
    """Each begins with its snapshot; others than those that were named are left out."""
    hub = PrivateHub()
    one, two = another(store, "one"), another(store, "two")
    everything, chosen = hub.mailbox(), hub.mailbox(accounts=["gateio.spot/two"])
    hub.add("gateio.spot/one", one)
    hub.add("gateio.spot/two", two)
    late = hub.mailbox(AccountSnapshot)
    for store_ in (one, two):
        tell(store_, venue_account().place(BTC, Side.BUY, D(1), D(1))[0])
    assert [message.account for message in everything.take_nowait()] == ["one"]
    assert [m.account for m in chosen.take_nowait() + chosen.take_nowait()] == ["two", "two"]
    assert [m.account for m in late.take_nowait() + late.take_nowait()] == ["one", "two"]
    hub.close()
    assert everything.statistics().closed
    assert not hub.stores


async def test_a_closed_mailbox_is_forgotten(autojump_clock, store) -> None:
    """It does not hear of an account that comes later; one that waits ends with the hub."""
    hub = PrivateHub()
    closed, waiting = hub.mailbox(), hub.mailbox()
    closed.close()
    hub.add("gateio.spot/main", store)
    assert closed.statistics().closed
    hub.remove("gateio.spot/main")
    hub.remove("gateio.spot/main")
    hub.close()
    assert waiting.statistics().closed


def test_an_account_is_there_once() -> None:
    """Two objects of one would count its fills twice."""
    hub = PrivateHub()
    store = AccountStore("gateio.spot", "main", lambda: 0)
    hub.add("gateio.spot/main", store)
    with pytest.raises(ValueError, match="open already"):
        hub.add("gateio.spot/main", store)


def test_only_private_messages_that_are_not_merged_can_be_chosen() -> None:
    """Both say what is allowed."""
    with pytest.raises(ValueError, match="no private message"):
        routes([Trade])
    with pytest.raises(ValueError, match="not conflated"):
        routes([Fill], Policy.CONFLATE)


async def test_handlers_are_called_by_kind(autojump_clock, store, venue_account, tell) -> None:
    """In order; kinds without a handler are not even queued."""
    hub = PrivateHub()
    hub.add("gateio.spot/main", store)
    called: list[str] = []

    def note(name: str) -> Any:
        async def handler(message: Any) -> None:
            await trio.lowlevel.checkpoint()
            called.append(f"{name} {type(message).__name__}")

        return handler

    handlers = PrivateWebsocketHandlers(order=note("order"), fill=note("fill"), account=note("account"))
    assert set(handlers.kinds) >= {OrderUpdate, Fill, AccountSnapshot}
    mailbox = hub.mailbox(*handlers.kinds)
    account = venue_account()
    for push in (*account.place(BTC, Side.BUY, D(1), D(1)), *account.match("1", D(1))):
        tell(store, push)
    hub.close()
    await handlers.consume(mailbox)
    assert called == ["account AccountSnapshot", "order OrderUpdate", "fill Fill", "order OrderUpdate"]


def test_the_base_class_is_abstract() -> None:
    """It names no venue."""
    with pytest.raises(TypeError, match="use a venue's class"):
        BasePrivateWebsocket(None, None)  # type: ignore[arg-type]
