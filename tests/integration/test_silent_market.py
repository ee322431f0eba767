"""A busy market that falls silent costs one connection, and is waited for longer from then on."""

from typing import Any

import pytest
import trio

from feedtree.exchanges.public.messages import StreamLost
from tests.taking import taken

pytestmark = pytest.mark.campaign
VENUES = pytest.mark.parametrize("venue", ["gateio.spot", "mexc.spot"])
BUSY = 40.0  # seconds after which the usual interval is known, and a restart forgotten


def generation(tree: Any, venue: str) -> int:
    (report,) = tree.public.feeds[venue].streams()
    return int(report.generation)


async def fall_silent(exchanges: Any, seconds: float) -> None:
    """Let nobody trade for so long, and then everybody again."""
    simulation = exchanges.sim.simulation
    rate, simulation.rate = simulation.rate, 0.0
    await trio.sleep(seconds)
    simulation.rate = rate
    await trio.sleep(BUSY)


@VENUES
async def test_the_second_silence_of_a_market_costs_nothing(autojump_clock, lab, tree, venue: str) -> None:
    """No book had moved when the stream was back, so it is waited for twice as long."""
    async with lab() as exchanges, tree(exchanges, exchanges.config(venues=(venue,))) as running:
        await running.websockets[venue].wait_live(5)
        await trio.sleep(BUSY)
        await fall_silent(exchanges, 2.8)
        assert generation(running, venue) == 2
        reason = running.snapshot().find(f"public/{venue}/shard-1/a").last_reason
        assert "no data for 1.5 s on a stream that is usually busier" in reason
        await fall_silent(exchanges, 2.8)
        assert generation(running, venue) == 2
        await fall_silent(exchanges, 4.5)
        assert generation(running, venue) == 3
        assert exchanges.check_books(running.public.feeds[venue]) == 2


@VENUES
async def test_a_venue_that_is_silent_is_found_as_fast_the_second_time(
    autojump_clock, lab, tree, venue: str
) -> None:
    """The books had moved: nothing is learned from it."""
    async with lab() as exchanges, tree(exchanges, exchanges.config(venues=(venue,))) as running:
        await running.websockets[venue].wait_live(5)
        mailbox = running.public.mailbox()
        for expected in (2, 3):
            await trio.sleep(BUSY)
            taken(mailbox)
            began_ns = exchanges.sim.simulation.venues[venue].clock.now_ns()
            exchanges.inflict(venue, "mute", seconds=3.0)
            await trio.sleep(5.0)
            assert generation(running, venue) == expected
            lost = [message for message in taken(mailbox) if isinstance(message, StreamLost)]
            assert lost
            assert all(message.at_ns - began_ns < 2_000_000_000 for message in lost)
        mailbox.close()
