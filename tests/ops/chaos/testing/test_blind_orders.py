"""What is said of the orders of a time in which a fault was in their way: an empty list may prove nothing."""

import warnings
from contextlib import asynccontextmanager, suppress
from decimal import Decimal

import pytest
import trio

from feedtree.exchanges import OrderError
from feedtree.ops.chaos.testing import OrdersCutOff

PRIVATE = "private/gateio.spot/main"
BUY = ("BTC/USDT", "buy")


async def trade(tree, *, blind: bool) -> None:
    """Place an order again and again; who is blind asks nobody whether the account is known."""
    account = tree.accounts["gateio.spot/main"]
    while True:
        if not blind:
            await tree.private.stores["gateio.spot/main"].wait(lambda: account.view.consistent)
        with suppress(OrderError), trio.move_on_after(0.3):
            price, quantity = Decimal(95000), Decimal("0.001")
            await account.orders.place(*BUY, price=price, quantity=quantity, allow_inconsistent=blind)
        await trio.sleep(0.2)


@asynccontextmanager
async def traded(bench, fault: str, blind: bool, **options):
    """Yield a bench and the recovery of its account, which was in trouble while somebody traded."""
    async with bench() as on, trio.open_nursery() as nursery:
        async with on.chaos.expect_recovery(on.tree, PRIVATE, detect=2, recover=3) as recovery:
            nursery.start_soon(lambda: trade(on.tree, blind=blind))
            await trio.sleep(1.05)
            async with on.chaos.fault(fault, "gateio.spot", side="private", **options):
                await recovery.detected()
                await trio.sleep(1)
        nursery.cancel_scope.cancel()
        yield on, recovery


async def test_whoever_trades_blindly_is_caught_where_orders_get_through(autojump_clock, bench) -> None:
    """Nothing comes from the venue, and what is sent arrives."""
    async with traded(bench, "black_hole", blind=True, direction="down") as (on, recovery):
        assert len(on.exchange.orders_received(during=recovery.blind)) > 1


async def test_whoever_waits_until_the_account_is_known_sends_none(autojump_clock, bench) -> None:
    """And nothing is to be warned of."""
    async with traded(bench, "black_hole", blind=False, direction="down") as (on, recovery):
        with warnings.catch_warnings(action="error"):
            assert on.exchange.orders_received(during=recovery.blind) == []


@pytest.mark.parametrize(
    ("fault", "options"), [("black_hole", {}), ("black_hole", {"direction": "up"}), ("away", {})]
)
async def test_where_no_order_could_arrive_an_empty_list_is_warned_of(
    autojump_clock, bench, fault: str, options: dict[str, str]
) -> None:
    """The list is as it was, and what is to be done stands in the warning."""
    async with traded(bench, fault, blind=False, **options) as (on, recovery):
        with pytest.warns(
            OrdersCutOff, match=rf"for \d\.\d+ s of that time {fault} .*direction=\"down\""
        ) as caught:
            assert on.exchange.orders_received(during=recovery.blind) == []
        assert caught[0].filename == __file__
        with warnings.catch_warnings(action="error"):
            assert on.exchange.orders_received() != []
            assert on.exchange.orders_received(during=recovery.blind, venue="mexc.spot") == []
            later = on.exchange.now_ns()
            assert on.exchange.orders_received(during=(later, later + 1)) == []


async def test_deaf_simulated_connections_are_warned_of_too(autojump_clock, bench) -> None:
    """The exchange itself does not read."""
    async with bench() as on:
        async with on.chaos.expect_recovery(on.tree, PRIVATE) as recovery:
            on.chaos.simulated("blackhole", "gateio.spot", seconds=5)
            await recovery.detected()
        with pytest.warns(OrdersCutOff, match="blackhole"):
            assert on.exchange.orders_received(during=recovery.outage) == []
