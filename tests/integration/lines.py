"""What tests of whole lines share: a tree that has been live for long, and what was restarted in it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio

from feedtree.ops import Tree, open_tree
from feedtree.ops.chaos.testing import Chaos, SimulatedExchange, open_simulated_exchange
from feedtree.supervisors.snapshot import Node
from tests.integration.conftest import quiet

LONG = 20.0  # seconds in which the usual intervals become known


@asynccontextmanager
async def stage(
    rtt: float, *, rate: float = 120.0, accounts: tuple[str, ...] = (), **options: Any
) -> AsyncIterator[tuple[SimulatedExchange, Chaos, Tree]]:
    """A tree that has been live for long, a round trip away from its venues."""
    async with open_simulated_exchange(seed=7, rate=rate) as exchange:
        config = exchange.config(["BTC/USDT", "ETH/USDT"], accounts, **options)
        chaos = Chaos(exchange)
        async with (
            chaos.latency(on="all", delay=rtt / 2),
            open_tree(config, **exchange.tree_options, log=quiet()) as tree,
        ):
            for stream in (*tree.websockets.values(), *tree.accounts.values()):
                await stream.wait_live(10)
            await trio.sleep(LONG)
            yield exchange, chaos, tree


def restarted(node: Node) -> list[tuple[str, int, str]]:
    """Return the workers below that were started again, how often, and why last."""
    below = [found for child in node.children for found in restarted(child)]
    own = (
        [(node.path, node.restarts, str(node.last_reason))] if node.kind == "worker" and node.restarts else []
    )
    return own + below
