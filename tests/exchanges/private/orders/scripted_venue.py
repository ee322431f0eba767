"""A venue whose orders are pushed and found again, late or never, as a test says; and what it takes."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
import trio

from feedtree.exchanges.instruments import Instrument, InstrumentStatus
from feedtree.exchanges.private.messages import Balance
from feedtree.exchanges.private.order_doors import (
    AmendRequest,
    Answered,
    CancelAllRequest,
    CancelRequest,
    CountdownRequest,
    PlaceRequest,
    Refused,
    Reply,
    Request,
    StatusRequest,
)
from feedtree.exchanges.private.order_ids import IdForm
from feedtree.exchanges.private.order_rates import Rate, VenueRates
from feedtree.exchanges.private.order_venue import Amount, OrderVenue
from feedtree.exchanges.private.orders import Order, OrderStatus, RejectReason, TimeInForce
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from tests.clock import wall_ns

BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")
RATES = VenueRates(
    entry=Rate(10, 1.0), entry_by_symbol=True, cancel=Rate(200, 1.0), other=Rate(100, 10.0), source="a test"
)
VENUE = OrderVenue(
    name="scripted.spot",
    ids=IdForm("t-", 28, "0-9A-Za-z_.-"),
    rates=RATES,
    amends=True,
    counts_down=True,
    market_amounts={
        Side.BUY: frozenset({Amount.QUOTE_QUANTITY}),
        Side.SELL: frozenset({Amount.QUANTITY}),
    },
    market_times=frozenset({TimeInForce.IOC, TimeInForce.FOK}),
    longest_expiry=50.0,
    rest=lambda account: None,  # type: ignore[arg-type,return-value]
)


@dataclass
class ScriptedVenue:
    """A venue: its orders, what it pushes, and what REST shows of it."""

    push: Callable[[Order], None] = lambda order: None
    orders: dict[str, Order] = field(default_factory=dict)
    fills: list[RawFill] = field(default_factory=list)
    history: list[tuple[float, dict[str, Order]]] = field(default_factory=list)
    post_only_ends: bool = False
    pushes: bool = True
    lag: float = 0.0
    rest_takes: float = 0.01
    failures: list[Exception] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    hides_names: bool = False
    hides_orders: bool = False
    forgets_names: bool = False
    unlisted: bool = False
    countdowns: list[int] = field(default_factory=list)

    def put(self, order: Order) -> Order:
        self.orders[order.order_id] = order
        self.history.append((trio.current_time(), dict(self.orders)))
        if self.pushes:
            self.push(order)
        return order

    def do(self, request: Request, expires_ns: int) -> Reply:
        match request:
            case PlaceRequest():
                return self._place(request, expires_ns)
            case CancelAllRequest():
                chosen = [each for each in self._open() if each.symbol == request.symbol]
                return Answered(orders=tuple(self._cancel(each) for each in chosen))
            case CountdownRequest():
                self.countdowns.append(request.seconds)
                return Answered()
        order = self._find(request.order_id, request.client_order_id)
        if order is None or (order.status.terminal and not isinstance(request, StatusRequest)):
            return Refused(reason=RejectReason.ORDER_OVER, code="ORDER_NOT_FOUND", text="Order not found")
        if isinstance(request, CancelRequest):
            order = self._cancel(order)
        elif isinstance(request, AmendRequest):
            price, quantity = request.price or order.price, request.quantity or order.quantity
            order = self.put(msgspec.structs.replace(order, price=price, quantity=quantity))
        return Answered(orders=(order,))

    def _place(self, request: PlaceRequest, expires_ns: int) -> Reply:
        if wall_ns() > expires_ns:
            return Refused(reason=RejectReason.EXPIRED, code="REQUEST_EXPIRED", text="Request expired")
        order = Order(
            order_id=str(len(self.orders) + 1),
            client_order_id=request.client_order_id,
            symbol=request.symbol,
            side=request.side,
            type=request.type,
            time_in_force=request.time_in_force,
            price=request.price,
            quantity=request.quantity,
            quote_quantity=request.quote_quantity,
            filled=Decimal(0),
            filled_quote=Decimal(0),
            status=OrderStatus.OPEN,
            created_ns=wall_ns(),
            updated_ns=wall_ns(),
        )
        if self.post_only_ends and request.time_in_force is TimeInForce.POST_ONLY:
            order = msgspec.structs.replace(order, status=OrderStatus.REFUSED, reason="poc")
        return Answered(orders=(self.put(order),))

    def _cancel(self, order: Order) -> Order:
        return self.put(msgspec.structs.replace(order, status=OrderStatus.CANCELLED, reason="cancelled"))

    def _open(self) -> list[Order]:
        return [order for order in self.orders.values() if not order.status.terminal]

    def _find(self, order_id: str | None, client_order_id: str | None) -> Order | None:
        if order_id is not None:
            return self.orders.get(order_id)
        named = [each for each in self.orders.values() if each.client_order_id == client_order_id]
        return named[-1] if named else None

    # AccountRest

    async def _read(self, what: str) -> dict[str, Order]:
        self.asked.append(what)
        await trio.sleep(self.rest_takes)
        if self.failures:
            raise self.failures.pop(0)
        until = trio.current_time() - self.lag
        known = [orders for at, orders in self.history if at <= until]
        if self.hides_orders or not known:
            return {}
        if not self.hides_names:
            return known[-1]
        return {
            order_id: msgspec.structs.replace(order, client_order_id=None)
            for order_id, order in known[-1].items()
        }

    async def time_ns(self) -> int:
        await self._read("time")
        return wall_ns()

    async def balances(self) -> list[Balance]:
        raise NotImplementedError

    def left_open(self) -> list[str]:
        return []

    async def open_orders(self, symbols: Collection[Symbol]) -> list[Order]:
        orders = (await self._read("open")).values()
        return (
            []
            if self.unlisted
            else [each for each in orders if each.symbol in symbols and not each.status.terminal]
        )

    async def finished_orders(self, symbol: Symbol, since_ns: int) -> list[Order]:
        orders = (await self._read("finished")).values()
        return [each for each in orders if each.symbol == symbol and each.status.terminal]

    async def fills_of(self, symbol: Symbol | None, since_ns: int) -> list[RawFill]:
        await self._read("fills")
        return [fill for fill in self.fills if fill.symbol == symbol]

    async def order(
        self, symbol: Symbol, *, order_id: str | None = None, client_order_id: str | None = None
    ) -> Order | None:
        orders = await self._read("order")
        if order_id is not None:
            return orders.get(order_id)
        if self.forgets_names:
            return None
        return next((each for each in orders.values() if each.client_order_id == client_order_id), None)


class Reads:
    """The venue's `AccountRest`."""

    def __init__(self, venue: ScriptedVenue) -> None:
        for name in ("time_ns", "balances", "open_orders", "finished_orders", "order", "left_open"):
            setattr(self, name, getattr(venue, name))
        self.fills = venue.fills_of


def listed(symbol: Symbol = BTC, **changes: Any) -> Instrument:
    return Instrument(
        **{
            "symbol": symbol,
            "wire_name": f"{symbol.base}_{symbol.quote}",
            "status": InstrumentStatus.TRADING,
            "price_step": Decimal("0.01"),
            "size_step": Decimal("0.0001"),
            "min_size": Decimal("0.001"),
            "min_notional": Decimal(3),
            **changes,
        }
    )


async def instruments(client: object = None) -> list[Instrument]:
    await trio.sleep(0.01)
    return [listed(BTC), listed(ETH)]
