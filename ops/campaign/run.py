"""One run of the campaign: simulated exchange, tree, trader and script of one seed; then the evidence, judged."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import trio
from msgspec import Struct

from feedtree.actors.routes import Policy
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.private.messages import AccountMessage
from feedtree.exchanges.public.channels import Book
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.transport import Network
from feedtree.ops.app import Tree, open_tree
from feedtree.ops.campaign.judge import Evidence, broken
from feedtree.ops.campaign.script import AS_BEFORE, Disturbance, script
from feedtree.ops.campaign.trader import RandomTrader
from feedtree.ops.campaign.truth import Truth
from feedtree.ops.config import Config, Venue
from feedtree.ops.config_accounts import Account
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_NAME, DEMO_SECRET
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.server import open_sim

NAME = "main"
SYMBOLS = (Symbol("BTC", "USDT"), Symbol("ETH", "USDT"))
TRADERS = 2
RATE = 120.0  # orders of others per second
READY_WITHIN = 30.0  # seconds
SECONDS = 12.0
CALM = 4.0
SETTLED_WITHIN = 90.0


class Result(Struct, frozen=True):
    """What one seed showed.

    Args:
        venue: where.
        seed: of everything.
        placed: calls of `place`.
        others: calls of the other verbs.
        fills: that the venue had.
        cuts: connections that were cut on purpose, or attempts at it.
        disturbances: all that went wrong on purpose.
        broken: what did not hold, a sentence each.
    """

    venue: str
    seed: int
    placed: int
    others: int
    fills: int
    cuts: int
    disturbances: int
    broken: list[str]


async def run_seed(
    venue: str,
    seed: int,
    network: Network,
    *,
    wall_ns: Callable[[], int],
    log: Any,
    seconds: float = SECONDS,
    calm: float = CALM,
) -> Result:
    """Run one seed to its end.

    Args:
        venue: ``gateio.spot``.
        seed: of script, trader and market.
        network: memory or TCP.
        wall_ns: UTC nanoseconds.
        log: a structlog logger for the tree.
        seconds: of trading.
        calm: seconds, twice, until what was held or delayed has come.
    """
    rng = Random(seed)
    what = script(rng, seconds)
    config = SimConfig(seed=seed, rate=RATE, orders=200, symbols=SYMBOLS, utc_ns=wall_ns)
    async with open_sim(config, network) as sim, _truth(sim.urls["control"], network, venue) as truth:
        found = _config(venue, sim.urls[venue])
        async with open_tree(found, network=network, wall_ns=wall_ns, rng=Random(seed), log=log) as tree:
            campaign = _Campaign(tree, venue, truth, seed, rng)
            evidence = await campaign.run(what, seconds, calm)
    return Result(
        venue=venue,
        seed=seed,
        placed=len(evidence.calls),
        others=sum(trader.others for trader in campaign.traders),
        fills=len(evidence.fills),
        cuts=sum(each.cuts for each in what),
        disturbances=len(what),
        broken=broken(evidence),
    )


def _config(venue: str, urls: dict[str, str]) -> Config:
    ws, rest = urls["ws"], urls["rest"]
    key = Credentials(DEMO_KEY, DEMO_SECRET)
    return Config(
        {venue: Venue(SYMBOLS, channels=[Book()], ws_url=ws, rest_url=rest)},
        accounts={venue: {NAME: Account(credentials=key, symbols=SYMBOLS, ws_url=ws, rest_url=rest)}},
    )


@asynccontextmanager
async def _truth(control: str, network: Network, venue: str) -> AsyncIterator[Truth]:
    truth = Truth(control, network, venue, DEMO_NAME)
    try:
        yield truth
    finally:
        await truth.aclose()


class _Campaign:
    def __init__(self, tree: Tree, venue: str, truth: Truth, seed: int, rng: Random) -> None:
        self._feed = tree.websockets[venue].feed
        self._account = tree.accounts[f"{venue}/{NAME}"]
        self._truth = truth
        self._messages: list[AccountMessage] = []
        store, desk = self._account.account.store, self._account.orders
        prefix = "t-" if venue.startswith("gateio") else ""
        self.traders = [
            RandomTrader(
                desk,
                store,
                self._touch,
                SYMBOLS,
                Random(rng.random()),
                partial("{}c{}x{}x{}".format, prefix, seed, who),
            )
            for who in range(TRADERS)
        ]

    async def run(self, what: list[Disturbance], seconds: float, calm: float) -> Evidence:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._listen)
            with trio.fail_after(READY_WITHIN):
                async with self._account.when_consistent():
                    await self._feed.wait_live(READY_WITHIN)
            async with trio.open_nursery() as traders:
                for trader in self.traders:
                    traders.start_soon(trader.run, seconds)
                traders.start_soon(self._break, what)
            await self._settle(calm)
            evidence = await self._evidence()
            nursery.cancel_scope.cancel()
        return evidence

    async def _listen(self) -> None:
        async with self._account.mailbox(policy=Policy.FAIL, capacity=1_000_000) as mailbox:
            async for message in mailbox:
                self._messages.append(message)

    async def _break(self, what: list[Disturbance]) -> None:
        began = trio.current_time()
        for each in what:
            await trio.sleep_until(began + each.at)
            try:
                if each.kind == "fault":
                    await self._truth.fault(each.name, each.seconds)
                else:
                    await self._truth.turn(each.name, each.value, each.seconds)
            except (RestFailed, VenueThrottled):
                pass  # the control paths answer over connections that may be cut, too

    async def _settle(self, calm: float) -> None:
        """Let everything turn back to normal, and the account find out what it missed."""
        await trio.sleep(calm)
        for name, value in AS_BEFORE.items():
            await self._truth.turn(name, value, 0.0)
        await self._truth.quieten()
        await trio.sleep(calm)
        desk, store = self._account.orders, self._account.account.store
        with trio.move_on_after(SETTLED_WITHIN):
            await store.wait(lambda: store.consistent and not desk.unresolved)
            await trio.sleep(1.0)
            await store.wait(lambda: store.consistent and not desk.unresolved)

    async def _evidence(self) -> Evidence:
        return Evidence(
            account=await self._truth.account(),
            orders=await self._truth.orders(),
            fills=await self._truth.fills(),
            entries=await self._truth.entries(),
            messages=self._messages,
            view=self._account.view,
            consistent=self._account.consistent,
            unresolved=self._account.orders.unresolved,
            calls=[call for trader in self.traders for call in trader.calls],
        )

    def _touch(self, symbol: Symbol) -> tuple[Decimal, Decimal] | None:
        view = self._feed.view(symbol, 1)
        if view is None or view.best_bid is None or view.best_ask is None:
            return None
        return Decimal(repr(view.best_bid)), Decimal(repr(view.best_ask))
