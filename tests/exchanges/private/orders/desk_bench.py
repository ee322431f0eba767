"""A desk whose actor runs over a scripted venue, and what is seen of it."""

from decimal import Decimal
from typing import Any

import structlog
import trio

from feedtree.actors.context import Context
from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.desk import OrderDesk
from feedtree.exchanges.private.desk_actor import run_desk
from feedtree.exchanges.private.hub import routes
from feedtree.exchanges.private.messages import OrderResolved, Reconciliation
from feedtree.exchanges.private.order_doors import PlaceRequest
from feedtree.exchanges.private.order_ids import ClientOrderIds
from feedtree.exchanges.private.order_options import OrderOptions
from feedtree.exchanges.private.order_venue import OrderVenue
from feedtree.exchanges.private.store import AccountStore
from tests.clock import EPOCH_NS, wall_ns
from tests.exchanges.private.orders.scripted_doors import ScriptedDoor
from tests.exchanges.private.orders.scripted_venue import Reads, ScriptedVenue, instruments
from tests.taking import taken


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
            instruments,
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
