"""Orders that are amended, or asked for."""

from decimal import Decimal
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.private.order_errors import AccountInconsistent, DeskKilled, OrderRefused
from feedtree.exchanges.private.order_limits import HardLimits
from feedtree.exchanges.private.order_options import OrderOptions
from feedtree.exchanges.private.orders import RejectReason

BTC = "BTC/USDT"


async def test_an_amended_order_is_known(
    desk_bench: Any, way: Any, refusal: Any, autojump_clock: Any
) -> None:
    """As the venue shows it; a refusal leaves it as it was."""
    async with desk_bench() as bench:
        await bench.place()
        amended = await bench.desk.amend(BTC, order_id="1", price=Decimal(99))
        assert (amended.price, amended.quantity) == (Decimal(99), Decimal(1))
        assert bench.store.open_orders()[0].price == Decimal(99)
        bench.socket.ways = [way(refusal=refusal())]
        with pytest.raises(OrderRefused, match="amend BTC/USDT 1: other: LABEL words"):
            await bench.desk.amend(BTC, order_id="1", price=Decimal(98))
        with pytest.raises(OrderRefused, match=r"price of BTC/USDT goes in steps of 0.01") as refused:
            await bench.desk.amend(BTC, order_id="1", price=Decimal("0.001"))
        assert refused.value.reason is RejectReason.PRECISION
        assert len(bench.socket.log) == 3


async def test_an_amendment_is_checked_like_an_order(desk_bench: Any, way: Any, autojump_clock: Any) -> None:
    """Not while the account is inconsistent, not over the account's own limits, not after a kill."""
    limits = HardLimits(notional={"USDT": Decimal(150)}, orders_per_s=100)
    async with desk_bench(OrderOptions(limits=limits)) as bench:
        accepted = await bench.place()
        name = accepted.client_order_id
        with pytest.raises(OrderRefused, match=r"limits\.notional"):
            await bench.desk.amend(BTC, client_order_id=name, quantity=Decimal(2))
        bench.store.doubted("a test")
        with pytest.raises(AccountInconsistent):
            await bench.desk.amend(BTC, order_id="1", price=Decimal(99))
        amended = await bench.desk.amend(BTC, order_id="1", price=Decimal(99), allow_inconsistent=True)
        assert amended.price == Decimal(99)
        bench.agree()
        bench.socket.ways = [way(opening=0.5)]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_doubt, bench)
            with pytest.raises(AccountInconsistent):
                await bench.desk.amend(BTC, order_id="1", price=Decimal(98))
        await bench.desk.kill()
        with pytest.raises(DeskKilled):
            await bench.desk.amend(BTC, order_id="1", price=Decimal(98))


async def _doubt(bench: Any) -> None:
    await trio.sleep(0.2)
    bench.store.doubted("a test")


async def test_a_status_is_asked_for_twice_where_need_be(
    desk_bench: Any, way: Any, refusal: Any, autojump_clock: Any
) -> None:
    """Through the door first, and by REST where nothing comes back."""
    async with desk_bench() as bench:
        await bench.place()
        order = await bench.desk.status(BTC, order_id="1")
        assert order is not None
        assert await bench.desk.status(BTC, order_id="7") is None
        bench.socket.ways = [way(lost=True)]
        asked = len(bench.venue.asked)
        assert await bench.desk.status(BTC, order_id="1") == order
        assert len(bench.venue.asked) == asked + 1
        bench.socket.ways = [way(refusal=refusal())]
        with pytest.raises(OrderRefused, match="status BTC/USDT 1: other"):
            await bench.desk.status(BTC, order_id="1")
        bench.socket.ways = [way(lost=True)]
        bench.venue.rest_takes = 30.0
        with pytest.raises(RestFailed, match="no answer in time"):
            await bench.desk.status(BTC, order_id="1")
