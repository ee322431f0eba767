"""What the tests of accounts share: reading mailboxes, waiting, trading at a quiet market, comparing with the truth."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from decimal import ROUND_DOWN, Decimal
from typing import Any

import trio

from feedtree.exchanges.access import Reach
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.private.messages import AccountSnapshot, Fill, OrderUpdate
from feedtree.exchanges.private.order_options import OrderOptions
from feedtree.exchanges.private.websocket import PrivateSpotWebsocket
from feedtree.ops import Config
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_SECRET

HELD = Credentials(DEMO_KEY, DEMO_SECRET)
"""Of the account that every simulated venue has."""


def config_of(lab: Any, venue: str, **options: Any) -> Config:
    """Return a config that has this account alone; options as `Account`."""
    return Config({}, accounts={venue: {"main": lab.account_config(venue, **options)}})


def of(kind: type, messages: Iterable[Any]) -> list[Any]:
    """Return those of a kind."""
    return [message for message in messages if isinstance(message, kind)]


async def settled(account: Any, within: float = 60.0) -> None:
    """Wait until the account was compared with the venue after the last of its doubts."""
    await trio.sleep(6.0)
    with trio.move_on_after(within):
        async with account.when_consistent():
            pass
    assert account.consistent, account.view.unexplained


def check(
    account: Any,
    messages: list[Any],
    truth: Any,
    *,
    fill: Callable[[Fill], Any],
    fills: Iterable[Any],
    order_id: Callable[[int], str],
) -> None:
    """See that all that was told is the truth: gapless, each fill once and behind its order, the state the venue's own.

    Args:
        account: of the tree.
        messages: all that a mailbox got.
        truth: of the account, at the simulated venue.
        fill: what a fill that was told is known by.
        fills: what the venue's are known by.
        order_id: how the venue tells an order's number.
    """
    assert isinstance(messages[0], AccountSnapshot)
    first = messages[0].sequence
    assert [message.sequence for message in messages] == list(range(first, first + len(messages)))
    assert Counter(fill(message) for message in of(Fill, messages)) == Counter(fills)
    known: set[str] = set()
    for message in messages:
        if isinstance(message, OrderUpdate):
            known.add(message.order.order_id)
        elif isinstance(message, Fill):
            assert message.order_id in known
    held = {
        currency: (Decimal(one.available).scaleb(-18), Decimal(one.locked).scaleb(-18))
        for currency, one in truth.now.purse.items()
        if one.available or one.locked
    }
    view = account.view
    assert {name: (each.available, each.locked) for name, each in view.balances.items()} == held
    assert sorted(order.order_id for order in view.open_orders) == sorted(map(order_id, truth.now.open))


@asynccontextmanager
async def trading(
    kind: type[PrivateSpotWebsocket],
    lab: Any,
    tree: Any,
    options: OrderOptions | None = None,
    credentials: Credentials = HELD,
    **sim: Any,
) -> AsyncIterator[tuple[Any, Any, Any]]:
    """An account of a venue that trades at a quiet market: the lab, the tree, the account."""
    async with lab(rate=1.0, **sim) as exchanges, tree(exchanges, Config({})) as running:
        urls = exchanges.sim.urls[kind.VENUE.name]
        reach = Reach(ws_url=urls["ws"], rest_url=urls["rest"])
        account = kind(running, credentials, options=reach, orders=options)
        await account.initialize()
        if credentials is HELD:
            await account.wait_live(10)
            assert await account.orders.wait_ready(10)
            await trio.sleep(1)
        try:
            yield exchanges, running, account
        finally:
            await account.aclose()


def price(venue: str, lab: Any, side: str, away: str = "0.01") -> Decimal:
    """A price of BTC/USDT in the market's steps: passive by so much (a share), or taking where it is negative."""
    markets = lab.sim.simulation.venues[venue].markets.values()
    market = next(market for market in markets if str(market.symbol) == "BTC/USDT")
    best = Decimal(market.price_text(abs(market.book.best_bid if side == "buy" else market.book.best_ask)))
    factor = 1 - Decimal(away) if side == "buy" else 1 + Decimal(away)
    return (best * factor).quantize(Decimal("0.1"), ROUND_DOWN)


def entries(venue: str, lab: Any, doing: str = "place") -> list[Any]:
    """The order-entry requests that arrived, by the venue's own log."""
    log = lab.sim.simulation.venues[venue].private.entries.matching("", "")
    return [entry for entry in log if entry.doing == doing]
