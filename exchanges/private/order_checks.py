"""What stands between a call and its request: instruments, the account's own limits, and whether orders may go out."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeAlias

import trio

from feedtree.exchanges.instruments import Instrument
from feedtree.exchanges.limits import WeightBudget
from feedtree.exchanges.private.ledger import Ledger
from feedtree.exchanges.private.order_docket import Docket
from feedtree.exchanges.private.order_doors import AmendRequest, PlaceRequest
from feedtree.exchanges.private.order_errors import AccountInconsistent, DeskClosed, DeskKilled
from feedtree.exchanges.private.order_ids import IdForm
from feedtree.exchanges.private.order_limits import HardLimits
from feedtree.exchanges.private.order_rules import Broken, broken_by_amend, broken_by_place
from feedtree.exchanges.private.orders import Order, RejectReason
from feedtree.exchanges.symbols import Symbol

Guard: TypeAlias = Callable[[], Exception | None]


class Checks:
    """What is checked before anything of an order goes out.

    Args:
        path: of the account, for messages.
        form: of client order ids.
        limits: the account's own.
        ledger: what is known of the account.
        docket: the orders whose outcome is not known.

    Attributes:
        killed: no order goes out any more.
        stopping: no order goes out until the account is started again.
        closed: nothing goes out any more.
    """

    def __init__(self, path: str, form: IdForm, limits: HardLimits, ledger: Ledger, docket: Docket) -> None:
        self._path = path
        self._form = form
        self._limits = limits
        self._ledger = ledger
        self._docket = docket
        self._instruments: dict[Symbol, Instrument] = {}
        self._prepared = trio.Event()
        self._paces = None if limits.orders_per_s is None else WeightBudget(limits.orders_per_s)
        self.killed = False
        self.stopping = False
        self.closed = False

    @property
    def ready(self) -> bool:
        """Whether orders can be checked: the venue's clock and instruments are known."""
        return self._prepared.is_set()

    def learn(self, instruments: Iterable[Instrument]) -> None:
        """Take note of what is traded."""
        self._instruments = {instrument.symbol: instrument for instrument in instruments}
        self._prepared.set()

    def instrument(self, symbol: Symbol) -> Instrument | None:
        """Return what is known of a symbol's steps; None where it is not listed, or nothing is known yet."""
        return self._instruments.get(symbol)

    async def wait_ready(self, timeout: float) -> bool:
        """Wait until orders can be checked; return whether that came in time."""
        with trio.move_on_after(timeout):
            await self._prepared.wait()
        return self.ready

    def forbids(self) -> DeskClosed | None:
        """Return why nothing may go out; None where cancels and the like may."""
        return DeskClosed(f"{self._path} is closed") if self.closed else None

    def guard(self, *, allow_inconsistent: bool) -> Guard:
        """Return what tells, whenever it is called, why no order may go out; None where it may."""
        return partial(self._forbids_orders, allow_inconsistent)

    def _forbids_orders(self, allow_inconsistent: bool) -> Exception | None:
        if self.closed:
            return self.forbids()
        if self.stopping:
            return DeskClosed(f"{self._path} is stopping")
        if self.killed:
            return DeskKilled(f"{self._path} was killed: start the program again to trade")
        if not allow_inconsistent and not self._ledger.consistent:
            return AccountInconsistent(f"{self._path} is not known to equal the venue's account now")
        return None

    def place(self, request: PlaceRequest) -> Broken | None:
        """Return the first rule that an order breaks; where it breaks none it counts as sent."""
        name = request.client_order_id
        if name in self._docket or self._ledger.named(name) is not None:
            return Broken(RejectReason.DUPLICATE_CLIENT_ID, f"client_order_id {name!r} is in use")
        instrument = self._instruments.get(request.symbol)
        count = self._docket.count()
        return broken_by_place(request, instrument, self._form, self._limits, count) or self._pace()

    def amend(self, request: AmendRequest) -> Broken | None:
        """Return the first rule that an amendment breaks; where it breaks none it counts as sent."""
        order = next((each for each in self._ledger.open_orders() if _is_named(each, request)), None)
        instrument = self._instruments.get(request.symbol)
        return broken_by_amend(request, order, instrument, self._limits) or self._pace()

    def _pace(self) -> Broken | None:
        now = trio.current_time()
        if self._paces is None:
            return None
        if self._paces.wait(now):
            return Broken(RejectReason.RATE_LIMITED, f"limits.orders_per_s is {self._limits.orders_per_s}")
        self._paces.take(now)
        return None


def _is_named(order: Order, request: AmendRequest) -> bool:
    return request.order_id == order.order_id or (
        request.client_order_id is not None and request.client_order_id == order.client_order_id
    )
