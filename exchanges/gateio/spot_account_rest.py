"""Gate.io spot's signed reads of one account.

Source: REST page v4.105.4. ``GET /spot/my_trades`` without a pair gives the fills of all pairs; an interval holds at
most 30 days, and without one it is the last 7.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

import msgspec

from feedtree.exchanges.answers import decoded
from feedtree.exchanges.credentials import Credentials
from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.gateio.account_reading import balance_of, fill_of, is_spot, order_of
from feedtree.exchanges.gateio.account_rows import BalanceRow, OpenOrders, OrderRow, TradeRow, read_row
from feedtree.exchanges.gateio.refusals import explain, fatal
from feedtree.exchanges.gateio.signing import rest_headers
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.venue_time import TIME, TimeBody
from feedtree.exchanges.limits import WeightBudget
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.messages import Balance
from feedtree.exchanges.private.orders import Order
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.signed import Refusals, paced
from feedtree.exchanges.symbols import Symbol, SymbolMap

T = TypeVar("T")
Row = TypeVar("Row")

CALLS = 100  # of an account in 10 s; the venue allows 200 to each endpoint
PERIOD = 10.0
TRADES_A_PAGE = 1000
ORDERS_A_PAGE = 100
OPEN_ORDERS = "/spot/open_orders"
READINGS = 3  # of the open orders, where they change between two pages
_NOT_FOUND = ("ORDER_NOT_FOUND",)
_S = 1_000_000_000


class GateioSpotAccountRest:
    """See `AccountRest`.

    Args:
        rest: does the calls.
        credentials: sign them.
        clock: the venue's; its time goes into every signature.
        symbols: not needed: the venue's spelling can be read.
    """

    def __init__(
        self, rest: RestClient, credentials: Credentials, clock: VenueClock, symbols: SymbolMap
    ) -> None:
        self._rest = rest
        self._credentials = credentials
        self._clock = clock
        self._budget = WeightBudget(CALLS, PERIOD)
        self._refusals = Refusals(rest.host, explain, fatal, lambda: clock.now_ns() / _S)

    def __repr__(self) -> str:
        return f"GateioSpotAccountRest({self._rest.host})"

    async def time_ns(self) -> int:
        """See `AccountRest`; needs no signature."""
        return (await self._rest.fetch(TIME, {}, TimeBody, explain=explain)).server_time * 1_000_000

    async def balances(self) -> list[Balance]:
        """See `AccountRest`."""
        rows = await self._get("/spot/accounts", {}, list[msgspec.Raw])
        return _each("/spot/accounts", rows, BalanceRow, balance_of)

    async def open_orders(self, symbols: Collection[Symbol]) -> list[Order]:
        """See `AccountRest`; of all symbols at once."""
        for _ in range(READINGS):
            orders = await self._open_orders()
            if orders is not None:
                return orders
        raise RestFailed(
            f"GET {OPEN_ORDERS}", f"orders end faster than their pages are read, {READINGS} times"
        )

    async def _open_orders(self) -> list[Order] | None:
        """Read all pages; None where an order ended meanwhile: another one may have moved to the page before."""
        orders: list[Order] = []
        totals: dict[str, int] = {}
        rows: Counter[str] = Counter()
        page = 1
        while True:
            parameters = {"page": str(page), "limit": str(ORDERS_A_PAGE)}
            pairs = await self._get(OPEN_ORDERS, parameters, list[OpenOrders])
            for pair in pairs:
                orders += _orders(OPEN_ORDERS, pair.orders)
                rows[pair.currency_pair] += len(pair.orders)
                if totals.setdefault(pair.currency_pair, pair.total) != pair.total:
                    return None
            if all(len(pair.orders) < ORDERS_A_PAGE for pair in pairs):
                return orders if all(rows[name] >= total for name, total in totals.items()) else None
            page += 1

    async def finished_orders(self, symbol: Symbol, since_ns: int) -> list[Order]:
        """See `AccountRest`."""
        path = "/spot/orders"
        parameters = {"currency_pair": spell(symbol), "status": "finished", "limit": str(ORDERS_A_PAGE)}
        rows = await self._pages(path, {**parameters, "from": str(since_ns // _S)}, ORDERS_A_PAGE)
        return _orders(path, rows)

    async def fills(self, symbol: Symbol | None, since_ns: int) -> list[RawFill]:
        """See `AccountRest`; of one symbol, or of all at once."""
        path = "/spot/my_trades"
        parameters = {"limit": str(TRADES_A_PAGE), "from": str(since_ns // _S)}
        if symbol is not None:
            parameters["currency_pair"] = spell(symbol)
        rows = await self._pages(path, parameters, TRADES_A_PAGE)
        return sorted(_each(path, rows, TradeRow, fill_of), key=lambda fill: fill.venue_ns)

    async def order(
        self, symbol: Symbol, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order | None:
        """See `AccountRest`; a client's own id is known for half an hour after the order ended, by one source."""
        path = f"/spot/orders/{order_id or client_order_id}"
        try:
            raw = await self._get(path, {"currency_pair": spell(symbol)}, msgspec.Raw)
        except RestFailed as error:
            if error.code in _NOT_FOUND:
                return None
            raise
        return _each(path, [raw], OrderRow, order_of)[0]

    def left_open(self) -> list[str]:
        """See `AccountRest`; nothing, since all pages can be had."""
        return []

    async def _pages(self, path: str, parameters: dict[str, str], size: int) -> list[msgspec.Raw]:
        rows: list[msgspec.Raw] = []
        page = 1
        while True:
            got = await self._get(path, {**parameters, "page": str(page)}, list[msgspec.Raw])
            rows += got
            if len(got) < size:
                return rows
            page += 1

    async def _get(self, path: str, parameters: dict[str, str], shape: type[T]) -> T:
        await paced(self._budget)
        call = f"GET {path}"
        query = "&".join(
            f"{name}={value}" for name, value in parameters.items()
        )  # nothing that needs escaping
        signed = rest_headers(
            self._credentials,
            "GET",
            self._rest.base_path + path,
            query,
            b"",
            self._clock.now_ns() // _S,
        )
        answer = await self._rest.send("GET", path, query=query, headers=signed)
        if not answer.success:
            raise self._refusals.error(call, answer)
        return decoded(call, answer.body, shape)


def _orders(path: str, rows: Iterable[msgspec.Raw]) -> list[Order]:
    return _each(path, (raw for raw in rows if is_spot(_row(path, raw, OrderRow))), OrderRow, order_of)


def _row(path: str, raw: msgspec.Raw, shape: type[Row]) -> Row:
    try:
        return read_row(raw, shape)
    except (ValueError, RecursionError) as error:
        raise RestFailed(f"GET {path}", f"a row does not decode: {error}") from error


def _each(path: str, rows: Iterable[msgspec.Raw], shape: type[Row], read: Callable[[Row], T]) -> list[T]:
    """Read every row; one that does not read fails the call, for what it tells of would be missed."""
    try:
        return [read(_row(path, raw, shape)) for raw in rows]
    except (ValueError, ArithmeticError) as error:
        raise RestFailed(f"GET {path}", f"a row does not read: {error}") from error
