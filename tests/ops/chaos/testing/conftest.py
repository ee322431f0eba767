"""Simulated exchanges as tests of users' apps have them, in memory under the virtual clock."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
import structlog

from feedtree.exchanges import Accepted
from feedtree.ops import Tree, open_tree
from feedtree.ops.chaos.testing import Chaos, Recovery, SimulatedExchange, open_simulated_exchange

SEED = 7


@dataclass
class Bench:
    """An exchange, its chaos, and a tree."""

    exchange: SimulatedExchange
    chaos: Chaos
    tree: Tree

    async def rest_an_order(self, venue: str) -> None:
        """Place an order that waits for somebody."""
        orders = self.tree.accounts[f"{venue}/main"].orders
        placed = await orders.place("BTC/USDT", "buy", price=Decimal("95000"), quantity=Decimal("0.01"))
        assert isinstance(placed, Accepted)

    async def reset_and_recover(self, recovery: Recovery) -> None:
        """Reset all connections, and wait for the recovery."""
        async with self.chaos.reset():
            await recovery.recovered()


OpenBench = Callable[..., AbstractAsyncContextManager[Bench]]


def _drop(logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
    raise structlog.DropEvent


@asynccontextmanager
async def open_bench(venue: str = "gateio.spot", **options: Any) -> AsyncIterator[Bench]:
    async with open_simulated_exchange(seed=SEED) as exchange:
        config = exchange.config(accounts=["main"], venues=[venue], **options)
        log = structlog.wrap_logger(None, processors=[_drop])
        async with open_tree(config, **exchange.tree_options, log=log) as tree:
            yield Bench(exchange, Chaos(exchange), tree)


@pytest.fixture
def bench() -> OpenBench:
    """A tree over simulated exchanges for the time of a block."""
    return open_bench
