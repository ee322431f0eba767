"""Maintenance that takes long: whoever waits for its end is back with it."""

import pytest
import trio

from tests.integration.lines import stage

pytestmark = pytest.mark.campaign

MAINTENANCE = 60.0  # seconds: more than twenty attempts


async def test_streams_are_back_when_maintenance_is_over(autojump_clock) -> None:
    """However often the upgrade was answered with 503 meanwhile: that is no flapping. REST is away, too."""
    async with stage(0.0, rate=20.0, accounts=("main",)) as (exchange, chaos, tree):
        for venue in exchange.venues:
            exchange.turn(venue, upgrade_status=503, rest_status=503)
        chaos.simulated("close")
        await trio.sleep(MAINTENANCE)
        for venue in exchange.venues:
            exchange.turn(venue, upgrade_status=0, rest_status=0)
        with trio.fail_after(3.5):  # MEXC's books wait for a push or a second look
            for stream in (*tree.websockets.values(), *tree.accounts.values()):
                await stream.wait_live(10)
