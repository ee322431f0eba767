"""Where a campaign plays: simulated exchange, proxy, tree and account of one venue; and the evidence of it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import msgspec
import trio

from feedtree.actors.routes import Policy
from feedtree.exchanges.access import Reach
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.gateio.private_websocket import GateioPrivateSpotWebsocket
from feedtree.exchanges.mexc.listen_keys import MexcListenKeys
from feedtree.exchanges.mexc.private_venue import MEXC_SPOT_PRIVATE
from feedtree.exchanges.mexc.private_websocket import MexcPrivateSpotWebsocket
from feedtree.exchanges.private.agreement import SOON
from feedtree.exchanges.private.messages import AccountMessage
from feedtree.exchanges.private.websocket import PrivateSpotWebsocket
from feedtree.exchanges.public.channels import Book
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.transport import Network
from feedtree.ops.app import open_tree
from feedtree.ops.campaign.calls import PlaceCall, PlaceCalls
from feedtree.ops.campaign.cuts import Cutter
from feedtree.ops.campaign.judge import Evidence
from feedtree.ops.campaign.script import AS_BEFORE
from feedtree.ops.campaign.truth import Truth
from feedtree.ops.chaos.proxy import open_proxy
from feedtree.ops.chaos.rerouting import led
from feedtree.ops.config import Config, Venue
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_NAME, DEMO_SECRET
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.markets import GATEIO, MEXC
from feedtree.ops.sim.server import open_sim

SYMBOLS = (Symbol("BTC", "USDT"), Symbol("ETH", "USDT"))
KEY_LIFE = 6.0  # seconds that a listen key is good for: so it is prolonged while orders go in and out
READY_WITHIN = 30.0  # seconds
SETTLED_WITHIN = 90.0


class _ShortLeases(MexcPrivateSpotWebsocket):
    VENUE = msgspec.structs.replace(MEXC_SPOT_PRIVATE, lease=partial(MexcListenKeys, life=KEY_LIFE))


_ACCOUNTS: Mapping[str, type[PrivateSpotWebsocket]] = {
    GATEIO: GateioPrivateSpotWebsocket,
    MEXC: _ShortLeases,
}
_SWITCHES: Mapping[str, Mapping[str, object]] = {GATEIO: {}, MEXC: {"listen_key_life_s": KEY_LIFE}}


class Stage:
    """What `open_stage` opened.

    Attributes:
        account: under trial; it has all its connections through the proxy.
        truth: tells what is so, and makes things go wrong.
        cutter: cuts the account's connections.
        messages: everything that a consumer got so far.
    """

    def __init__(self, account: PrivateSpotWebsocket, feed: Feed, truth: Truth, cutter: Cutter) -> None:
        self.account = account
        self.truth = truth
        self.cutter = cutter
        self.messages: list[AccountMessage] = []
        self._feed = feed

    def calls(self, name: Callable[[int], str]) -> PlaceCalls:
        """Make somebody's way to place orders.

        Args:
            name: makes a client order id of a number, but for what the venue wants before it.
        """
        desk, prefix = self.account.orders, self.account.ORDERS.ids.prefix
        return PlaceCalls(
            desk,
            self.account.account.store,
            self.touch,
            lambda number: prefix + name(number),
            self.cutter.calling,
        )

    def touch(self, symbol: Symbol) -> tuple[Decimal, Decimal] | None:
        """Return best bid and ask of a symbol; None where they are not known."""
        view = self._feed.view(symbol, 1)
        if view is None or view.best_bid is None or view.best_ask is None:
            return None
        return Decimal(repr(view.best_bid)), Decimal(repr(view.best_ask))

    async def listen(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Take down what a consumer gets."""
        async with self.account.mailbox(policy=Policy.FAIL, capacity=1_000_000) as mailbox:
            task_status.started()
            async for message in mailbox:
                self.messages.append(message)

    async def ready(self) -> None:
        """Wait until orders may be placed."""
        with trio.fail_after(READY_WITHIN):
            async with self.account.when_consistent():
                await self._feed.wait_live(READY_WITHIN)

    async def settle(self, calm: float, *, audited: bool = False) -> None:
        """Let everything turn back to normal, and the account find out what it missed.

        Args:
            calm: seconds, twice, until what was held or delayed has come.
            audited: whether the next regular comparison, up to a minute later, is made now.
        """
        await trio.sleep(calm)
        for name, value in AS_BEFORE.items():
            await self.truth.turn(name, value, 0.0)
        await self.truth.quieten()
        await trio.sleep(calm)
        desk, store = self.account.orders, self.account.account.store
        if audited:
            store.want_comparison()
            await trio.sleep(SOON + 1.0)
        with trio.move_on_after(SETTLED_WITHIN):
            await store.wait(lambda: store.consistent and not desk.unresolved)
            await trio.sleep(1.0)
            await store.wait(lambda: store.consistent and not desk.unresolved)

    async def evidence(self, calls: Sequence[PlaceCall]) -> Evidence:
        """Return what the run left behind.

        Args:
            calls: of `place`, all of them.
        """
        return Evidence(
            account=await self.truth.account(),
            orders=await self.truth.orders(),
            fills=await self.truth.fills(),
            entries=await self.truth.entries(),
            messages=self.messages,
            view=self.account.view,
            consistent=self.account.consistent,
            unresolved=self.account.orders.unresolved,
            calls=calls,
        )


@asynccontextmanager
async def open_stage(
    venue: str, seed: int, network: Network, *, wall_ns: Callable[[], int], log: Any, rate: float
) -> AsyncIterator[Stage]:
    """Run all of it beside a body.

    Args:
        venue: ``gateio.spot``.
        seed: of the market, and of all jitter.
        network: memory or TCP.
        wall_ns: UTC nanoseconds.
        log: a structlog logger for the tree.
        rate: orders of others per second.
    """
    config = SimConfig(
        seed=seed,
        rate=rate,
        orders=200,
        symbols=SYMBOLS,
        switches={venue: dict(_SWITCHES[venue])},
        utc_ns=wall_ns,
    )
    async with (
        open_sim(config, network) as sim,
        open_proxy(network, to=(sim.host, sim.port), seed=seed, frames=True) as proxy,
        _truth(sim.urls["control"], network, venue) as truth,
    ):
        urls = sim.urls[venue]
        market = Config({venue: Venue(SYMBOLS, channels=[Book()], ws_url=urls["ws"], rest_url=urls["rest"])})
        async with open_tree(market, network=network, wall_ns=wall_ns, rng=Random(seed), log=log) as tree:
            account = _ACCOUNTS[venue](
                tree,
                Credentials(DEMO_KEY, DEMO_SECRET),
                options=Reach(
                    ws_url=led(urls["ws"], proxy.address), rest_url=led(urls["rest"], proxy.address)
                ),
                symbols=SYMBOLS,
            )
            await account.initialize()
            stage = Stage(account, tree.websockets[venue].feed, truth, Cutter(proxy, venue))
            async with trio.open_nursery() as nursery:
                await nursery.start(stage.listen)
                nursery.start_soon(stage.cutter.watch)
                yield stage
                nursery.cancel_scope.cancel()
            await account.aclose()


@asynccontextmanager
async def _truth(control: str, network: Network, venue: str) -> AsyncIterator[Truth]:
    truth = Truth(control, network, venue, DEMO_NAME)
    try:
        yield truth
    finally:
        await truth.aclose()
