"""The private side of one simulated venue: its accounts, what they did, and who is told."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import count
from typing import TYPE_CHECKING

import trio

from feedtree.ops.http import Response
from feedtree.ops.sim.accounts.account import Account, Statement
from feedtree.ops.sim.accounts.config import AccountConfig
from feedtree.ops.sim.accounts.costs import Fees
from feedtree.ops.sim.accounts.engine import Engine
from feedtree.ops.sim.accounts.entries import Doing, Door, Entries, Entry
from feedtree.ops.sim.accounts.lines import Lines, PrivatePush
from feedtree.ops.sim.accounts.orders import AccountFill, AccountOrder, Told
from feedtree.ops.sim.accounts.state import Item, KeyTold, Record, StateFile
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.switches import VenueSwitches

if TYPE_CHECKING:
    from feedtree.ops.sim.venue import Venue

NS = 1_000_000_000
_SILENCE_S = 75.0  # a withheld answer's connection is ended after so long
_SETTLES_S = 120  # later than that nothing comes of a request any more


class PrivateSide(ABC):
    """What both venues' private sides share.

    Args:
        venue: whose markets.
        switches: of the venue.
        fees: of the venue.

    Attributes:
        accounts: by key.
        engine: places and ends their orders.
        lines: the private subscriptions.
        entries: the order-entry requests that arrived.
    """

    def __init__(self, venue: "Venue", switches: VenueSwitches, fees: Fees) -> None:
        self._venue = venue
        self._switches = switches
        self.accounts: dict[str, Account] = {}
        self.entries = Entries()
        self.lines = Lines(switches, venue.rng, venue.journal, self.now_ns, venue.later)
        self._numbers = count(venue.clock.first_id())
        self.engine = Engine(
            venue.markets,
            fees,
            number=lambda: next(self._numbers),
            now_ns=venue.clock.now_ns,
            stamp_ns=self.now_ns,
            tell=self._happened,
        )
        self._pending: list[tuple[Account, list[Told]]] = []
        self._state: StateFile | None = None
        self._unsettled: list[Entry] = []

    @abstractmethod
    def render(self, account: Account, told: list[Told]) -> list[PrivatePush]:
        """Return the pushes that tell of something, in the venue's order."""

    @abstractmethod
    def order_name(self, number: int) -> str:
        """Return an order's id as the venue tells it."""

    @abstractmethod
    def trade_name(self, fill: AccountFill) -> str:
        """Return a fill's id as the venue pushes it."""

    def market(self, about: AccountOrder | AccountFill) -> Market:
        """Return the market of an order or a fill."""
        wire = about.wire if isinstance(about, AccountFill) else about.ticket.wire
        return self._venue.markets[wire]

    def open(self, configs: Iterable[AccountConfig], state: StateFile | None = None) -> None:
        """Open accounts, as a state file left them, and have the engine watch the markets.

        Raises:
            BadState: the file tells of accounts or symbols that there are not.
        """
        for config in configs:
            self.add(config)
        for market in self._venue.markets.values():
            self.engine.watch(market)
        if state is not None:
            self._restore(state)
            self._state = state

    def add(self, config: AccountConfig) -> None:
        """Open one more account; a state file knows only those of the start."""
        self.accounts[config.key] = Account(config)

    def now_ns(self) -> int:
        """Return the venue's time, as signatures and private times know it."""
        return self._venue.clock.now_ns() + int(self._switches.clock_skew_s * NS)

    def statement(self, account: Account) -> Statement:
        """Return an account as REST shows it: as it is, or was, where a switch makes REST lag."""
        lag_s = self._switches.private_lag_s
        return account.as_of(self.now_ns() - int(lag_s * NS)) if lag_s else account.now

    async def spoilt(self) -> Response | None:
        """Return what is answered to an order that was done, where a switch spoils such answers."""
        if self._switches.order_answers == "status":
            return self._venue.throttled(503, self._switches.retry_after(503))
        if self._switches.order_answers == "withheld":
            await trio.sleep(_SILENCE_S)
        return None

    def entry(self, door: Door, who: str, key: str, doing: Doing, **names: str) -> Entry:
        """Take an order-entry request down."""
        account = self.accounts.get(key)
        entry = Entry(
            number=self.entries.next_number,
            at_ns=self._venue.clock.now_ns(),
            door=door,
            who=who,
            account=account.name if account else "",
            doing=doing,
            **names,
        )
        self._unsettled.append(entry)
        self.record(entry.account, [entry])
        return self.entries.add(entry)

    def records(self) -> Iterator[Record]:
        """Return everything as it is now, for a state file to begin with."""
        for account in self.accounts.values():
            yield self._record(account.name, account.summary())
        for entry in self.entries.matching("", ""):
            yield self._record(entry.account, [entry])

    def record(self, account: str, items: Iterable[Item]) -> None:
        """Write something to the state file, where there is one."""
        if self._state is not None:
            self._state.add(self._record(account, items))

    def push(self) -> None:
        """Tell the subscribers what happened since the last time."""
        self._write_outcomes()
        pending, self._pending = self._pending, []
        for account, told in pending:
            self.lines.push(account, self.render(account, told))

    def revive(self, account: Account, item: KeyTold) -> None:  # noqa: B027 - not every venue has such keys
        """Take in a listen key from a state file."""

    def _happened(self, account: Account, told: list[Told]) -> None:
        self.record(account.name, told)
        self._pending.append((account, told))

    def _record(self, account: str, items: Iterable[Item]) -> Record:
        return Record(venue=self._venue.name, account=account, items=list(items))

    def _write_outcomes(self) -> None:
        """Write requests once more whose outcome has come about."""
        since_ns = self._venue.clock.now_ns() - _SETTLES_S * NS
        for entry in self._unsettled:
            if entry.outcome:
                self.record(entry.account, [entry])
        self._unsettled = [entry for entry in self._unsettled if not entry.outcome and entry.at_ns > since_ns]

    def _restore(self, state: StateFile) -> None:
        by_name = {account.name: account for account in self.accounts.values()}
        for record in state.records:
            if record.venue == self._venue.name:
                self._take_in(state, record, by_name)
        for account in by_name.values():
            for order in account.now.orders.values():
                if order.ticket.wire not in self._venue.markets:
                    raise state.bad(f"{self._venue.name} does not list {order.ticket.wire}")
            self.engine.restore(account, list(account.now.open.values()))
        orders = [number for account in by_name.values() for number in account.now.orders]
        self._numbers = count(max([self._venue.clock.first_id(), *(number + 1 for number in orders)]))
        trades = [fill.number for account in by_name.values() for fill in account.now.fills]
        self._venue.trades_above(max(trades, default=0))

    def _take_in(self, state: StateFile, record: Record, by_name: dict[str, Account]) -> None:
        for entry in record.items:
            if isinstance(entry, Entry):
                self.entries.add(entry)
        told = [item for item in record.items if not isinstance(item, Entry)]
        if not told:
            return
        account = by_name.get(record.account)
        if account is None:
            raise state.bad(f"{self._venue.name} has no account {record.account!r}")
        for item in told:
            if isinstance(item, KeyTold):
                self.revive(account, item)
            else:
                account.tell([item])
