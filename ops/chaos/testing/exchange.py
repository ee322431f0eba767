"""Simulated exchanges for one test: both venues in this process, and a proxy before each side of each of them."""

import time
import warnings
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

import msgspec
import trio
from trio.testing import MockClock

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.transport import Network
from feedtree.ops.chaos.proxy import Proxy, open_proxy
from feedtree.ops.chaos.rerouting import led, through
from feedtree.ops.chaos.spelling import known
from feedtree.ops.chaos.testing.accounts import Accounts, Balances, HeldBalance
from feedtree.ops.chaos.testing.departures import Departures
from feedtree.ops.chaos.testing.spells import Spells
from feedtree.ops.chaos.testing.values import number, several, whole
from feedtree.ops.config import Account, Config, Venue
from feedtree.ops.sim.accounts.entries import Doing, Entry
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.markets import DEFAULT_SYMBOLS
from feedtree.ops.sim.server import RunningSim, open_sim
from feedtree.ops.sim.switchboard import SwitchBoard
from feedtree.ops.sim.venue import Venue as SimVenue
from feedtree.ops.sim_control import TrueBook

Side: TypeAlias = Literal["public", "private"]
SIDES: tuple[Side, ...] = ("public", "private")
_PREFIXES: Mapping[Side, str] = {"public": "", "private": "private_"}
Transport: TypeAlias = Literal["tcp", "memory"]
TRANSPORTS: tuple[Transport, ...] = ("tcp", "memory")

_EPOCH_NS = 1_790_000_000_000_000_000  # what the wall clock shows when a virtual one stands at 0
_ORDERS: tuple[Doing, ...] = ("place", "amend")


class WrongTransport(RuntimeError):
    """The transport does not go with the clock that the test runs under; the message says what to do."""


class OrdersCutOff(UserWarning):
    """No order arrived, but none could: a fault was in the way of those that were sent."""


def virtual_wall_ns() -> int:
    """Return UTC nanoseconds that go with trio's clock: the same in every run under a virtual one."""
    return _EPOCH_NS + int(trio.current_time() * 1e9)


class SimulatedExchange:
    """Made by `open_simulated_exchange`, or the fixture ``simulated_exchange``.

    A venue is named as everywhere, ``gateio.spot``; a name that there is not raises `WrongFault`, which says what there
    is.

    Attributes:
        sim: the simulators; ``sim.simulation.venues`` has all of them.
        network: what leads to them.
        seed: of all chance: prices, orders of others, faults, and the jitter of a tree with `tree_options`.
        proxies: what clients go through, by venue and side.
        departures: when clients left the connections through them.
        spells: what was broken when.
        accounts: of the venues.
    """

    def __init__(
        self,
        sim: RunningSim,
        network: Network,
        proxies: Mapping[tuple[str, Side], Proxy],
        seed: int,
        departures: Departures,
    ) -> None:
        self.sim = sim
        self.network = network
        self.proxies = proxies
        self.departures = departures
        self.seed = seed
        self.spells = Spells()
        self.accounts = Accounts(self.venue)

    # How it is reached

    @property
    def transport(self) -> Transport:
        """``tcp``, or ``memory`` under the virtual clock."""
        return "memory" if isinstance(self.network, MemoryNetwork) else "tcp"

    @property
    def venues(self) -> tuple[str, ...]:
        """The names of its venues."""
        return tuple(self.sim.simulation.venues)

    @property
    def urls(self) -> dict[str, dict[str, str]]:
        """Where any client reaches a venue, through the proxies: ``ws``, ``rest``, ``private_ws``, ``private_rest``."""
        return {
            name: {
                f"{prefix}{kind}": led(self.sim.urls[name][kind], self.proxies[name, side].address)
                for side, prefix in _PREFIXES.items()
                for kind in ("ws", "rest")
            }
            for name in self.venues
        }

    @property
    def tree_options(self) -> dict[str, Any]:
        """What `open_tree` and `run_tree` need beside the config; over TCP they do without.

        In memory that is the network and the wall clock that goes with the virtual one.
        """
        seeded: dict[str, Any] = {"rng": Random(self.seed)}
        if self.transport == "tcp":
            return seeded
        return {**seeded, "network": self.network, "wall_ns": virtual_wall_ns}

    def config(
        self,
        symbols: Iterable[Symbol | str] = ("BTC/USDT",),
        accounts: Iterable[str] | Mapping[str, Balances] = (),
        *,
        venues: Iterable[str] | None = None,
        channels: Iterable[Any] | None = None,
        account_options: Mapping[str, Any] = MappingProxyType({}),
        **options: Any,
    ) -> Config:
        """Return a config that leads a tree here.

        Args:
            symbols: of each venue, and of each account.
            accounts: names of accounts, which each of the venues gets; or what each has at first, asset -> amount,
                where it is not to be plenty of everything.
            venues: those; None is all.
            channels: as `Venue`.
            account_options: further arguments of `Account`, for each of them.
            options: further arguments of `Venue`, for each of them.

        Raises:
            WrongFault: there is no such venue, it does not list a symbol or asset, or a value is no list or amount.
            ConfigError: an argument of `Venue` or `Account` is not allowed.
        """
        named = self.venues if venues is None else several(venues, "venues", '["gateio.spot"]')
        wanted = several(symbols, "symbols", '["BTC/USDT"]')
        if not isinstance(accounts, Mapping):
            accounts = several(accounts, "accounts", '["main"], or {"main": {"USDT": "1000"}}')
        for name in named:
            self._check_symbols(name, wanted)
        return Config(
            {name: self._venue_config(name, wanted, channels=channels, **options) for name in named},
            accounts={
                name: {
                    account: self._account_config(name, account, accounts, wanted, account_options)
                    for account in accounts
                }
                for name in named
            },
        )

    def _venue_config(self, name: str, symbols: tuple[Symbol | str, ...], **options: Any) -> Venue:
        urls = self.sim.urls[name]
        config = Venue(symbols, **{"ws_url": urls["ws"], "rest_url": urls["rest"], **options})
        return through(config, self.proxies[name, "public"].address)

    def _account_config(
        self,
        venue: str,
        name: str,
        balances: Iterable[str] | Mapping[str, Balances],
        symbols: tuple[Symbol | str, ...],
        options: Mapping[str, Any],
    ) -> Account:
        self.accounts.open(venue, name, balances.get(name) if isinstance(balances, Mapping) else None)
        given = {"credentials": self.credentials(venue, name), "symbols": symbols}
        urls = self.sim.urls[venue]
        config = Account(**{"ws_url": urls["ws"], "rest_url": urls["rest"], **given, **options})
        return through(config, self.proxies[venue, "private"].address)

    def _check_symbols(self, venue: str, symbols: Iterable[Symbol | str]) -> None:
        listed = self.venue(venue).symbols
        for symbol in symbols:
            known(str(symbol).upper(), listed, f"{venue}: symbol")

    def credentials(self, venue: str, account: str) -> Credentials:
        """Return key and secret of an account, which is opened where it is not there yet."""
        config = self.accounts.open(venue, account).config
        return Credentials(config.key, config.secret)

    # What is true

    def now_ns(self) -> int:
        """Return the exchanges' time, UTC nanoseconds: that of `orders_received` and of ``recovery.outage``."""
        return self.sim.simulation.clock.now_ns()

    def orders_received(
        self,
        during: tuple[int, int] | None = None,
        *,
        venue: str | None = None,
        account: str | None = None,
        doing: Collection[Doing] | Doing = _ORDERS,
    ) -> list[Entry]:
        """Return the requests of orders that arrived, whatever became of them, oldest first.

        Where none arrived between two times because a fault let nothing through, the list proves nothing of what was
        sent: `OrdersCutOff` is warned of.

        Args:
            during: only those that arrived between these times, UTC nanoseconds: ``recovery.outage``.
            venue: only there.
            account: only in its name.
            doing: what was asked for: ``place``, ``amend``, ``cancel``.

        Raises:
            WrongFault: there is no such venue or account, or nothing of that kind is asked for.
        """
        after, before = during or (-1, 1 << 63)
        venues = self.venues if venue is None else (self.venue(venue).name,)
        self.check_account(venues, account)
        wanted = [
            known(each, get_args(Doing), "doing") for each in ((doing,) if isinstance(doing, str) else doing)
        ]
        found = [
            entry
            for name in venues
            for entry in self.accounts.side(name).entries.matching(account or "", "")
            if entry.doing in wanted and after < entry.at_ns < before
        ]
        if during is not None and not found:
            self._warn_of_cuts(during, venues)
        return sorted(found, key=lambda entry: entry.at_ns)

    def _warn_of_cuts(self, during: tuple[int, int], venues: Iterable[str]) -> None:
        clock = self.sim.simulation.clock
        begin, end = (trio.current_time() - (clock.now_ns() - at_ns) / 1e9 for at_ns in during)
        for venue in venues:
            for spell, seconds in self.spells.stopping_clients((venue, "private"), begin, end):
                warnings.warn(
                    f"no order arrived at {venue}, but for {seconds:.3f} s of that time {spell.name} let nothing "
                    "through from its clients: this proves nothing of what they sent. Let orders through: "
                    'chaos.black_hole(..., side="private", direction="down")',
                    OrdersCutOff,
                    stacklevel=3,
                )
                return

    def check_account(self, venues: Iterable[str], account: str | None) -> None:
        """Raise `WrongFault` where none of some venues has an account of that name; None is any."""
        if account is not None:
            known(
                account,
                dict.fromkeys(name for venue in venues for name in self.accounts.named(venue)),
                "account",
            )

    def book(self, venue: str, symbol: Symbol | str, sequence: int | None = None) -> TrueBook | None:
        """Return the book at an id (None: now); None where that id is not known, or not any more."""
        self._check_symbols(venue, (symbol,))
        found = self.venue(venue).truth(_symbol(symbol), sequence)
        return None if found is None else msgspec.convert(found, TrueBook, strict=False)

    def balances(self, venue: str, account: str = "main") -> dict[str, HeldBalance]:
        """Return what an account has that is not 0, by asset."""
        return self.accounts.balances(venue, account)

    # What is done to it

    def fill(self, venue: str, symbol: Symbol | str, *, pieces: int = 1) -> int:
        """Let somebody fill the accounts' resting orders of a symbol now.

        Args:
            venue: where.
            symbol: of the orders.
            pieces: in so many fills each.

        Returns:
            How many fills there were.
        """
        self._check_symbols(venue, (symbol,))
        side, each = self.accounts.side(venue), whole(pieces, "pieces", 1)
        return side.engine.eat(self.venue(venue).symbols[str(_symbol(symbol))], each)

    def turn(self, venue: str, **switches: object) -> dict[str, object]:
        """Turn switches of a venue from now on (docs/chaos.md lists them), all or none; return where they stood.

        Raises:
            UnknownSwitch: there is no such switch, or not such a value; the message says what there is.
        """
        name = self.venue(venue).name
        SwitchBoard({name: switches})  # all are checked before the first is turned
        return {switch: self.sim.simulation.turn(name, switch, value) for switch, value in switches.items()}

    def rate(self, events_per_s: float) -> None:
        """Let others send so many orders a second, over all venues and symbols; 0 makes a quiet market."""
        self.sim.simulation.rate = number(events_per_s, "rate")

    def venue(self, name: str) -> SimVenue:
        """Return a simulated venue.

        Raises:
            WrongFault: there is none of that name.
        """
        return self.sim.simulation.venues[known(name, self.venues, "venue")]


@asynccontextmanager
async def open_simulated_exchange(
    *,
    transport: Transport | None = None,
    seed: int = 0,
    rate: float = 200.0,
    orders: int = 300,
    symbols: Iterable[Symbol | str] = DEFAULT_SYMBOLS,
) -> AsyncIterator[SimulatedExchange]:
    """Run simulated exchanges for the time of a block.

    Args:
        transport: ``tcp``, loopback sockets, for any client; ``memory``, under trio's virtual clock, where a minute
            takes a second or two; None is what goes with the clock.
        seed: of all chance.
        rate: orders of others per second, over all venues and symbols.
        orders: that rest in each book, about.
        symbols: what the venues list.

    Raises:
        WrongTransport: ``memory`` under a real clock, or ``tcp`` under a virtual one.
        WrongFault: there is no such transport, or not such a value.
    """
    network = _network(transport)
    memory = isinstance(network, MemoryNetwork)
    config = SimConfig(
        seed=whole(seed, "seed", None),
        rate=number(rate, "rate"),
        orders=whole(orders, "orders"),
        symbols=tuple(_symbol(symbol) for symbol in several(symbols, "symbols", '["BTC/USDT"]')),
        utc_ns=virtual_wall_ns if memory else time.time_ns,
    )
    async with AsyncExitStack() as stack:
        host = "exchange.memory" if memory else "127.0.0.1"
        sim = await stack.enter_async_context(open_sim(config, network, host=host))
        proxies: dict[tuple[str, Side], Proxy] = {}
        departures = Departures()
        for venue in sim.simulation.venues:
            for side in SIDES:
                host = f"{side}.{venue}.memory" if memory else "127.0.0.1"
                proxy = open_proxy(
                    network,
                    to=(sim.host, sim.port),
                    host=host,
                    seed=seed + len(proxies),
                    see=departures.of((venue, side)),
                )
                proxies[venue, side] = await stack.enter_async_context(proxy)
        yield SimulatedExchange(sim, network, proxies, seed, departures)


def _network(transport: str | None) -> Network:
    virtual = isinstance(trio.lowlevel.current_clock(), MockClock)
    if transport is None:
        transport = "memory" if virtual else "tcp"
    known(transport, TRANSPORTS, "transport")
    if transport == "memory" and not virtual:
        raise WrongTransport(
            "the memory transport runs under trio's virtual clock: mark the test with "
            '@pytest.mark.simulated_exchange(transport="memory"), or let it take the fixture autojump_clock'
        )
    if transport == "tcp" and virtual:
        raise WrongTransport(
            "sockets do not wait for a virtual clock: leave transport out, or the clock (autojump_clock, mock_clock)"
        )
    return MemoryNetwork() if transport == "memory" else TcpNetwork()


def _symbol(symbol: Symbol | str) -> Symbol:
    return Symbol.parse(symbol) if isinstance(symbol, str) else symbol
