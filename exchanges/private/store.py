"""An account store: what outlives the connections of one account.

It knows the orders, fills and balances, numbers the messages, and says whether all of it is known to equal the venue's.
Pushes, answers to orders and rows of REST all end here, in any order and any number of times; each fill leaves once.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from math import inf

import trio

from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.private.awaited import AwaitedBalances, Kind
from feedtree.exchanges.private.balances import REST_LAG, BalanceChange, Balances
from feedtree.exchanges.private.coverage import AccountCoverage
from feedtree.exchanges.private.executions import Executions
from feedtree.exchanges.private.fills import OVERLAP_NS
from feedtree.exchanges.private.messages import AccountSnapshot, Balance, Reconciliation
from feedtree.exchanges.private.orders import Accepted, Order, Rejected
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.private.streams import Streams
from feedtree.exchanges.private.teller import Counts, Teller
from feedtree.exchanges.private.view import AccountView
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from feedtree.exchanges.vitals import Vitals

PATIENCE = 2.0  # seconds that pushes of one moment may take to agree with each other


class AccountStore:
    """One account, whatever happens to its connections.

    Args:
        venue: ``gateio.spot``.
        name: the account's, ``main``.
        wall_ns: UTC nanoseconds.
        symbols: those that are compared with the venue also where no order of them is known.

    Attributes:
        listed: tells which symbols of a base the venue is known to list.
        coverage: when it was not known to equal the venue's.
        vitals: what its connections came to; `meters` are the times among that.
        channels: how many a connection of it subscribes to.
        errors: what was wrong with what came, by kind.
        address: ``host:port`` of the last connection.
    """

    def __init__(
        self, venue: str, name: str, wall_ns: Callable[[], int], *, symbols: Iterable[Symbol] = ()
    ) -> None:
        self.venue = venue
        self.name = name
        self._wall_ns = wall_ns
        self.listed: Callable[[str], Iterable[Symbol]] = lambda base: ()
        self._named = set(symbols)
        self._compared_at = -inf  # the trio time up to which fills are known to be complete, or earlier
        self._symbols = set(self._named)
        self._teller = Teller(venue, name, wall_ns, lambda: self.executions.seen.position())
        self.executions = Executions(self._teller)
        self.balances = Balances()
        self.vitals = Vitals()
        self.meters = self.vitals.meters
        self.streams = Streams(self._teller, wall_ns, self.vitals.uptime)
        self._balance_doubts: dict[str, float] = {}  # currency -> since when, steady time
        self._awaited = AwaitedBalances(PATIENCE)
        self._agreed = (
            False  # the last comparison left nothing unexplained, and nothing has become doubtful since
        )
        self._unexplained: tuple[str, ...] = ()
        self._complete_ns: int | None = (
            None  # up to when fills are known to be complete, by the venue's clock
        )
        self._heard_ns: int | None = None
        self._agreed_ns = 0  # when the last comparison that left nothing unexplained was made, by our clock
        self.coverage = AccountCoverage(venue, name)
        self.channels = 0
        self.errors: Counter[str] = Counter()
        self.address = ""
        self.comparison_wanted = False
        self.doubts = 0  # how often something made the account inconsistent
        self._changed = trio.Event()
        self._closed = False

    def resume(self, cursor: str) -> None:
        """Go on behind the last fill that an earlier process handled; before the first connection.

        Raises:
            BadCursor: it is no cursor of a `Fill`.
        """
        self.executions = Executions(self._teller, cursor)

    def include(self, symbol: Symbol) -> None:
        """Compare a symbol with the venue from now on, as those that were named at first."""
        self._named.add(symbol)
        self._symbols.add(symbol)

    def start(self, venue_ns: int) -> None:
        """Begin to look at the account; only the first call counts.

        Args:
            venue_ns: the venue's time.
        """
        self.executions.start(venue_ns)

    # What is told

    def apply_order(self, order: Order, *, recovered: bool = False) -> None:
        """Take note of an order's state, from wherever: a push, an answer, a row of REST.

        Args:
            order: as it was seen.
            recovered: found by asking, where a push would have told it.
        """
        news = self.executions.see(order, trio.current_time(), recovered=recovered)
        if order.updated_ns is not None and order.began:
            locked = order.symbol.quote if order.side is Side.BUY else order.symbol.base
            self._await("order", locked, order.updated_ns)
        if news:
            self._told()

    def apply_fill(self, fill: RawFill, *, recovered: bool = False) -> bool:
        """Take note of a fill; tell it where it is new, once its order is known. Return whether it is new."""
        new = self.executions.fill(fill, trio.current_time(), recovered=recovered)
        if new:
            self._symbols.add(fill.symbol)
            self.balances.fill(fill)
            if not recovered:
                for currency in (fill.symbol.base, fill.symbol.quote):
                    self._await("fill", currency, fill.venue_ns)
            self._told()
        return new

    def _await(self, kind: Kind, currency: str, venue_ns: int) -> None:
        """Expect a push of a balance that has moved; before the first comparison nothing is missed."""
        if self.balances.known:
            self._awaited.moved(kind, currency, venue_ns, trio.current_time())

    def apply_balance(self, change: BalanceChange) -> None:
        """Take note of a push of a balance."""
        now = trio.current_time()
        moved, missed = self.balances.push(change, now)
        self._awaited.told(change.balance.currency, change.venue_ns)
        if missed:
            self._balance_doubts.setdefault(change.balance.currency, now)
        if moved:
            self._teller.balance(change.balance, change.reason, change.venue_ns, recovered=False)
        if moved or missed:
            self._told()

    def correct_balance(self, balance: Balance, as_of_ns: int) -> None:
        """Take a row of REST for what is; arguments as `Balances.apply`."""
        self.balances.apply(balance, as_of_ns)
        self._balance_doubts.pop(balance.currency, None)
        self._awaited.other(balance.currency)
        self._awaited.told(balance.currency, as_of_ns)
        self._teller.balance(balance, "", None, recovered=True)
        self._told()

    def confirm_balance(self, currency: str, as_of_ns: int) -> None:
        """Note that REST tells the same as what is known; arguments as `Balances.confirm`."""
        self.balances.confirm(currency, as_of_ns)
        self._balance_doubts.pop(currency, None)
        self._awaited.equal(currency, trio.current_time())
        self._awaited.told(currency, as_of_ns)

    def overtaken_balance(self, currency: str, asked_at: float) -> None:
        """Note that a push came after REST was asked: pushes are absolute, so what was missed before is in it.

        Args:
            currency: of the push.
            asked_at: trio time.
        """
        if self._balance_doubts.get(currency, inf) < asked_at:
            del self._balance_doubts[currency]

    def release(self, order_id: str) -> None:
        """Tell the fills of an order of which the venue knows nothing any more."""
        self.executions.release(order_id)
        self._told()

    def resolved(self, client_order_id: str, outcome: Accepted | Rejected, after_ns: int) -> None:
        """Tell how an order ended whose outcome was unknown.

        Args:
            client_order_id: what it was sent with.
            outcome: what `place` would have returned.
            after_ns: how long after it was sent.
        """
        if isinstance(outcome, Accepted) and outcome.order is not None:
            self.apply_order(outcome.order, recovered=True)
        self._teller.resolved(client_order_id, outcome, after_ns)
        self._told()

    # What streams tell of themselves

    def begin(self) -> int:
        """Begin an incarnation of the stream; return its generation."""
        return self.streams.begin()

    def heard(self) -> None:
        """Note that the venue was heard: what is known is not older than that."""
        self._heard_ns = self._wall_ns()

    def syncing(self, generation: int) -> None:
        """Note that an incarnation hears pushes, and is not compared with the venue yet."""
        self.streams.syncing(generation)
        self._told()

    def live(self, generation: int) -> None:
        """Note that an incarnation is live; see `Streams.up`."""
        self.streams.up(generation)
        self._look(self._wall_ns(), "")
        self._told()

    def lost(self, generation: int, cause: str) -> None:
        """Note that an incarnation has ended; without another one that is live nothing is certain any more."""
        self.streams.lost(generation, cause)
        if not self.streams.live:
            self._disagree(self._wall_ns() if self._heard_ns is None else self._heard_ns, cause)
        self._told()

    def failed(self, reason: str) -> None:
        """Note that the stream was parked."""
        self.streams.failed(reason)
        self._told()

    # Whether it equals the venue's

    @property
    def consistent(self) -> bool:
        """Whether the stream is live, and all that is known here is known to equal the venue's."""
        return self._agreed and self.streams.live

    @property
    def fills_since_ns(self) -> int:
        """From when on the venue is to be asked for fills, by its clock: some overlap is in it."""
        floor_ns = self.executions.seen.floor_ns
        return floor_ns if self._complete_ns is None else max(self._complete_ns - OVERLAP_NS, floor_ns)

    def reconciled(
        self, report: Reconciliation, *, complete_ns: int | None, always: bool, doubts: int | None = None
    ) -> None:
        """Take the result of a comparison with the venue.

        Args:
            report: what came of it.
            complete_ns: up to when all fills are known now, by the venue's clock; None where that is not sure.
            always: tell it also where it found nothing new.
            doubts: what `doubts` was when it began, None for now: what became doubtful meanwhile it may not have seen.
        """
        sure = doubts in (None, self.doubts)
        if complete_ns is None or not sure:
            self.executions.seen.doubt()
        else:
            self.executions.seen.trust()
            self._complete_ns = complete_ns
            self._compared_at = trio.current_time() - report.took_ns / 1e9
            open_since = (question.since_ns for question in self.balances.questions.values())
            self.executions.settle(min((report.since_ns, *open_since)))
            self._awaited.compared(self._compared_at - REST_LAG)
        news = report.unexplained != self._unexplained or report.consistent != self._agreed
        self._agreed = report.consistent and sure
        self._unexplained = report.unexplained
        self._look(self._agreed_ns, f"unexplained: {'; '.join(report.unexplained)}")
        if self._agreed:
            self._agreed_ns = self._wall_ns() - report.took_ns
        if always or news or report.fills or report.orders or report.balances:
            self._teller.reconciled(report)
        self._told()

    def doubt_at(self) -> float:
        """Return the trio time at which something will have been doubtful for too long; infinity for never."""
        doubts = *self._balance_doubts.values(), *self.executions.doubts_since(), *self._awaited.since()
        return min(doubts, default=inf) + PATIENCE

    def doubted(self, cause: str) -> None:
        """Take the account for inconsistent until it is compared with the venue again.

        Args:
            cause: why, in a line.
        """
        self.doubts += 1
        self._disagree(self._wall_ns() - int(PATIENCE * 1e9), cause)
        self._told()

    def _disagree(self, since_ns: int, cause: str) -> None:
        self._agreed = False
        self.executions.seen.doubt()
        self._look(since_ns, cause)

    def _look(self, since_ns: int, cause: str) -> None:
        self.coverage.look(self.consistent, since_ns, self._wall_ns(), cause)

    @property
    def doubted_balances(self) -> Sequence[str]:
        """The currencies of which a push was missed."""
        return tuple(self._balance_doubts)

    def acknowledge(self) -> None:
        """Take for explained what nothing explains: deposits, withdrawals, orders that the venue forgot.

        The next comparison, which follows soon, makes the account consistent where nothing else is left.
        """
        self.balances.acknowledge()
        self.coverage.acknowledge()
        for order_id in list(self.executions.doubtful(inf)):
            self.executions.forgive(order_id)
        self._balance_doubts.clear()
        self._awaited.compared(inf)
        self.want_comparison()

    def want_comparison(self) -> None:
        """Have the account compared with the venue soon: something was told that could not be read, or is to count."""
        self.comparison_wanted = True
        self._told()

    @asynccontextmanager
    async def when_consistent(self) -> AsyncIterator[None]:
        """Wait until the account is consistent, then run the body, which is not cancelled when it is no more.

        Raises:
            trio.ClosedResourceError: the account was closed.
        """
        await self.wait(lambda: self.consistent)
        yield

    async def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so.

        Raises:
            trio.ClosedResourceError: the account was closed.
        """
        await trio.lowlevel.checkpoint()
        while not condition():
            if self._closed:
                raise trio.ClosedResourceError(f"account {self.venue}/{self.name} is closed")
            await self._changed.wait()

    @property
    def changed(self) -> trio.Event:
        """The event of the next change of anything here."""
        return self._changed

    def _told(self) -> None:
        self._teller.flush()
        self._changed.set()
        self._changed = trio.Event()

    # What is known

    def open_orders(self) -> Sequence[Order]:
        """Return the orders that are open, oldest first."""
        return self.executions.open_orders()

    def named(self, client_order_id: str) -> Order | None:
        """Return an order by what its client calls it; None where none is known, or it ended long ago."""
        return self.executions.named(client_order_id)

    def symbols(self) -> set[Symbol]:
        """Return the symbols that this account is known to trade."""
        return self._symbols | self.executions.symbols()

    def busy_symbols(self) -> set[Symbol]:
        """Return the symbols of which the venue may know more: named ones, and those of orders that moved lately."""
        moved = {order.symbol for order in self.executions.changed_since(self._compared_at)}
        return moved | self._named

    @property
    def counts(self) -> Counts:
        """How many messages of each kind were told."""
        return self._teller.counts

    @property
    def view(self) -> AccountView:
        """A look at the account."""
        heard_ns = self._heard_ns
        return AccountView(
            venue=self.venue,
            account=self.name,
            state=self.streams.state,
            consistent=self.consistent,
            unexplained=self._unexplained,
            age_s=None if heard_ns is None else (self._wall_ns() - heard_ns) / 1e9,
            balances=self.balances.all(),
            open_orders=tuple(self.open_orders()),
            recent_fills=tuple(self._teller.recent),
            sequence=self._teller.sequence,
        )

    def snapshot(self) -> AccountSnapshot:
        """Return the whole account at this place in the sequence."""
        return AccountSnapshot(
            **self._teller.common(),
            balances=tuple(self.balances.all().values()),
            open_orders=tuple(self.open_orders()),
            consistent=self.consistent,
            cursor=self.executions.seen.cursor(),
        )

    # Who listens

    @property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        """Those that listen, in the order in which they came."""
        return self._teller.fanout.mailboxes

    def attach(self, mailbox: Mailbox) -> None:
        """Give a mailbox the account as it is now, and all messages from here on."""
        self._teller.fanout.attach(mailbox)
        mailbox.offer([self.snapshot()])

    def close(self) -> None:
        """End the account: mailboxes that have no other source end once they are read empty."""
        self._closed = True
        self.coverage.end(self._wall_ns())
        self._teller.fanout.close()
        self._told()
