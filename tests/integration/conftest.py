"""Whole trees against simulated exchanges, on the memory network.

Tests take the fixture `autojump_clock` themselves: only an argument of the test sets its clock.
"""

import json
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
import trustme

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.gateio.signing import rest_headers
from feedtree.exchanges.mexc.signing import headers as mexc_headers
from feedtree.exchanges.mexc.signing import signed_query
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.ops import Account, Config, Tree, Venue, open_tree
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_SECRET
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.faults import Fault, inflict
from feedtree.ops.sim.server import RunningSim, serve_sim
from tests.clock import wall_ns

pytest.register_assert_rewrite("tests.integration.accounts", "tests.integration.recording")

PORT = 9000
VENUES = ("gateio.spot", "mexc.spot")


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

    def asked(self, venue: str, call: str) -> int:
        """Return how often a venue got a REST call, ``GET /path``, lately: its journal is bounded."""
        assert self.sim is not None
        journal = self.sim.simulation.venues[venue].journal
        requests = (entry["data"] for entry in journal.newest(100_000) if entry["what"] == "request")
        return sum(request.startswith(call) for request in requests)

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

    def account(self, venue: str = "gateio.spot", name: str = "demo") -> Any:
        """Return the truth of an account."""
        assert self.sim is not None
        accounts = self.sim.simulation.venues[venue].private.accounts.values()
        return next(account for account in accounts if account.config.name == name)

    def account_config(self, venue: str = "gateio.spot", **options: Any) -> Account:
        """Return the config of the account that every simulated venue has; options replace its values."""
        assert self.sim is not None
        urls = self.sim.urls[venue]
        given = {
            "credentials": Credentials(DEMO_KEY, DEMO_SECRET),
            "symbols": ("BTC/USDT", "ETH/USDT"),
            "ws_url": urls["ws"],
            "rest_url": urls["rest"],
        }
        return Account(**{**given, **options})


class GateioTrader:
    """Orders at the simulated Gate.io, sent beside the tree that is tested."""

    def __init__(self, lab: Lab, credentials: Credentials | None = None) -> None:
        assert lab.sim is not None
        self.lab = lab
        self.credentials = credentials or Credentials(DEMO_KEY, DEMO_SECRET)
        self.rest = RestClient(lab.sim.urls["gateio.spot"]["rest"], lab.network)

    async def call(self, method: str, path: str, query: str = "", **fields: object) -> Any:
        """Do a signed call; return what was answered."""
        body = json.dumps(fields).encode() if fields else b""
        skew = self.lab.sim.simulation.venues["gateio.spot"].switches.clock_skew_s
        time = int(wall_ns() / 1e9 + skew)
        headers = rest_headers(self.credentials, method, f"/api/v4{path}", query, body, time)
        answer = await self.rest.send(method, path, query=query, headers=headers, body=body)
        return json.loads(answer.body)

    async def place(self, side: str, price: str, amount: str = "0.01", **fields: object) -> Any:
        """Place a limit order on BTC/USDT."""
        given = {"currency_pair": "BTC_USDT", "side": side, "price": price, "amount": amount, **fields}
        answer = await self.call("POST", "/spot/orders", **given)
        assert "label" not in answer, answer
        return answer

    async def cancel(self, order_id: str) -> Any:
        """Cancel an order on BTC/USDT."""
        return await self.call("DELETE", f"/spot/orders/{order_id}", "currency_pair=BTC_USDT")

    def touch(self, side: str, away: float = 0.0) -> str:
        """Return a price: the best that an order of that side meets, so much (a share) more passive."""
        assert self.lab.sim is not None
        market = self.lab.sim.simulation.venues["gateio.spot"].markets["BTC_USDT"]
        key = market.book.best_ask if side == "buy" else market.book.best_bid
        price = float(market.price_text(abs(key)))
        return f"{price * (1 - away if side == 'buy' else 1 + away):.1f}"


class MexcTrader:
    """Orders at the simulated MEXC, sent beside the tree that is tested."""

    def __init__(self, lab: Lab) -> None:
        assert lab.sim is not None
        self.lab = lab
        self.credentials = Credentials(DEMO_KEY, DEMO_SECRET)
        self.rest = RestClient(lab.sim.urls["mexc.spot"]["rest"], lab.network)

    async def call(self, method: str, path: str, **parameters: str) -> Any:
        """Do a signed call; return what was answered."""
        skew = self.lab.sim.simulation.venues["mexc.spot"].switches.clock_skew_s
        query = signed_query(self.credentials.secret, parameters, int(wall_ns() / 1e6 + skew * 1000))
        answer = await self.rest.send(
            method, f"/api/v3{path}", query=query, headers=mexc_headers(self.credentials)
        )
        return json.loads(answer.body)

    async def place(
        self, side: str, price: str, quantity: str = "0.01", symbol: str = "BTCUSDT", **fields: str
    ) -> Any:
        """Place a limit order; its answer tells no status."""
        given = {
            "symbol": symbol,
            "side": side.upper(),
            "type": "LIMIT",
            "quantity": quantity,
            "price": price,
        }
        answer = await self.call("POST", "/order", **{**given, **fields})
        assert "orderId" in answer, answer
        return answer

    async def cancel(self, order_id: str, symbol: str = "BTCUSDT") -> Any:
        """Cancel an order."""
        return await self.call("DELETE", "/order", symbol=symbol, orderId=order_id)

    def touch(self, side: str, away: float = 0.0, symbol: str = "BTCUSDT") -> str:
        """Return a price: the best that an order of that side meets, so much (a share) more passive."""
        market = self.lab.sim.simulation.venues["mexc.spot"].markets[symbol]
        key = market.book.best_ask if side == "buy" else market.book.best_bid
        price = float(market.price_text(abs(key)))
        return f"{price * (1 - away if side == 'buy' else 1 + away):.2f}"


OpenLab = Callable[..., AbstractAsyncContextManager[tuple[Lab, Tree]]]


@pytest.fixture(scope="session")
def venue_tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str, str]:
    """The venues' TLS context, their name, and the file that makes clients trust it."""
    host = "venue.test"
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, host, str(path)


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


@pytest.fixture
def trader() -> type[GateioTrader]:
    """Makes orders at the simulated Gate.io."""
    return GateioTrader


@pytest.fixture
def mexc_trader() -> type[MexcTrader]:
    """Makes orders at the simulated MEXC."""
    return MexcTrader


def quiet() -> Any:
    """Return a logger that says nothing."""
    return structlog.wrap_logger(None, processors=[_drop])


def _drop(logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
    raise structlog.DropEvent
