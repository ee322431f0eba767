"""The venue pushes one book no more, and says nothing: found by its trades, and healed on the same connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from feedtree.exchanges.public.messages import BookResynced, StreamEvent, StreamLost
from tests.taking import taken

pytestmark = pytest.mark.campaign
SPELLED = {"gateio.spot": "BTC_USDT", "mexc.spot": "BTCUSDT"}
CAUSE = "the book stands still while trades of BTC/USDT go on"


@asynccontextmanager
async def usual(lab: Any, tree: Any, **options: Any) -> AsyncIterator[tuple[Any, Any]]:
    """Exchanges, and a tree that has been live for long enough to know what is usual; options as `Lab.config`."""
    async with lab() as exchanges, tree(exchanges, exchanges.config(**options)) as running:
        for websocket in running.websockets.values():
            await websocket.wait_live(5)
        await trio.sleep(30)
        yield exchanges, running


@pytest.mark.parametrize("venue", ["gateio.spot", "mexc.spot"])
async def test_a_mute_book_is_asked_for_anew_on_the_same_connection(
    autojump_clock, lab, tree, venue: str
) -> None:
    """Found in under 2 s, live again a second later; its siblings go on, and nothing is restarted."""
    async with usual(lab, tree, venues=(venue,)) as (exchanges, running):
        assert running.gaps() == []
        mailbox = running.public.mailbox()
        began_ns = exchanges.sim.simulation.venues[venue].clock.now_ns()
        exchanges.inflict(venue, "standstill", symbol=SPELLED[venue], seconds=1000.0)
        await trio.sleep(10)
        events = [message for message in taken(mailbox) if isinstance(message, StreamEvent)]
        assert [(type(event), str(event.topic)) for event in events] == [
            (StreamLost, f"{venue} BTC/USDT book:100ms"),
            (BookResynced, f"{venue} BTC/USDT book:100ms"),
        ]
        lost, resynced = events
        assert lost.cause == CAUSE
        assert lost.at_ns - began_ns < 2_000_000_000
        assert resynced.at_ns - began_ns < 3_000_000_000
        (gap,) = running.gaps()
        assert (gap.cause, gap.closed) == (CAUSE, "snapshot")
        assert began_ns - 200_000_000 < gap.begin_ns < began_ns
        (report,) = running.public.feeds[venue].streams()
        assert (report.generation, report.recoveries) == (1, [])
        assert exchanges.check_books(running.public.feeds[venue]) == 2
        mailbox.close()


@pytest.mark.parametrize("venue", ["gateio.spot", "mexc.spot"])
async def test_a_book_that_stays_mute_costs_the_connection_in_the_end(
    autojump_clock, lab, tree, venue: str
) -> None:
    """Asked for anew it is confirmed and silent, by Gate.io's other channel, too: the connection is given up, once."""
    async with usual(lab, tree, venues=(venue,)) as (exchanges, running):
        exchanges.turn(venue, silent_topic=SPELLED[venue])
        exchanges.inflict(venue, "standstill", symbol=SPELLED[venue], seconds=1000.0)
        await trio.sleep(20)
        reason = running.snapshot().find(f"public/{venue}/shard-1/a").last_reason
        assert reason == (
            f"Stalled: {venue} BTC/USDT book:100ms stands still while its trades go on, "
            "also since it was asked for anew"
        )
        (report,) = running.public.feeds[venue].streams()
        assert report.generation == 2
        exchanges.turn(venue, silent_topic="")
        exchanges.inflict(venue, "reset")
        await trio.sleep(10)
        assert exchanges.check_books(running.public.feeds[venue]) == 2


async def test_quiet_symbols_cost_nothing(autojump_clock, lab, tree) -> None:
    """A busy market falls silent, trades and books together: whatever else that costs, no book stands still."""
    async with usual(lab, tree) as (exchanges, running):
        for rate in (0.0, 4.0):
            exchanges.sim.simulation.rate = rate
            await trio.sleep(60)
            assert not any("stands still" in gap.cause for gap in running.gaps())


async def test_a_loop_that_is_blocked_costs_no_book(autojump_clock, lab, tree) -> None:
    """Three seconds in which nothing is read: the looks that were late prove nothing."""
    async with usual(lab, tree) as (_, running):
        for _ in range(5):
            autojump_clock.jump(3.0)
            await trio.sleep(5)
        assert running.gaps() == []
