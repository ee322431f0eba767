"""A tree with something to see: simulated exchanges in memory, two accounts, and trouble; in a thread of its own."""

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from random import Random
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

import structlog
import trio

from feedtree.actors.routes import Policy
from feedtree.exchanges.public.messages import BookUpdate, Trade
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.ops.app import Tree, open_tree
from feedtree.ops.config import Config, Venue, Watch
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.faults import Fault, inflict
from feedtree.ops.sim.markets import DEFAULT_SYMBOLS
from feedtree.ops.sim.server import RunningSim, serve_sim
from feedtree.ops.trading import PaperAccounts

APP = "trading"
TOPICS_PER_CONNECTION = 3  # so that there are several streams
RATE = 400.0  # order events per second

# What breaks, and at which share of the scene's time.
_TROUBLES = (
    (0.30, "gateio.spot", Fault("gap", symbol="ETH_USDT")),
    (0.45, "gateio.spot", Fault("reset")),
    (0.62, "mexc.spot", Fault("blackhole", seconds=1.0)),
)
_LAST = (0.93, "mexc.spot")  # from here on it resets and refuses every connection, to the end


@contextmanager
def open_scene(seconds: float) -> Iterator[None]:
    """Run the scene in a thread of its own, with a folder of its own for its socket, until the block ends.

    Args:
        seconds: when its last trouble is over with.
    """
    ready, over = Event(), Event()
    before = os.environ.get("XDG_RUNTIME_DIR")
    with TemporaryDirectory(prefix="ft-") as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        thread = Thread(target=trio.run, args=(play, seconds, ready, over), name="scene")
        thread.start()
        try:
            if not ready.wait(30):
                raise TimeoutError("the scene did not begin within 30 s")
            yield
        finally:
            over.set()
            thread.join()
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before


async def play(seconds: float, ready: Event, over: Event) -> None:
    """Run the scene, and serve it to whoever inspects it.

    Args:
        seconds: when its last trouble is over with.
        ready: is set once all of it runs.
        over: ends it, once it is set.
    """
    network = MemoryNetwork()
    async with trio.open_nursery() as nursery:
        config = SimConfig(rate=RATE, orders=300)
        sim: RunningSim = await nursery.start(serve_sim, config, network)
        venues = {name: _venue(sim, name) for name in sim.simulation.venues}
        wanted = Config(venues=venues, watch=Watch(accounting=True))
        async with open_tree(
            wanted, app=APP, inspect=True, control=True, network=network, rng=Random(1), log=_quiet()
        ) as tree:
            await PaperAccounts(tree).open_all(wanted.venues)
            nursery.start_soon(_consume, tree)
            nursery.start_soon(_record, tree)
            nursery.start_soon(_break, sim, seconds)
            ready.set()
            while not over.is_set():  # noqa: ASYNC110 - set by another thread
                await trio.sleep(0.02)
        nursery.cancel_scope.cancel()


def _venue(sim: RunningSim, name: str) -> Venue:
    urls = sim.urls[name]
    return Venue(
        DEFAULT_SYMBOLS,
        ws_url=urls["ws"],
        rest_url=urls["rest"],
        topics_per_connection=TOPICS_PER_CONNECTION,
    )


async def _consume(tree: Tree) -> None:
    """Take everything at once, as a strategy does."""
    async with tree.public.mailbox(BookUpdate, Trade, name="strategy") as mailbox:
        async for _ in mailbox.bursts():
            pass


async def _record(tree: Tree) -> None:
    """Take trades too slowly, so that some are dropped."""
    policies: dict[type, Policy] = {Trade: Policy.DROP_OLDEST}
    async with tree.public.mailbox(
        Trade, venues=["gateio.spot"], policies=policies, capacity=64, name="recorder"
    ) as mailbox:
        async for _ in mailbox.bursts():
            await trio.sleep(0.5)


async def _break(sim: RunningSim, seconds: float) -> None:
    began = trio.current_time()
    venues = sim.simulation.venues
    for share, venue, fault in _TROUBLES:
        await trio.sleep_until(began + share * seconds)
        inflict([venues[venue]], fault)
    share, venue = _LAST
    await trio.sleep_until(began + share * seconds)
    inflict([venues[venue]], Fault("refuse", seconds=3600))
    inflict([venues[venue]], Fault("reset"))


def _quiet() -> Any:
    return structlog.wrap_logger(None, processors=[_drop])


def _drop(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    raise structlog.DropEvent
