"""A running tree that serves itself: empty, or over simulated exchanges in memory."""

import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.ops import Account, Config, Tree, Venue, open_tree
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_SECRET
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.server import RunningSim, serve_sim

OpenTree = Callable[..., AbstractAsyncContextManager[Tree]]
OpenStreams = Callable[..., AbstractAsyncContextManager[tuple[Tree, RunningSim]]]


@pytest.fixture(autouse=True)
def own_runtime_dir(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Each test has a runtime directory of its own, with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="ft-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder) / "feedtree"


@pytest.fixture
def empty_tree() -> OpenTree:
    """A tree without streams, served."""

    @asynccontextmanager
    async def opened(
        app: str = "app",
        *,
        config: Config | None = None,
        network: MemoryNetwork | None = None,
        **options: Any,
    ) -> AsyncIterator[Tree]:
        with trio.fail_after(60):
            async with open_tree(
                config or Config(venues={}),
                app=app,
                inspect=True,
                network=network or MemoryNetwork(),
                **options,
            ) as tree:
                yield tree

    return opened


@pytest.fixture
def streams() -> OpenStreams:
    """A tree over both simulated exchanges, with an account at Gate.io, live and served."""

    @asynccontextmanager
    async def opened(**options: Any) -> AsyncIterator[tuple[Tree, RunningSim]]:
        network = MemoryNetwork()
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                sim = await nursery.start(_serve, network)
                async with open_tree(
                    _config(sim), app="app", inspect=True, network=network, **options
                ) as tree:
                    for websocket in (*tree.websockets.values(), *tree.accounts.values()):
                        await websocket.wait_live(30)
                    yield tree, sim
                nursery.cancel_scope.cancel()

    return opened


async def _serve(network: MemoryNetwork, *, task_status: trio.TaskStatus[RunningSim]) -> None:
    await serve_sim(SimConfig(rate=200.0, orders=300), network, task_status=task_status)


def _config(sim: RunningSim) -> Config:
    at = {
        name: {"ws_url": sim.urls[name]["ws"], "rest_url": sim.urls[name]["rest"]}
        for name in sim.simulation.venues
    }
    account = Account(
        credentials=Credentials(DEMO_KEY, DEMO_SECRET), symbols=["BTC/USDT"], **at["gateio.spot"]
    )
    return Config(
        venues={name: Venue(["BTC/USDT"], **urls) for name, urls in at.items()},
        accounts={"gateio.spot": {"main": account}},
    )
