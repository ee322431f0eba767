"""A venue as the private domain sees it: an account that trades, tells of it by pushes, and answers questions."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec
import pytest
import trio

from feedtree.exchanges.private.balances import BalanceChange
from feedtree.exchanges.private.messages import Balance, Role
from feedtree.exchanges.private.orders import Order, OrderStatus, OrderType, TimeInForce
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from tests.clock import EPOCH_NS, wall_ns

MS = 1_000_000
BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")

Push = Order | RawFill | BalanceChange


def _tell(account: AccountStore, push: Push) -> None:
    """Give a push to an account."""
    if isinstance(push, Order):
        account.apply_order(push)
    elif isinstance(push, RawFill):
        account.apply_fill(push)
    else:
        account.apply_balance(push)


@dataclass
class Account:
    """One account at a venue: the truth, what it pushes, and an `AccountRest` that may be behind, or rounded."""

    account_wide: bool = True
    foreign_ids: bool = False
    rounded: bool = False
    lag: float = 0.0
    failures: list[Exception] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    trades: list[RawFill] = field(default_factory=list)
    held: dict[str, Balance] = field(default_factory=dict)
    history: list[tuple[float, dict[str, Order], list[RawFill], dict[str, Balance]]] = field(
        default_factory=list
    )

    def __post_init__(self) -> None:
        for currency in ("BTC", "ETH", "USDT"):
            self.held[currency] = Balance(currency, Decimal(1000), Decimal(0))
        self.keep()

    def keep(self) -> None:
        """Remember the truth of this moment."""
        self.history.append((trio.current_time(), dict(self.orders), list(self.trades), dict(self.held)))

    # What the account does; each returns its pushes

    def place(self, symbol: Symbol, side: Side, price: Decimal, quantity: Decimal) -> list[Push]:
        """Place a limit order that rests."""
        number = str(len(self.orders) + 1)
        self.orders[number] = Order(
            order_id=number,
            client_order_id=f"t-{number}",
            symbol=symbol,
            side=side,
            type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price=price,
            quantity=quantity,
            quote_quantity=None,
            filled=Decimal(0),
            filled_quote=Decimal(0),
            status=OrderStatus.OPEN,
            created_ns=wall_ns(),
            updated_ns=wall_ns(),
        )
        amount = quantity if side is Side.SELL else price * quantity
        pushes: list[Push] = [self.orders[number], self._move(self._spent(number), -amount, amount)]
        self.keep()
        return pushes

    def match(self, number: str, quantity: Decimal) -> list[Push]:
        """Fill a part of an order."""
        order = self.orders[number]
        assert order.price is not None
        assert order.quantity is not None
        filled = order.filled + quantity
        whole = filled == order.quantity
        self.orders[number] = msgspec.structs.replace(
            order,
            filled=filled,
            filled_quote=filled * order.price,
            status=OrderStatus.FILLED if whole else OrderStatus.PARTIALLY_FILLED,
            reason="filled" if whole else "",
            updated_ns=wall_ns(),
        )
        trade = RawFill(
            trade_id=str(len(self.trades) + 1),
            order_id=number,
            client_order_id=None,
            symbol=order.symbol,
            side=order.side,
            price=order.price,
            quantity=quantity,
            fee=Decimal(0),
            fee_currency=order.symbol.quote,
            role=Role.MAKER,
            venue_ns=wall_ns(),
        )
        self.trades.append(trade)
        buys = order.side is Side.BUY
        amount = quantity * order.price if buys else quantity
        got = quantity if buys else quantity * order.price
        other = order.symbol.base if buys else order.symbol.quote
        pushes: list[Push] = [
            trade,
            self.orders[number],
            self._move(self._spent(number), Decimal(0), -amount),
            self._move(other, got, Decimal(0)),
        ]
        self.keep()
        return pushes

    def cancel(self, number: str) -> list[Push]:
        """Cancel what is left of an order."""
        order = self.orders[number]
        assert order.price is not None
        assert order.remaining is not None
        self.orders[number] = msgspec.structs.replace(
            order, status=OrderStatus.CANCELLED, reason="cancelled", updated_ns=wall_ns()
        )
        left = order.remaining if order.side is Side.SELL else order.remaining * order.price
        pushes: list[Push] = [self.orders[number], self._move(self._spent(number), left, -left)]
        self.keep()
        return pushes

    def deposit(self, currency: str, amount: Decimal) -> list[Push]:
        """Put something into the account."""
        pushes: list[Push] = [self._move(currency, amount, Decimal(0))]
        self.keep()
        return pushes

    def _spent(self, number: str) -> str:
        order = self.orders[number]
        return order.symbol.quote if order.side is Side.BUY else order.symbol.base

    def _move(self, currency: str, available: Decimal, locked: Decimal) -> BalanceChange:
        before = self.held[currency]
        after = Balance(currency, before.available + available, before.locked + locked)
        self.held[currency] = after
        return BalanceChange(
            balance=after, reason="", venue_ns=wall_ns() // MS * MS, available=available, locked=locked
        )

    # AccountRest

    def _past(self, words: str) -> tuple[dict[str, Order], list[RawFill], dict[str, Balance]]:
        self.calls.append(words)
        if self.failures:
            raise self.failures.pop(0)
        until = trio.current_time() - self.lag
        known = [moment for moment in self.history if moment[0] <= until] or self.history[:1]
        return known[-1][1:]

    async def time_ns(self) -> int:
        await trio.lowlevel.checkpoint()
        return wall_ns()

    async def balances(self) -> list[Balance]:
        await trio.sleep(0.01)
        return [each for each in self._past("balances")[2].values() if each.total]

    async def open_orders(self, symbols: Collection[Symbol]) -> list[Order]:
        await trio.sleep(0.01)
        orders = self._past("open_orders")[0].values()
        listed = [order for order in orders if not order.status.terminal]
        return [order for order in listed if self.account_wide or order.symbol in symbols]

    async def finished_orders(self, symbol: Symbol, since_ns: int) -> list[Order]:
        await trio.sleep(0.01)
        orders = self._past(f"finished {symbol}")[0].values()
        return [
            order
            for order in orders
            if order.symbol == symbol and order.status.terminal and (order.updated_ns or 0) >= since_ns
        ]

    async def fills(self, symbol: Symbol | None, since_ns: int) -> list[RawFill]:
        await trio.sleep(0.01)
        assert (symbol is None) == self.account_wide
        return [
            self._shown(trade)
            for trade in self._past(f"fills {symbol}")[1]
            if symbol in (None, trade.symbol) and trade.venue_ns >= since_ns
        ]

    async def order(
        self, symbol: Symbol, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order | None:
        await trio.sleep(0.01)
        return self._past(f"order {order_id}")[0].get(order_id or "")

    def left_open(self) -> list[str]:
        return []

    def _shown(self, trade: RawFill) -> RawFill:
        trade_id = f"{int(trade.trade_id):032x}" if self.foreign_ids else trade.trade_id
        rounded = trade.venue_ns // 1_000_000_000 * 1_000_000_000
        venue_ns = rounded if self.rounded else trade.venue_ns
        return msgspec.structs.replace(trade, trade_id=trade_id, venue_ns=venue_ns)


@pytest.fixture(scope="session")
def venue_account() -> type[Account]:
    """An account at a venue."""
    return Account


@pytest.fixture(scope="session")
def tell() -> Callable[[AccountStore, Push], None]:
    """Gives a push to an account."""
    return _tell


@pytest.fixture
def store() -> AccountStore:
    """What is known of an account that nobody looked at yet."""
    return AccountStore("gateio.spot", "main", wall_ns)


@pytest.fixture
def order_of() -> Callable[..., Order]:
    """Makes an order that rests: by its id, and its client's."""

    def make(order_id: str, client_order_id: str | None = None) -> Order:
        return Order(
            order_id=order_id,
            client_order_id=client_order_id,
            symbol=BTC,
            side=Side.BUY,
            type=OrderType.LIMIT,
            time_in_force=TimeInForce.GTC,
            price=Decimal(100),
            quantity=Decimal(1),
            quote_quantity=None,
            filled=Decimal(0),
            filled_quote=Decimal(0),
            status=OrderStatus.OPEN,
            created_ns=EPOCH_NS,
            updated_ns=EPOCH_NS,
        )

    return make
