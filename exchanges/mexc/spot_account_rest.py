"""MEXC spot's signed reads of one account.

Everything is asked for by symbol; only balances are told of all. Fills come by a hundred, and of the last month;
orders by a thousand, and of the last week. More than that is fetched by shorter stretches of time. Times may be rounded
down to seconds, so that every stretch begins at a whole one.

Sources: the spot documentation of 2025-08-08 and its newer pages of 2025-11; rows recorded by ccxt.
"""

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import TypeVar

from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.limits import WeightBudget
from feedtree.exchanges.mexc.account_messages import AccountBody, OrderRow, TradeRow
from feedtree.exchanges.mexc.balance_forms import balance_from_row
from feedtree.exchanges.mexc.fill_forms import fill_from_row
from feedtree.exchanges.mexc.order_forms import order_from_row
from feedtree.exchanges.mexc.pages import ROUNDED_MS, Stretch, Sweep
from feedtree.exchanges.mexc.refusals import UNKNOWN_ORDER
from feedtree.exchanges.mexc.signed_calls import SignedCalls
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.messages import Balance
from feedtree.exchanges.private.orders import Order
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.signed import paced
from feedtree.exchanges.symbols import Symbol, SymbolMap

T = TypeVar("T")
Row = TypeVar("Row")

TRADES_A_PAGE = 100
ORDERS_A_PAGE = 1000
TRADES_FOR_DAYS = 30
ACCOUNTS_A_SECOND = 1  # the venue allows 2
ORDERS_FOR_DAYS = 7

_ACCOUNT = "/api/v3/account"
_ALL_ORDERS = "/api/v3/allOrders"
_MY_TRADES = "/api/v3/myTrades"
_OPEN_ORDERS = "/api/v3/openOrders"
_ORDER = "/api/v3/order"
_DAY_MS = 86_400_000
_MS = 1_000_000


class MexcSpotAccountRest:
    """See `AccountRest`.

    Args:
        rest: does the calls.
        credentials: sign them.
        clock: the venue's; its time goes into every signature.
        symbols: how the venue writes symbols.
    """

    def __init__(
        self, rest: RestClient, credentials: Credentials, clock: VenueClock, symbols: SymbolMap
    ) -> None:
        self._calls = SignedCalls(rest, credentials, clock)
        self._clock = clock
        self._symbols = symbols
        self._accounts = WeightBudget(ACCOUNTS_A_SECOND)
        self._left_open: list[str] = []

    def __repr__(self) -> str:
        return f"MexcSpotAccountRest({self._calls!r})"

    async def time_ns(self) -> int:
        """See `AccountRest`; needs no signature."""
        return await self._calls.time_ns()

    async def balances(self) -> list[Balance]:
        """See `AccountRest`; weight 10."""
        await paced(self._accounts)
        body = await self._calls.ask(_ACCOUNT, AccountBody, weight=10)
        balances = _each(_ACCOUNT, body.balances, balance_from_row)
        return [balance for balance in balances if balance.total]

    async def open_orders(self, symbols: Collection[Symbol]) -> list[Order]:
        """See `AccountRest`; of these symbols only, each a call of weight 3."""
        orders: list[Order] = []
        for symbol in sorted(symbols):
            parameters = {"symbol": self._symbols.to_wire(symbol)}
            rows = await self._calls.ask(_OPEN_ORDERS, list[OrderRow], weight=3, parameters=parameters)
            orders += self._orders(_OPEN_ORDERS, rows, symbol)
        return orders

    async def finished_orders(self, symbol: Symbol, since_ns: int) -> list[Order]:
        """See `AccountRest`; those that were made since then, at most a week ago. Weight 10 a page."""
        stretch = self._stretch(since_ns, ORDERS_FOR_DAYS)
        sweep: Sweep[OrderRow] = Sweep(
            stretch, ORDERS_A_PAGE, lambda row: row.time or 0, lambda row: row.order_id
        )
        rows = await self._pages(_ALL_ORDERS, list[OrderRow], symbol, sweep)
        orders = self._orders(_ALL_ORDERS, rows, symbol)
        return [order for order in orders if order.status.terminal]

    async def fills(self, symbol: Symbol | None, since_ns: int) -> list[RawFill]:
        """See `AccountRest`; of one symbol, at most a month ago. Weight 10 a page."""
        if symbol is None:
            raise ValueError("MEXC tells of the fills of one symbol at a time")
        stretch = self._stretch(since_ns, TRADES_FOR_DAYS)
        sweep: Sweep[TradeRow] = Sweep(stretch, TRADES_A_PAGE, lambda row: row.time, _identity)
        rows = await self._pages(_MY_TRADES, list[TradeRow], symbol, sweep)
        return _each(_MY_TRADES, rows, lambda row: fill_from_row(row, symbol))

    async def order(
        self, symbol: Symbol, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order | None:
        """See `AccountRest`; weight 2."""
        parameters = {"symbol": self._symbols.to_wire(symbol)}
        if order_id is not None:
            parameters["orderId"] = order_id
        if client_order_id is not None:
            parameters["origClientOrderId"] = client_order_id
        try:
            row = await self._calls.ask(_ORDER, OrderRow, weight=2, parameters=parameters)
        except RestFailed as error:
            if error.code in UNKNOWN_ORDER:
                return None
            raise
        return self._orders(_ORDER, [row], symbol)[0]

    def left_open(self) -> list[str]:
        """See `AccountRest`."""
        told, self._left_open = self._left_open, []
        return told

    def _stretch(self, since_ns: int, days: int) -> Stretch:
        """Return the stretch from then on, as far back as the venue tells of, with a second to spare at its end."""
        last = self._clock.now_ns() // _MS + ROUNDED_MS
        first = max(since_ns // _MS, last - days * _DAY_MS + ROUNDED_MS)
        return Stretch(first - first % ROUNDED_MS, last)

    async def _pages(self, path: str, shape: type[list[Row]], symbol: Symbol, sweep: Sweep[Row]) -> list[Row]:
        while (stretch := sweep.wanted) is not None:
            parameters = {
                "symbol": self._symbols.to_wire(symbol),
                "startTime": str(stretch.first),
                "endTime": str(stretch.last),
                "limit": str(sweep.size),
            }
            sweep.take(await self._calls.ask(path, shape, weight=10, parameters=parameters))
        self._left_open += [
            f"{path} {symbol}: more than {sweep.size} rows of {each}, of which that many were told"
            for each in sweep.left_open
        ]
        return sweep.rows()

    def _orders(self, path: str, rows: Iterable[OrderRow], symbol: Symbol) -> list[Order]:
        return _each(path, rows, lambda row: order_from_row(row, symbol))


def _identity(row: TradeRow) -> Hashable:
    """Return what distinguishes a row from all others; both sides of a self-trade have its id."""
    return (row.order_id, row.id) if row.id else (row.order_id, row.price, row.qty, row.time)


def _each(path: str, rows: Iterable[Row], read: Callable[[Row], T]) -> list[T]:
    """Read every row; one that does not read fails the call, for what it tells of would be missed."""
    try:
        return [read(row) for row in rows]
    except ValueError as error:
        raise RestFailed(f"GET {path}", f"a row does not read: {error}") from error
