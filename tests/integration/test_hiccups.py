"""A line that stands still for 1.2 s and goes on: nothing is restarted, whenever it was heard before."""

from contextlib import AsyncExitStack
from random import Random

import pytest
import trio

from feedtree.exchanges.public.silence import REST_EVERY
from feedtree.ops import open_tree
from feedtree.ops.chaos.testing import Chaos, open_simulated_exchange
from feedtree.supervisors.snapshot import Node
from tests.integration.conftest import quiet

pytestmark = pytest.mark.campaign

HICCUP = 1.2  # seconds
TIMES = 8


@pytest.mark.parametrize(("rate", "rtt"), [(60.0, 0.0), (60.0, 0.3)])
async def test_a_hiccup_costs_nothing(autojump_clock, rate: float, rtt: float) -> None:
    """Streams of any pace, public and private: it begins at any time after the last datum or probe."""
    random = Random(7)
    async with open_simulated_exchange(seed=7, rate=rate) as exchange:
        config = exchange.config(["BTC/USDT", "ETH/USDT"], ["main"])
        chaos = Chaos(exchange)
        async with open_tree(config, **exchange.tree_options, log=quiet()) as tree, AsyncExitStack() as stack:
            await stack.enter_async_context(chaos.latency(on="all", delay=rtt / 2, jitter=0.0))
            for stream in (*tree.websockets.values(), *tree.accounts.values()):
                await stream.wait_live(10)
            await trio.sleep(30)  # the usual intervals are known
            for _ in range(TIMES):
                await trio.sleep(REST_EVERY + random.random())
                async with chaos.stall(on="open"):
                    await trio.sleep(HICCUP)
            await trio.sleep(2)
            assert restarted(tree.snapshot()) == []


def restarted(node: Node) -> list[tuple[str, int, str]]:
    """Return the workers below that were started again, how often, and why last."""
    below = [found for child in node.children for found in restarted(child)]
    own = (
        [(node.path, node.restarts, str(node.last_reason))] if node.kind == "worker" and node.restarts else []
    )
    return own + below
