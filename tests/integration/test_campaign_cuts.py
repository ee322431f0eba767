"""A cut at a named point falls there: what the venue got, what the caller heard, and what was found later."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
import trio

from feedtree.exchanges.private.messages import Fill
from feedtree.exchanges.private.orders import TimeInForce
from feedtree.exchanges.side import Side
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.ops.campaign.calls import PlaceCall, PlaceCalls, Wish
from feedtree.ops.campaign.cuts import HOW, How, Point, points
from feedtree.ops.campaign.judge import broken
from feedtree.ops.campaign.run import run_seed
from feedtree.ops.campaign.stage import KEY_LIFE, SYMBOLS, Stage, open_stage
from feedtree.ops.sim.markets import GATEIO, MEXC
from tests.clock import wall_ns

BTC = SYMBOLS[0]
TAKES = Wish(BTC, Side.BUY, TimeInForce.IOC, crosses=True, timeout=2.0)
LOG = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(50))

each_venue = pytest.mark.parametrize("venue", [GATEIO, MEXC])
each_way = pytest.mark.parametrize("how", HOW)


@asynccontextmanager
async def staged(venue: str) -> AsyncIterator[tuple[Stage, PlaceCalls]]:
    """A stage on which nobody else trades; in the end everything has to hold."""
    async with open_stage(venue, 1, MemoryNetwork(), wall_ns=wall_ns, log=LOG, rate=0.0) as stage:
        await stage.ready()
        calls = stage.calls("c{}".format)
        yield stage, calls
        await stage.settle(3.0)
        assert broken(await stage.evidence(calls.made)) == []


async def place_at(stage: Stage, calls: PlaceCalls, point: Point, how: How) -> PlaceCall:
    """Place an order that takes, and cut at a point of it."""
    placed: list[PlaceCall | None] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.cutter.cut, point, how, 5.0)
        await trio.testing.wait_all_tasks_blocked()
        placed.append(await calls.place(TAKES))
    assert stage.cutter.cuts == {point: 1}
    (call,) = placed
    assert call is not None
    return call


async def arrived(stage: Stage, call: PlaceCall) -> list[str]:
    """Return how each request of an order came out at the venue."""
    return [each.outcome for each in await stage.truth.entries() if each.client_id == call.client_order_id]


def fills(stage: Stage) -> list[Fill]:
    return [message for message in stage.messages if isinstance(message, Fill)]


@pytest.mark.parametrize("how", ["reset", "close"])
@each_venue
async def test_before_send_the_order_goes_out_over_another_connection(
    autojump_clock: Any, venue: str, how: How
) -> None:
    """No byte of it had left, so it may; it goes out once."""
    async with staged(venue) as (stage, calls):
        await calls.place(TAKES)
        call = await place_at(stage, calls, Point.BEFORE_SEND, how)
        assert call.ending == "accepted"
        assert len(await arrived(stage, call)) == 1
        assert stage.account.consistent


@each_venue
async def test_before_send_every_connection_may_be_gone(autojump_clock: Any, venue: str) -> None:
    """Then it goes out over a new one, or the account is known to be in doubt before."""
    async with staged(venue) as (stage, calls):
        await calls.place(TAKES)
        call = await place_at(stage, calls, Point.BEFORE_SEND, "reset_all")
        expected = {"accepted": 1, "inconsistent": 0}[call.ending]
        assert len(await arrived(stage, call)) == expected


@each_way
@each_venue
async def test_before_arrival_the_venue_never_had_the_order(
    autojump_clock: Any, venue: str, how: How
) -> None:
    """It had left, so nobody knows, until it is proven that it is not there."""
    async with staged(venue) as (stage, calls):
        call = await place_at(stage, calls, Point.BEFORE_ARRIVAL, how)
        assert call.ending == "unknown"
        assert await arrived(stage, call) == []
    assert fills(stage) == []


@each_way
@each_venue
async def test_before_ack_the_venue_has_the_order_and_nobody_hears_of_it(
    autojump_clock: Any, venue: str, how: How
) -> None:
    """Its outcome is found out."""
    async with staged(venue) as (stage, calls):
        call = await place_at(stage, calls, Point.BEFORE_ACK, how)
        assert call.ending == "unknown"
        assert len(await arrived(stage, call)) == 1
        assert stage.account.orders.unresolved == (call.client_order_id,)
    assert fills(stage)


@each_way
@each_venue
async def test_before_fill_the_order_is_accepted_and_its_fill_is_found_by_asking(
    autojump_clock: Any, venue: str, how: How
) -> None:
    """Its push was lost."""
    async with staged(venue) as (stage, calls):
        call = await place_at(stage, calls, Point.BEFORE_FILL, how)
        assert call.ending == "accepted"
    assert fills(stage)
    assert all(fill.recovered for fill in fills(stage))


@each_way
@each_venue
async def test_a_comparison_that_is_cut_is_made_again(autojump_clock: Any, venue: str, how: How) -> None:
    """Until then the account is not consistent."""
    async with staged(venue) as (stage, _):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stage.cutter.cut, Point.COMPARING, how, 5.0)
            await stage.truth.fault("reset", 0.0)
        assert stage.cutter.cuts == {Point.COMPARING: 1}
        assert not stage.account.consistent


@each_way
async def test_a_listen_key_whose_renewal_is_cut_is_renewed_or_replaced(
    autojump_clock: Any, how: How
) -> None:
    """The connection of the renewal dies half way through the life of the key, while the account is live."""
    async with staged(MEXC) as (stage, _):
        prolonged = stage.account.account.leases.figures.prolonged
        await stage.cutter.cut(Point.RENEWING, how, KEY_LIFE)
        assert stage.cutter.cuts == {Point.RENEWING: 1}
        assert stage.account.account.leases.figures.prolonged == prolonged
        await trio.sleep(2 * KEY_LIFE)
        assert stage.account.consistent
        figures = stage.account.account.leases.figures
        assert figures.prolonged + figures.made + figures.reused > prolonged + 1


async def test_a_point_that_is_not_reached_in_time_is_given_up(autojump_clock: Any) -> None:
    """Nothing is cut then, and nothing stands still."""
    async with staged(GATEIO) as (stage, calls):
        for point in points(GATEIO):
            await stage.cutter.cut(point, "reset", 0.1)
        assert not stage.cutter.cuts
        call = await calls.place(TAKES)
        assert call is not None
        assert call.ending == "accepted"
    assert not any(fill.recovered for fill in fills(stage))


@each_venue
async def test_a_seed_is_run_and_tells_where_it_cut(autojump_clock: Any, venue: str) -> None:
    """Its script waits for several points, and reaches some of them."""
    result = await run_seed(venue, 4, MemoryNetwork(), wall_ns=wall_ns, log=LOG, seconds=6.0, calm=2.5)
    assert result.broken == []
    assert set(result.points) == set(points(venue))
    assert sum(result.points.values()) > 0
    assert result.fills > 0
    assert result.others > 0
