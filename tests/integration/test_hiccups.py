"""A line that stands still for 1.2 s and goes on: nothing is restarted, whenever it was heard before."""

from random import Random

import pytest
import trio

from feedtree.exchanges.public.silence import REST_EVERY
from tests.integration.lines import restarted, stage

pytestmark = pytest.mark.campaign

HICCUP = 1.2  # seconds
TIMES = 8


@pytest.mark.parametrize(("rate", "rtt"), [(60.0, 0.0), (60.0, 0.3)])
async def test_a_hiccup_costs_nothing(autojump_clock, rate: float, rtt: float) -> None:
    """Busy streams and silent ones, public and private: it begins at any time after the last datum or probe."""
    random = Random(7)
    async with stage(rtt, rate=rate, accounts=("main",)) as (_, chaos, tree):
        for _ in range(TIMES):
            await trio.sleep(REST_EVERY + random.random())
            async with chaos.stall(on="open"):
                await trio.sleep(HICCUP)
        await trio.sleep(2)
        assert restarted(tree.snapshot()) == []
