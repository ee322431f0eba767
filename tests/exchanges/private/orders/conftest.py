"""A desk over a scripted venue: what is asked for arrives, is answered, pushed and found again, or gets lost."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import structlog
import trio

from feedtree.actors.context import Context
from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.instruments import Instrument, InstrumentStatus
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.desk import OrderDesk
from feedtree.exchanges.private.desk_actor import run_desk
from feedtree.exchanges.private.hub import routes
from feedtree.exchanges.private.messages import Balance, OrderResolved, Reconciliation
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
    Unanswered,
)
from feedtree.exchanges.private.order_ids import ClientOrderIds, IdForm
from feedtree.exchanges.private.order_options import OrderOptions
from feedtree.exchanges.private.order_rates import Rate, VenueRates
from feedtree.exchanges.private.order_venue import Amount, OrderVenue
from feedtree.exchanges.private.orders import Order, OrderStatus, RejectReason, TimeInForce
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol
from tests.clock import EPOCH_NS, wall_ns
from tests.taking import taken

BTC = Symbol("BTC", "USDT")
ETH = Symbol("ETH", "USDT")


@dataclass
class Way:
    """What happens to a request on its way; times are seconds.

    Args:
        opening: before its first byte.
        cut_before: the way ends before that.
        going: from the first byte until the venue has it.
        lost: it never gets there.
        held: how long the venue leaves it lying.
        coming: from there until the answer is back.
        unanswered: the answer never comes; ``cut`` tells when that is known, None for never.
        cut: see above.
        refusal: what the venue says instead of doing it.
        reply: what the door returns instead of the venue's answer.
    """

    opening: float = 0.0
    cut_before: bool = False
    going: float = 0.01
    lost: bool = False
    held: float = 0.0
    coming: float = 0.01
    unanswered: bool = False
    cut: float | None = None
    refusal: Refused | None = None
    reply: Reply | None = None


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


class ScriptedDoor:
    """A door whose ways are scripted; what it lets out stands in its log."""

    def __init__(self, name: str, venue: ScriptedVenue, nursery: trio.Nursery) -> None:
        self.name = name
        self.open = True
        self.usual = Way()
        self.ways: list[Way] = []
        self.log: list[Request] = []
        self.on_place: Callable[[], None] = lambda: None
        self._venue = venue
        self._nursery = nursery
        self._waiting: list[trio.Event] = []

    def takes(self, request: Request) -> bool:
        return self.name == "rest" or not isinstance(request, CountdownRequest)

    def cut(self) -> None:
        """End everything that is under way."""
        for over in self._waiting:
            over.set()

    async def send(self, request: Request, expires_ns: int, on_sent: Callable[[], None]) -> Reply:
        way = self.ways.pop(0) if self.ways else self.usual
        await trio.sleep(way.opening)
        if way.cut_before:
            return Unanswered(sent=False, why="cut before the first byte")
        on_sent()
        self.log.append(request)
        if isinstance(request, PlaceRequest):
            self.on_place()
        over = trio.Event()
        replies: list[Reply] = []
        self._waiting.append(over)
        self._nursery.start_soon(self._travel, request, expires_ns, way, replies, over)
        if way.cut is not None:
            self._nursery.start_soon(self._cut_after, way.cut, over)
        try:
            await over.wait()
        finally:
            self._waiting.remove(over)
        return replies[0] if replies else Unanswered(sent=True, why="the line was cut")

    async def _travel(
        self, request: Request, expires_ns: int, way: Way, replies: list[Reply], over: trio.Event
    ) -> None:
        """Go to the venue and back; what is on its way goes on when its sender is gone."""
        await trio.sleep(way.going)
        if way.lost:
            return
        await trio.sleep(way.held)
        reply = way.refusal or self._venue.do(request, expires_ns)
        await trio.sleep(way.coming)
        if not way.unanswered:
            replies.append(way.reply or reply)
            over.set()

    async def _cut_after(self, seconds: float, over: trio.Event) -> None:
        await trio.sleep(seconds)
        over.set()


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


async def _instruments(client: object = None) -> list[Instrument]:
    await trio.sleep(0.01)
    return [listed(BTC), listed(ETH)]


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


class DeskBench:
    """A desk whose actor runs, and all around it."""

    def __init__(self, nursery: trio.Nursery, options: OrderOptions, venue: OrderVenue) -> None:
        self.nursery = nursery
        self.store = AccountStore("scripted.spot", "main", wall_ns)
        self.venue = ScriptedVenue(push=self.store.apply_order)
        self.socket = ScriptedDoor("websocket", self.venue, nursery)
        self.rest = ScriptedDoor("rest", self.venue, nursery)
        self.clock = VenueClock(wall_ns, trio.current_time)
        self.desk = OrderDesk(
            "scripted.spot/main",
            venue,
            [self.socket, self.rest],
            self.store,
            Reads(self.venue),  # type: ignore[arg-type]
            self.clock,
            ClientOrderIds(venue.ids, EPOCH_NS, lambda count: bytes(count)),
            options,
            _instruments,
        )
        self._mailbox = Mailbox(routes(), capacity=100_000)
        self._messages: list[Any] = []
        self.store.attach(self._mailbox)
        self.lines: list[dict[str, Any]] = []
        self._scope: trio.CancelScope | None = None
        self._ended = trio.Event()
        self._error: BaseException | None = None
        self._generation = self.store.begin()
        self._context: Context | None = None

    def agree(self) -> None:
        """Make the account consistent."""
        if not self.store.streams.live:
            self.store.syncing(self._generation)
            self.store.live(self._generation)
        self.store.reconciled(
            Reconciliation(queried=(), fills=0, orders=0, balances=0, unexplained=(), since_ns=0, took_ns=0),
            complete_ns=wall_ns(),
            doubts=self.store.doubts,
            always=False,
        )

    async def start(self) -> None:
        """Start the actor (again)."""
        self._ended = trio.Event()
        await self.nursery.start(self._run)

    async def _run(self, *, task_status: trio.TaskStatus[None]) -> None:
        log = structlog.wrap_logger(None, processors=[self._note])
        self._context = Context("private/scripted.spot/main/orders/desk", 1, log=log)
        with trio.CancelScope() as self._scope:
            task_status.started()
            try:
                await run_desk(self.desk, self._context)
            except* Exception as group:
                self._error = group.exceptions[0]
                while isinstance(self._error, BaseExceptionGroup):
                    self._error = self._error.exceptions[0]
        self._ended.set()

    async def crashed(self) -> BaseException:
        """Wait until the actor has ended by itself; return what it raised."""
        await self._ended.wait()
        assert self._error is not None
        return self._error

    def _note(self, logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
        self.lines.append(event)
        raise structlog.DropEvent

    @property
    def state(self) -> str | None:
        assert self._context is not None
        return self._context.state

    async def stop(self) -> None:
        """Stop the actor, as its supervisor would."""
        assert self._scope is not None
        self._scope.cancel()
        await self._ended.wait()

    async def place(self, **changes: Any) -> Any:
        """Place a usual order."""
        usual: dict[str, Any] = {"price": Decimal(100), "quantity": Decimal(1)}
        arguments = {"symbol": "BTC/USDT", "side": "buy", **usual, **changes}
        return await self.desk.place(**{name: value for name, value in arguments.items() if value != ""})

    def placed(self) -> list[str]:
        """The client ids of all orders that went out, through any door."""
        requests = [*self.socket.log, *self.rest.log]
        return [each.client_order_id for each in requests if isinstance(each, PlaceRequest)]

    def resolved(self) -> list[OrderResolved]:
        """What was told of orders whose outcome was unknown."""
        return [message for message in self._told() if isinstance(message, OrderResolved)]

    def _told(self) -> list[Any]:
        self._messages += taken(self._mailbox)
        return self._messages


OpenDesk = Callable[..., AbstractAsyncContextManager[DeskBench]]


@pytest.fixture(scope="session")
def desk_bench() -> OpenDesk:
    """Opens a desk for the time of a block."""

    @asynccontextmanager
    async def opened(
        options: OrderOptions | None = None,
        venue: OrderVenue = VENUE,
        *,
        consistent: bool = True,
        ready: bool = True,
    ) -> AsyncIterator[DeskBench]:
        async with trio.open_nursery() as nursery:
            bench = DeskBench(nursery, options or OrderOptions(), venue)
            if consistent:
                bench.agree()
            if not ready:
                bench.venue.rest_takes = 5.0
            await bench.start()
            assert await bench.desk.wait_ready(1.0) == ready
            yield bench
            nursery.cancel_scope.cancel()

    return opened


@pytest.fixture(scope="session")
def order_venue() -> OrderVenue:
    """What the scripted venue takes."""
    return VENUE


@pytest.fixture(scope="session")
def instrument_of() -> Callable[..., Instrument]:
    """Makes an instrument."""
    return listed


@pytest.fixture(scope="session")
def way() -> type[Way]:
    """What happens to a request on its way."""
    return Way


@pytest.fixture(scope="session")
def refusal() -> Callable[..., Refused]:
    """Makes a venue's no."""

    def made(reason: RejectReason = RejectReason.OTHER, **more: Any) -> Refused:
        return Refused(reason=reason, code="LABEL", text="words", **more)

    return made
