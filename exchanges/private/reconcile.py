"""The truth after a reconnect: one comparison of an account with its venue, while pushes go on.

Open orders, orders that vanished, fills since the last comparison with overlap, orders that ended meanwhile, orders of
fills that nobody told of, balances. All that it finds goes through the account store, which knows what is news. REST
may be behind the pushes, and pushes may be on their way: what cannot be decided at once is looked at again after a
moment, and what is left then is unexplained.
"""

from collections.abc import Awaitable, Iterable
from decimal import Decimal
from typing import TypeVar

import trio
from msgspec import Struct

from feedtree.exchanges.private.balances import REST_LAG, Row
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.messages import Balance, Reconciliation
from feedtree.exchanges.private.orders import Order
from feedtree.exchanges.private.rest import AccountRest
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.symbols import Symbol

T = TypeVar("T")

SETTLE = 0.3  # seconds that pushes on their way are given before a difference counts
_DAY_NS = 86_400 * 10**9
RELEASE_AFTER = 5.0  # seconds after which a fill is told although the venue knows no order of it


class History(Struct, frozen=True):
    """How a venue tells of the past.

    Args:
        account_wide: whether it can be asked for the fills of all symbols at once.
        days: how far back.
    """

    account_wide: bool
    days: int


async def reconcile(
    account: AccountStore, rest: AccountRest, clock: VenueClock, history: History, *, always: bool
) -> Reconciliation:
    """Compare an account with its venue, and take what is found for known.

    Args:
        account: what is known.
        rest: asks the venue.
        clock: the venue's.
        history: how the venue tells of the past.
        always: whether consumers are told of it also where it finds nothing new.

    Raises:
        RestFailed: a question was not answered; what was found by then is known.
        VenueThrottled: the venue asks for a pause.
        Fatal: what is wrong with the key.
    """
    return await _Comparison(account, rest, clock, history).run(always)


class _Comparison:
    def __init__(self, account: AccountStore, rest: AccountRest, clock: VenueClock, history: History) -> None:
        self._account = account
        self._rest = rest
        self._clock = clock
        self._account_wide = history.account_wide
        self._doubts = account.doubts
        self._began = trio.current_time()
        self._began_ns = clock.least_ns()
        self._as_of_ns = 0  # the venue's time that balances are not older than
        oldest_ns = self._began_ns - history.days * _DAY_NS
        self._since_ns = max(account.fills_since_ns, oldest_ns)
        self._beyond = account.fills_since_ns < oldest_ns
        self._queried: list[str] = []
        self._strange: list[str] = []  # what is unexplained of orders and fills
        self._asked_fills: set[Symbol] = set()
        self._asked_finished: set[Symbol] = set()

    async def run(self, always: bool) -> Reconciliation:
        counts = self._account.counts
        before = (counts.recovered_fills, counts.recovered_orders, counts.recovered_balances)
        await self._orders()
        await self._fills()
        await self._finished(self._account.busy_symbols())
        await self._owners()
        unread = await self._balances()
        await self._settle()
        complete = not self._strange
        unexplained = [*self._strange, *unread, *self._questions(), *self._too_old()]
        # Rows that could not be had are missed where something does not add up; where all does, none are missing.
        (unexplained if unexplained else self._queried).extend(self._rest.left_open())
        report = Reconciliation(
            queried=tuple(self._queried),
            fills=counts.recovered_fills - before[0],
            orders=counts.recovered_orders - before[1],
            balances=counts.recovered_balances - before[2],
            unexplained=tuple(unexplained),
            since_ns=self._since_ns,
            took_ns=int((trio.current_time() - self._began) * 1e9),
        )
        self._account.reconciled(
            report,
            complete_ns=self._began_ns if complete else None,
            doubts=self._doubts,
            always=always,
        )
        return report

    async def _ask(self, words: str, question: Awaitable[T]) -> T:
        self._queried.append(words)
        return await question

    # Orders

    async def _orders(self) -> None:
        account = self._account
        here = {order.order_id: order for order in account.open_orders()}
        symbols = account.symbols()
        told = await self._ask("open_orders", self._rest.open_orders(symbols))
        for order in told:
            account.apply_order(order, recovered=True)
        gone = here.keys() - {order.order_id for order in told}
        await self._finished(
            {here[order_id].symbol for order_id in gone}
        )  # a page tells of a hundred of them
        for order_id in gone:
            await self._vanished(order_id)

    async def _vanished(self, order_id: str) -> None:
        """Ask for an order that is open here, and not among the open ones of the venue."""
        order = self._account.executions.order(order_id)
        if order is None or order.status.terminal:  # its end was told meanwhile
            return
        sure_at = self._account.executions.told_at(order_id) + REST_LAG
        found = await self._look_up(order.symbol, order_id)
        if sure_at > self._began and (found is None or not found.status.terminal):
            # It may be so new that REST did not know of it yet.
            await trio.sleep(max(sure_at - trio.current_time(), 0.0))
            if await self._look_up(order.symbol, order_id) is not None:
                return
        if found is None:
            self._strange.append(f"order {order_id} {order.symbol} is open here, and unknown to the venue")
        elif not found.status.terminal:
            self._strange.append(f"order {order_id} {order.symbol} is open, and not among the open orders")

    async def _look_up(self, symbol: Symbol, order_id: str) -> Order | None:
        found = await self._ask(f"order {symbol} {order_id}", self._rest.order(symbol, order_id=order_id))
        if found is not None:
            self._account.apply_order(found, recovered=True)
        return found

    async def _finished(self, symbols: Iterable[Symbol]) -> None:
        """Ask for the orders of symbols that ended unseen, where that was not done yet."""
        floor_ns = self._account.executions.seen.floor_ns
        for symbol in sorted(set(symbols) - self._asked_finished):
            self._asked_finished.add(symbol)
            words = f"finished_orders {symbol}"
            for order in await self._ask(words, self._rest.finished_orders(symbol, self._since_ns)):
                if order.updated_ns is None or order.updated_ns >= floor_ns:
                    self._account.apply_order(order, recovered=True)

    def _busy(self) -> list[Symbol]:
        """Return the symbols to ask for one by one."""
        return sorted(self._account.busy_symbols())

    # Fills

    async def _fills(self) -> None:
        if self._account_wide:
            await self._fills_of(None, self._since_ns)
            return
        for currency, question in list(self._account.balances.questions.items()):
            await self._search(currency, min(question.since_ns, self._since_ns))
        for symbol in self._busy():
            if symbol not in self._asked_fills:
                await self._fills_of(symbol, self._since_ns)

    async def _fills_of(self, symbol: Symbol | None, since_ns: int) -> None:
        words = "my_trades" if symbol is None else f"my_trades {symbol}"
        for fill in await self._ask(words, self._rest.fills(symbol, since_ns)):
            self._account.apply_fill(fill, recovered=True)
        if symbol is not None:
            self._asked_fills.add(symbol)

    async def _owners(self) -> None:
        """Ask for the orders of fills that nobody told of."""
        executions = self._account.executions
        waiting = executions.waiting()
        if len(waiting) > 1:
            await self._finished({fill.symbol for fill in waiting})
        for fill in waiting:
            if executions.order(fill.order_id) is not None:
                continue
            if await self._look_up(fill.symbol, fill.order_id) is not None:
                continue
            if executions.told_at(fill.order_id) <= self._began - RELEASE_AFTER:
                self._account.release(fill.order_id)

    # Balances

    async def _balances(self) -> list[str]:
        """Compare balances; return what cannot be decided."""
        asked_at = trio.current_time()
        self._as_of_ns = self._clock.least_ns() - int(REST_LAG * 1e9)
        told = await self._ask("balances", self._rest.balances())
        undecided = await self._judge(self._account.balances.rows(told), asked_at)
        if undecided:
            await trio.sleep(SETTLE)
            undecided = await self._judge(undecided, asked_at)
        self._account.balances.stated()
        return [
            f"balance {row.currency} is {row.total} by REST, and something else by a push or fill shortly before"
            for row in undecided
        ]

    async def _judge(self, rows: Iterable[Balance], asked_at: float) -> list[Balance]:
        undecided: list[Balance] = []
        balances = self._account.balances
        for row in rows:
            match balances.judge(row, asked_at):
                case Row.EQUAL:
                    self._account.confirm_balance(row.currency, self._as_of_ns)
                case Row.UNDECIDED:
                    undecided.append(row)
                case Row.NEWER:
                    if self._account_wide or not balances.behind(row, self._as_of_ns):
                        await self._correct(row)
                    else:
                        undecided.append(row)
                case Row.OLDER:
                    self._account.overtaken_balance(row.currency, asked_at)
        return undecided

    async def _correct(self, row: Balance) -> None:
        balances = self._account.balances
        if not self._account_wide and balances.unexplained(row):
            await self._search(row.currency, self._since_ns)
        moved = Decimal(0) if self._account_wide else balances.unexplained(row)
        self._account.correct_balance(row, self._as_of_ns)
        if moved:
            balances.ask_why(row.currency, moved, self._since_ns)

    async def _search(self, currency: str, since_ns: int) -> None:
        """Ask for the fills of all symbols that may have moved a balance, but for those that were asked for.

        That are those that the account is known to trade, and whatever the venue lists with this base: of every trade
        the base moves, too, and few symbols have it.
        """
        traded = {each for each in self._account.symbols() if currency in (each.base, each.quote)}
        for symbol in sorted({*traded, *self._account.listed(currency)} - self._asked_fills):
            await self._fills_of(symbol, since_ns)
        await self._owners()

    # What is left

    async def _settle(self) -> None:
        executions = self._account.executions
        now = trio.current_time()
        if executions.doubtful(now):
            await trio.sleep(SETTLE)
        for order_id in executions.doubtful(now):
            lacking = executions.lacking(order_id)
            order = executions.order(order_id)
            if order is None:
                words = f"order {order_id} has fills, and is unknown to the venue"
            elif lacking > 0:
                words = f"order {order_id} {order.symbol} is filled by {lacking} more than its fills tell"
            else:
                words = f"order {order_id} {order.symbol} is filled by {-lacking} less than its fills tell"
            self._strange.append(words)

    def _too_old(self) -> list[str]:
        return ["fills that are older than the venue tells of may be missing"] if self._beyond else []

    def _questions(self) -> list[str]:
        return [
            f"balance {currency} moved by {question.moved} without a fill that tells why"
            for currency, question in self._account.balances.questions.items()
        ]
