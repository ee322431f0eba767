"""Faults by name, for one test: those of the proxies, and those of the simulated exchanges."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Protocol, get_args

import msgspec
import trio
from msgspec import Struct

from feedtree.ops.app import Tree
from feedtree.ops.chaos.catalogue import catalogue
from feedtree.ops.chaos.fault import Fault, Scope
from feedtree.ops.chaos.kinds import PROXY_FAULTS
from feedtree.ops.chaos.proxy import Proxy
from feedtree.ops.chaos.running import Running
from feedtree.ops.chaos.spelling import WrongFault, known, make_fault
from feedtree.ops.chaos.testing import lasting, sides
from feedtree.ops.chaos.testing.exchange import SIDES, Side, SimulatedExchange
from feedtree.ops.chaos.testing.expectation import expect_recovery
from feedtree.ops.chaos.testing.reach import Reach
from feedtree.ops.chaos.testing.recovery import Recovery
from feedtree.ops.chaos.testing.turned import Turned
from feedtree.ops.chaos.testing.values import number, whole
from feedtree.ops.sim import faults as simulated

_UNDER_WAY = 10  # passes of the event loop in which everything arrives that had passed a proxy before


class AtWork(Struct, frozen=True):
    """One fault, on each of the proxies that it was asked for.

    Args:
        running: one for each proxy.
    """

    running: tuple[Running, ...]

    @property
    def met(self) -> int:
        """How many connections it has met so far."""
        return sum(each.met for each in self.running)


class FaultMethod(Protocol):
    """A fault of the proxies, as a method of `Chaos`."""

    def __call__(
        self,
        venue: str | None = None,
        *,
        side: Side | None = None,
        on: Scope | None = None,
        count: int = 0,
        **parameters: object,
    ) -> AbstractAsyncContextManager[AtWork]:
        """See `Chaos.fault`."""
        ...


class Chaos:
    """Breaks what leads to simulated exchanges, and them.

    Each fault of the proxies is a method: ``chaos.black_hole("gateio.spot", side="private")`` is
    ``chaos.fault("black_hole", "gateio.spot", side="private")``. `dir` lists them; docs/chaos.md explains them.

    Args:
        exchange: what is broken.

    Attributes:
        spells: what was broken when.
    """

    def __init__(self, exchange: SimulatedExchange) -> None:
        self.exchange = exchange
        self.spells = exchange.spells
        self._turned = Turned(exchange.turn)

    def __getattr__(self, name: str) -> FaultMethod:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            known(name, PROXY_FAULTS, "fault")
        except ValueError as error:
            raise AttributeError(f"{error}; and chaos.fault, simulated, switched, expect_recovery") from None
        return _method(self.fault, name)

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *PROXY_FAULTS]

    @asynccontextmanager
    async def fault(
        self,
        name: str,
        venue: str | None = None,
        *,
        side: Side | None = None,
        on: Scope | None = None,
        count: int = 0,
        **parameters: object,
    ) -> AsyncIterator[AtWork]:
        """Let a fault of connections work for the time of a block. Blocks nest.

        Args:
            name: of the fault.
            venue: whose connections; None is each venue's.
            side: ``public`` or ``private``; None is both.
            on: the connections that are open, new ones, or all; the fault's own choice where None.
            count: so many new connections at most, of each proxy; 0 is any number.
            parameters: of the fault, by name.

        Raises:
            WrongFault: there is no such fault, venue or side, or not such a parameter or value, or none of it has a
                meaning there; the message says what there is.
        """
        fault = make_fault(PROXY_FAULTS, name, parameters)
        _check_meeting(name, fault, on, count)
        chosen = self._chosen(venue, side)
        with self.spells.spell(name, chosen) as spell:
            async with AsyncExitStack() as stack:
                running = []
                for place, proxy in chosen.items():
                    running.append(await stack.enter_async_context(proxy.fault(fault, on=on, count=count)))
                    spell.reaches[place] = self._reach(place, running[-1], on, count)
                stack.callback(self.spells.ending, spell)
                for _ in range(_UNDER_WAY):
                    await trio.lowlevel.checkpoint()
                spell.arrived = trio.current_time()
                yield AtWork(tuple(running))

    def simulated(self, name: str, venue: str | None = None, **options: object) -> int:
        """Break messages at the simulated exchanges now: ``chaos.simulated("gap", "gateio.spot", symbol="BTC/USDT")``.

        Args:
            name: of the fault: ``gap``, ``private_gap``, ``garbage`` and so on.
            venue: where; None is each.
            options: of the fault: ``symbol``, ``account``, ``count``, ``seconds``, ``code``.

        Returns:
            How many connections or streams it met.

        Raises:
            WrongFault: there is no such fault, venue or option; the message says what there is.
        """
        taken = {
            entry.name: [parameter.name for parameter in entry.parameters]
            for entry in catalogue()
            if entry.place == "exchange"
        }
        for option in options if known(name, taken, "simulated fault") else ():
            known(option, taken[name], f"{name}: option")
        venues = self._venues(venue)
        if "account" in options:
            self.exchange.check_account(venues, str(options["account"]))
        faults = {
            found: _broken(name, found, self.exchange.venue(found).symbols, options) for found in venues
        }
        met = 0
        for found, fault in faults.items():
            met += simulated.inflict([self.exchange.venue(found)], fault)
            if broken := [(found, side) for side in sides.SIMULATED[name]]:
                self.spells.timed(
                    name,
                    broken,
                    fault.seconds if name in lasting.LASTING else 0.0,
                    holds=name in lasting.HOLDING,
                    cuts=name in lasting.CUTTING,
                    mutes=name in lasting.MUTING,
                )
        return met

    @asynccontextmanager
    async def switched(self, venue: str, **switches: object) -> AsyncIterator[None]:
        """Turn switches of a simulated exchange for the time of a block, and then back.

        Blocks nest and overlap: a switch stands where the youngest block that is still at work has turned it, and
        where it stood before the first one when the last one is over.

        Raises:
            WrongFault: there is no such venue.
            UnknownSwitch: there is no such switch, or not such a value; the message says what there is.
        """
        turning = self._turned.begin(venue, switches)
        try:
            broken = [(venue, side) for side in sides.of_switches(switches)]
            with self.spells.spell(", ".join(switches), broken):
                yield
        finally:
            self._turned.end(turning)

    def expect_recovery(
        self,
        tree: Tree,
        path: str,
        *,
        detect: float = 2.0,
        recover: float = 3.0,
        ready: float = 10.0,
        patience: float = 10.0,
    ) -> AbstractAsyncContextManager[Recovery]:
        """Expect that a stream is lost within a block, and whole again soon.

        It begins when the stream is live. At the end of the block it waits until the stream is live again, and then
        until all that had happened at the exchange has been told.

        Args:
            tree: a running tree.
            path: of a venue, shard or connection (``public/gateio.spot``), or of an account
                (``private/gateio.spot/main``); several streams below it are all expected to be lost, and to be back.
            detect: seconds that it may take at most to notice.
            recover: seconds until it is live again, both from the begin of the outage; for as long as a fault goes on
                after it was noticed that can hold it up (docs/chaos.md), this clock stands still.
            ready: seconds that the stream may take to become live before the block.
            patience: seconds from the begin of the block, or of the last fault in it, until an outage must begin.

        Yields:
            The recovery, to wait for, and to look at after the block.

        Raises:
            Overdue: an AssertionError: one of the times was exceeded; the message says where it hung.
            WrongFault: there is no stream of that path; the message says which there are.
            WrongTransport: the tree has another network than the exchanges.
        """
        return expect_recovery(
            self.exchange,
            self.spells,
            tree,
            path,
            detect=detect,
            recover=recover,
            ready=ready,
            patience=patience,
        )

    def _reach(self, place: tuple[str, Side], running: Running, on: Scope | None, count: int) -> Reach:
        return Reach(running, on, count, lambda each: self.exchange.departures.at(place, each.number))

    def _chosen(self, venue: str | None, side: str | None) -> dict[tuple[str, Side], Proxy]:
        wanted = SIDES if side is None else (known(side, SIDES, "side"),)
        venues = self._venues(venue)
        return {
            place: proxy
            for place, proxy in self.exchange.proxies.items()
            if place[0] in venues and place[1] in wanted
        }

    def _venues(self, venue: str | None) -> tuple[str, ...]:
        names = self.exchange.venues
        return names if venue is None else (known(venue, names, "venue"),)


def _method(fault: Callable[..., AbstractAsyncContextManager[AtWork]], name: str) -> FaultMethod:
    def method(
        venue: str | None = None,
        *,
        side: Side | None = None,
        on: Scope | None = None,
        count: int = 0,
        **parameters: object,
    ) -> AbstractAsyncContextManager[AtWork]:
        return fault(name, venue, side=side, on=on, count=count, **parameters)

    entry = next(entry for entry in catalogue() if entry.place == "proxy" and entry.name == name)
    told = "".join(f"\n    {parameter}: {parameter.what}" for parameter in entry.parameters)
    method.__name__ = name
    method.__doc__ = f"{entry.what}. See `Chaos.fault`.{told}"
    return method


def _check_meeting(name: str, fault: Fault, on: str | None, count: int) -> None:
    """Refuse connections that there are not, and a number of new ones where no new ones are met."""
    scope = fault.on if on is None else known(on, get_args(Scope), f"{name}: on")
    if whole(count, f"{name}: count") and (fault.shuts or scope == "open"):
        why = "no connection comes about" if fault.shuts else "it meets those that are open"
        raise WrongFault(
            f'{name}: count = {count} is not allowed, for {why}; allowed: a fault with on="new" or "all"'
        )


def _broken(
    name: str, venue: str, listed: Mapping[str, str], options: Mapping[str, object]
) -> simulated.Fault:
    given = dict(options)
    if "symbol" in options:
        given["symbol"] = listed[known(str(options["symbol"]).upper(), listed, f"{venue}: symbol")]
    if "count" in options:
        whole(options["count"], f"{name}: count", 1)
    if "seconds" in options:
        number(options["seconds"], f"{name}: seconds")
    try:
        return msgspec.convert({"kind": name, **given}, simulated.Fault)
    except msgspec.ValidationError as error:
        raise WrongFault(f"{name}: {error}") from error
