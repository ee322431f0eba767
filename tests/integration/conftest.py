"""Whole trees against simulated exchanges, on the memory network.

Tests take the fixture `autojump_clock` themselves: only an argument of the test sets its clock.
"""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

import pytest
import structlog
import trio

from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.ops import Config, Tree, Venue, open_tree
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.faults import Fault, inflict
from feedtree.ops.sim.server import RunningSim, serve_sim

EPOCH_NS = 1_790_000_000_000_000_000
PORT = 9000
VENUES = ("gateio.spot", "mexc.spot")


def wall_ns() -> int:
    """UTC nanoseconds that go with trio's clock."""
    return EPOCH_NS + int(trio.current_time() * 1e9)


@dataclass
class Lab:
    """Simulated exchanges that a test can break, and the network that leads to them."""

    nursery: trio.Nursery
    network: MemoryNetwork = field(default_factory=MemoryNetwork)
    sim: RunningSim | None = None
    options: dict[str, Any] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    _scope: trio.CancelScope | None = None
    _ended: trio.Event = field(default_factory=trio.Event)

    async def start(self) -> None:
        """Start the exchanges, on the same port as before."""
        config = SimConfig(utc_ns=wall_ns, **self.options)
        self._ended = trio.Event()
        self.sim = await self.nursery.start(self._serve, config)

    async def _serve(self, config: SimConfig, *, task_status: trio.TaskStatus[RunningSim]) -> None:
        with trio.CancelScope() as self._scope:
            await serve_sim(config, self.network, port=PORT, tls=self.tls, task_status=task_status)
        self._ended.set()

    async def kill(self) -> None:
        """End the exchanges without a goodbye: connections are reset, new ones refused."""
        for connection in self.network.connections("127.0.0.1", PORT):
            connection.reset()
        assert self._scope is not None
        self._scope.cancel()
        await self._ended.wait()

    def config(self, *symbols: str, venues: tuple[str, ...] = VENUES, **options: Any) -> Config:
        """Return a config that leads to the exchanges."""
        assert self.sim is not None
        urls = self.sim.urls
        return Config(
            venues={
                name: Venue(
                    symbols or ("BTC/USDT", "ETH/USDT"),
                    ws_url=urls[name]["ws"],
                    rest_url=urls[name]["rest"],
                    **options,
                )
                for name in venues
            }
        )

    def turn(self, venue: str, **switches: object) -> None:
        """Turn switches of a venue."""
        assert self.sim is not None
        for name, value in switches.items():
            self.sim.simulation.turn(venue, name, value)

    def inflict(self, venue: str, kind: str, **options: Any) -> None:
        """Break a venue now."""
        assert self.sim is not None
        inflict([self.sim.simulation.venues[venue]], Fault(kind, **options))

    def truth(self, venue: str, symbol: Symbol, sequence: int) -> dict[str, Any]:
        """Return the venue's own book at an id."""
        assert self.sim is not None
        found = self.sim.simulation.venues[venue].truth(symbol, sequence)
        assert isinstance(found, dict)
        return found

    def check_books(self, feed: Feed) -> int:
        """Compare every live book with the venue's own at the same id; return how many were compared."""
        checked = 0
        for topic in feed.topics():
            book = feed.book(topic)
            if book is None or not book.live:
                continue
            depth = min(100, book.true_depth)
            view = book.view(depth, 0)
            truth = self.truth(feed.name, topic.symbol, book.sequence)
            for side, held in (("bids", view.bids), ("asks", view.asks)):
                expected = [(float(price), float(size)) for price, size in truth[side][:depth]]
                assert list(held) == expected
            checked += 1
        return checked


OpenLab = Callable[..., AbstractAsyncContextManager[tuple[Lab, Tree]]]


@pytest.fixture
def lab() -> Callable[..., AbstractAsyncContextManager[Lab]]:
    """Simulated exchanges for the time of a block."""

    @asynccontextmanager
    async def opened(tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[Lab]:
        async with trio.open_nursery() as nursery:
            running = Lab(nursery, options={"rate": 200.0, "orders": 300, **options}, tls=tls)
            await running.start()
            yield running
            nursery.cancel_scope.cancel()

    return opened


@pytest.fixture
def tree() -> Callable[..., AbstractAsyncContextManager[Tree]]:
    """A tree over simulated exchanges for the time of a block."""

    def opened(exchanges: Lab, config: Config, **options: Any) -> AbstractAsyncContextManager[Tree]:
        return partial(open_tree, network=exchanges.network, wall_ns=wall_ns, rng=Random(1), log=quiet())(
            config, **options
        )

    return opened


def quiet() -> Any:
    """Return a logger that says nothing."""
    return structlog.wrap_logger(None, processors=[_drop])


def _drop(logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
    raise structlog.DropEvent
