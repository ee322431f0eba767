"""Accounts' orders in a venue's books: matched with the order flow and each other, paid for, and told of."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Literal, TypeAlias

from msgspec.structs import replace

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.costs import (
    Fees,
    cost,
    done,
    fee_ahead,
    given_asset,
    key_of,
    misfit,
    settle,
)
from feedtree.ops.sim.accounts.floor import Floor
from feedtree.ops.sim.accounts.orders import (
    AccountFill,
    AccountOrder,
    Ending,
    OrderTold,
    Reason,
    Ticket,
    Told,
)
from feedtree.ops.sim.market import Market
from feedtree.ops.sim.tape import Print

Why: TypeAlias = Literal["balance", "poc", "fok", "quantity", "unchanged", "closed"]


class Refused(Exception):
    """The engine does not do it, and nothing has changed.

    Attributes:
        why: in one word.
    """

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


class Engine:
    """Places, changes and ends the orders of a venue's accounts.

    Everything happens at once. What it means for an account is told in one list for each call, or for each
    trade that the order flow made, in the order in which it happened.

    Args:
        markets: by the venue's spelling.
        fees: of the venue.
        number: gives the next order id.
        now_ns: UTC, for the books.
        stamp_ns: the same as the venue believes it to be, for what is told.
        tell: told of an account and what happened to it, before the call returns.
    """

    def __init__(
        self,
        markets: dict[str, Market],
        fees: Fees,
        number: Callable[[], int],
        now_ns: Callable[[], int],
        stamp_ns: Callable[[], int],
        tell: Callable[[Account, list[Told]], None],
    ) -> None:
        self._markets = markets
        self._fees = fees
        self._number = number
        self._stamp_ns = stamp_ns
        self._tell = tell
        self._floor = Floor(markets, now_ns)
        self._told: dict[Account, list[Told]] = {}
        self._touched: dict[int, tuple[Account, AccountOrder]] = {}
        self._acting = False

    def watch(self, market: Market) -> None:
        """Be told of a market's trades."""
        market.on_print = lambda trade: self._on_print(market, trade)

    def place(self, account: Account, ticket: Ticket, *, lenient: bool = False) -> AccountOrder:
        """Place an order.

        Args:
            account: whose.
            ticket: what it asks for.
            lenient: a post-only order that would take, or a fill-or-kill that cannot be filled, is accepted and
                ended at once instead of being refused.

        Raises:
            Refused: there is too little, or the order cannot be as it is asked for.
        """
        market = self._markets[ticket.wire]
        wrong = misfit(market, ticket)
        if wrong and not lenient:
            raise Refused(wrong)
        needed, now_ns = cost(market, ticket), self._stamp_ns()
        self._check(account, ticket, needed)
        order = AccountOrder(number=self._number(), ticket=ticket, created_ns=now_ns, updated_ns=now_ns)
        with self._action():
            self._lock(account, order, needed, "create")
            account.now.enter(order)
            self._note(account, OrderTold(event="put", order=copy(order)))
            if wrong:
                self._end(account, order, wrong)
            else:
                self._match(account, order)
        return order

    def cancel(self, account: Account, order: AccountOrder) -> None:
        """Take an open order out.

        Raises:
            Refused: it is over.
        """
        if not order.open:
            raise Refused("closed")
        with self._action():
            self._floor.withdraw(order)
            self._end(account, order, "cancelled")

    def amend(self, account: Account, order: AccountOrder, *, price: int, lots: int, note: str = "") -> None:
        """Change an open limit order; fewer lots at the same price keep its place.

        Args:
            account: whose.
            order: which.
            price: the new limit in ticks.
            lots: the new whole quantity, what is done of it included.
            note: kept with the order.

        Raises:
            Refused: it is over, the change is none, or there is too little for it.
        """
        ticket = order.ticket
        if not order.open:
            raise Refused("closed")
        if lots <= order.filled:
            raise Refused("quantity")
        if (price, lots) == (ticket.price, ticket.lots):
            raise Refused("unchanged")
        market = self._markets[ticket.wire]
        wanted = replace(ticket, price=price, lots=lots)
        if price != ticket.price and (wrong := misfit(market, wanted)):
            raise Refused(wrong)
        more = cost(market, replace(wanted, lots=lots - order.filled)) - order.locked
        self._check(account, ticket, more)
        with self._action():
            self._lock(account, order, more, "amend")
            order.ticket, order.note = wanted, note
            self._touched[order.number] = (account, order)
            if price == ticket.price and lots < ticket.lots:
                self._floor.reduce(order, ticket.lots - lots)
            else:
                self._floor.withdraw(order)
                self._match(account, order)

    def restore(self, account: Account, orders: Iterable[AccountOrder]) -> None:
        """Put open orders back into fresh books; those of the order flow give way to them."""
        for order in orders:
            self._floor.clear(order)
            with self._action():
                self._floor.rest(account, order)

    def eat(self, wire: str, pieces: int) -> int:
        """Let somebody fill the resting orders of a market (empty: all) in so many pieces; return the fills."""
        return self._floor.eat(wire, pieces)

    @contextmanager
    def _action(self) -> Iterator[None]:
        """What happens within is told as one."""
        self._acting = True
        try:
            yield
        finally:
            self._acting = False
            self._settle()

    def _check(self, account: Account, ticket: Ticket, needed: int) -> None:
        asset = given_asset(self._markets[ticket.wire], ticket)
        if account.holding(asset).available < needed + fee_ahead(self._fees, ticket, needed):
            raise Refused("balance")

    def _lock(self, account: Account, order: AccountOrder, amount: int, reason: Reason) -> None:
        """Set something aside for an order; less than nothing gives it back."""
        order.locked += amount
        if amount:
            asset = given_asset(self._markets[order.ticket.wire], order.ticket)
            self._note(account, account.move(asset, -amount, amount, reason, self._stamp_ns()))

    def _match(self, account: Account, order: AccountOrder) -> None:
        ticket = order.ticket
        if ticket.tif in ("gtc", "poc") and not ticket.market:
            self._floor.rest(account, order)
            return
        if ticket.budget:
            self._floor.spend(account, order)
        else:
            self._floor.take(account, order, key_of(ticket), order.left)
        if not done(self._markets[ticket.wire], order):
            self._end(account, order, "depth" if ticket.market else "ioc")

    def _on_print(self, market: Market, trade: Print) -> None:
        maker = self._floor.owner(market.wire, trade.fill.maker)
        taker = self._floor.owner(market.wire, trade.fill.taker)
        ours = bool(maker and taker and maker[0] is taker[0])
        for found, made in ((maker, True), (taker, False)):
            if found is not None:
                self._fill(market, *found, trade, maker=made, self_trade=ours)
        if not self._acting:
            self._settle()

    def _fill(
        self,
        market: Market,
        account: Account,
        order: AccountOrder,
        trade: Print,
        *,
        maker: bool,
        self_trade: bool,
    ) -> None:
        ticket, fill, now_ns = order.ticket, trade.fill, self._stamp_ns()
        settlement = settle(market, ticket, fill, self._fees, maker=maker)
        order.filled += fill.lots
        order.turnover += fill.price * fill.lots
        order.last_lots, order.maker = fill.lots, maker
        order.fee += settlement.fee
        order.locked -= settlement.freed
        self._touched[order.number] = (account, order)
        told = AccountFill(
            number=trade.number,
            market_number=trade.market_number,
            order=order.number,
            wire=ticket.wire,
            buys=ticket.buys,
            price=fill.price,
            lots=fill.lots,
            maker=maker,
            self_trade=self_trade,
            fee=settlement.fee,
            fee_currency=settlement.fee_currency,
            client_id=ticket.client_id,
            at_ns=now_ns,
        )
        account.now.fills.append(told)
        self._note(account, told)
        self._note(
            account, account.move(settlement.gives, settlement.given, -settlement.freed, "match", now_ns)
        )
        self._note(account, account.move(settlement.gets, settlement.got, 0, "match", now_ns))

    def _end(self, account: Account, order: AccountOrder, ended: Ending) -> None:
        order.ended = ended
        self._touched[order.number] = (account, order)
        self._lock(account, order, -order.locked, "match" if ended == "filled" else "cancel")

    def _note(self, account: Account, told: Told) -> None:
        self._told.setdefault(account, []).append(told)

    def _settle(self) -> None:
        """Tell what has become of the orders that were touched, and hand everything on."""
        for account, order in list(self._touched.values()):
            if order.open and done(self._markets[order.ticket.wire], order):
                self._floor.withdraw(order)
                self._end(account, order, "filled")
            order.updated_ns = self._stamp_ns()
            account.now.enter(order)
            event: Literal["update", "finish"] = "update" if order.open else "finish"
            self._note(account, OrderTold(event=event, order=copy(order)))
        self._touched.clear()
        told, self._told = self._told, {}
        for account, items in told.items():
            account.note(items)
            self._tell(account, items)
