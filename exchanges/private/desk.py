"""The order desk of one account: places, cancels and changes orders, and never leaves in doubt what became of one.

It outlives the connections, as the account store does. What goes out is carried by an actor of the account's branch
(`desk_actor`): callers only wait. Nothing is ever sent twice.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from decimal import Decimal

from feedtree.exchanges.instruments import Instrument
from feedtree.exchanges.private.cancel_report import CancelReport, Cause
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.ledger import Ledger
from feedtree.exchanges.private.order_asking import Asking, refused, words
from feedtree.exchanges.private.order_calls import Placing
from feedtree.exchanges.private.order_checks import Checks
from feedtree.exchanges.private.order_dispatch import Dispatch
from feedtree.exchanges.private.order_docket import Docket
from feedtree.exchanges.private.order_doors import (
    AmendRequest,
    Answered,
    CancelRequest,
    Door,
    PlaceRequest,
    StatusRequest,
)
from feedtree.exchanges.private.order_errors import DeskClosed, DeskKilled, OrderRefused
from feedtree.exchanges.private.order_ids import ClientOrderIds
from feedtree.exchanges.private.order_options import OrderOptions
from feedtree.exchanges.private.order_placing import Placer, raise_any
from feedtree.exchanges.private.order_sweep import Sweep
from feedtree.exchanges.private.order_usage import (
    check_amend,
    check_name,
    check_place,
    check_timeout,
    read_symbol,
)
from feedtree.exchanges.private.order_venue import OrderVenue
from feedtree.exchanges.private.orders import (
    Accepted,
    Order,
    OrderType,
    Rejected,
    TimeInForce,
)
from feedtree.exchanges.private.rest import AccountRest
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol

TIMEOUT = 2.0  # seconds, where the caller says nothing
DOOMED_FOR = 60.0  # seconds in which an order that must not stay can be cancelled


class OrderDesk:
    """The orders of one account.

    Amounts are Decimals: `Instrument.price` and `Instrument.quantity` make them. A symbol may be written ``BTC/USDT``.
    All calls may be made from any task, any number at a time.

    Args:
        path: of the account, ``gateio.spot/main``, for messages.
        venue: what is to be known of it.
        doors: in the order in which they are tried; the last one is always open.
        ledger: what is known of the account.
        rest: its signed reads.
        clock: the venue's.
        ids: makes client order ids.
        options: what the user set.
        load: fetches what is traded, in which steps.

    Attributes:
        checks: what is checked before anything goes out.
        docket: the orders whose outcome is not known.
        dispatch: the requests that are under way, with meters.
        asking: the requests about orders that are there.
        sweep: cancels everything.
    """

    def __init__(
        self,
        path: str,
        venue: OrderVenue,
        doors: Sequence[Door],
        ledger: Ledger,
        rest: AccountRest,
        clock: VenueClock,
        ids: ClientOrderIds,
        options: OrderOptions,
        load: Callable[[], Awaitable[Iterable[Instrument]]],
    ) -> None:
        self.path = path
        self.venue = venue
        self.ledger = ledger
        self.rest = rest
        self.clock = clock
        self.options = options
        self.load = load
        self._ids = ids
        self.dispatch = Dispatch(doors, venue.rates, clock, options.most_wait)
        self.docket = Docket(ledger, self.dispatch.wake, self._cancel_doomed)
        self.checks = Checks(path, venue.ids, options.limits, ledger, self.docket)
        self.asking = Asking(self.dispatch, ledger, self.docket, rest, self.checks.forbids)
        self.sweep = Sweep(self.asking, ledger, self.docket, rest)
        self._placer = Placer(self.dispatch, self.docket, self.checks, self.sweep)

    def __repr__(self) -> str:
        return f"OrderDesk({self.path} {self.state})"

    # What is known

    @property
    def state(self) -> str:
        """``closed``, ``killed``, ``preparing``, ``waiting`` (for a turn by the venue's rate limits), or ``ready``."""
        if self.checks.closed:
            return "closed"
        if self.checks.killed:
            return "killed"
        if not self.checks.ready:
            return "preparing"
        return "waiting" if self.dispatch.waiting else "ready"

    async def wait_ready(self, timeout: float) -> bool:
        """Wait until the venue's clock and instruments are known; return whether that came within so many seconds."""
        return await self.checks.wait_ready(timeout)

    def instrument(self, symbol: Symbol | str) -> Instrument | None:
        """Return the steps of a symbol; None where it is not listed, or nothing is known yet."""
        return self.checks.instrument(read_symbol(symbol))

    @property
    def unresolved(self) -> tuple[str, ...]:
        """The client order ids of orders whose outcome is unknown, and searched for."""
        return tuple(placing.name for placing in self.docket.unresolved)

    @property
    def reports(self) -> tuple[CancelReport, ...]:
        """What came of cancelling everything, each time, oldest first; the newest hundred."""
        return tuple(self.sweep.reports)

    # Orders

    async def place(
        self,
        symbol: Symbol | str,
        side: Side | str,
        type: OrderType | str = OrderType.LIMIT,  # noqa: A002 - the market's word
        *,
        quantity: Decimal | None = None,
        quote_quantity: Decimal | None = None,
        price: Decimal | None = None,
        time_in_force: TimeInForce | str = TimeInForce.GTC,
        client_order_id: str | None = None,
        timeout: float = TIMEOUT,
        allow_inconsistent: bool = False,
    ) -> Accepted | Rejected:
        """Place an order, and wait until it is known what the venue made of it.

        Cancelled before the first byte, nothing goes out; later, the order is as it is, and `OrderResolved` tells how
        that is.

        Args:
            symbol: what is traded.
            side: of the order.
            type: limit or market.
            quantity: in base.
            quote_quantity: in quote, of a market order.
            price: of a limit order.
            time_in_force: how long it stays; a market order never does.
            client_order_id: in the venue's form and never used before; one is made where None.
            timeout: seconds for all of it; the order expires with it, should it reach the venue later.
            allow_inconsistent: place it though the account is not known to equal the venue's.

        Returns:
            `Accepted`: the venue has it. `Rejected`: it does not, and will not; by its word, by a rule that was
            checked here, or because nothing could go out in time.

        Raises:
            OrderOutcomeUnknown: it went out, and then the time was over, or the connection, without an answer that
                tells the outcome. `OrderResolved` will.
            AccountInconsistent: see ``allow_inconsistent``. Nothing was sent.
            NotSupported: the venue has no such orders. Nothing was sent.
            DeskClosed: nothing goes out any more; `DeskKilled`: no orders do. Nothing was sent.
            TypeError: money that is no Decimal, a text that is none.
            ValueError: the call makes no sense.
        """
        check_timeout(timeout, self.venue.longest_expiry)
        request = PlaceRequest(
            client_order_id=self._ids.next() if client_order_id is None else client_order_id,
            symbol=read_symbol(symbol),
            side=Side(side),
            type=OrderType(type),
            time_in_force=TimeInForce(time_in_force),
            price=price,
            quantity=quantity,
            quote_quantity=quote_quantity,
        )
        check_place(request, self.venue)

        return await self._placer.place(request, timeout, allow_inconsistent=allow_inconsistent)

    async def cancel(
        self,
        symbol: Symbol | str,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
        timeout: float = TIMEOUT,
    ) -> Order:
        """Cancel an order, also while the account is inconsistent or the desk is killed.

        Args:
            symbol: of the order.
            order_id: the venue's id of it; or
            client_order_id: ours.
            timeout: seconds for all of it.

        Returns:
            The order as it ended: cancelled, or filled or ended otherwise before.

        Raises:
            OrderNotFound: neither the venue nor the account knows such an order.
            OrderRefused: the venue refused, or nothing could go out in time.
            OrderOutcomeUnknown: it went out, and nothing came back in time; an `OrderUpdate` follows. Or it is not
                known whether the order is there: then it is cancelled as soon as it shows.
            DeskClosed: nothing goes out any more.
        """
        check_timeout(timeout, self.venue.longest_expiry)
        check_name(order_id, client_order_id)
        known = self._id_of(order_id, client_order_id)
        request = CancelRequest(symbol=read_symbol(symbol), order_id=known, client_order_id=client_order_id)
        return await self.asking.cancel(request, timeout)

    async def cancel_all(
        self, symbols: Collection[Symbol | str] | None = None, *, timeout: float = TIMEOUT
    ) -> CancelReport:
        """Cancel all open orders of some symbols, other programs' orders among them.

        Args:
            symbols: of these; None for those of which orders of this account are known, or were placed here.
            timeout: seconds for all of it.

        Returns:
            What was cancelled, and what may be open still; nothing of it is raised.
        """
        check_timeout(timeout, self.venue.longest_expiry)
        wanted = None if symbols is None else {read_symbol(symbol) for symbol in symbols}
        return await self.sweep.run(Cause.ASKED, timeout, wanted)

    async def amend(
        self,
        symbol: Symbol | str,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
        price: Decimal | None = None,
        quantity: Decimal | None = None,
        timeout: float = TIMEOUT,
        allow_inconsistent: bool = False,
    ) -> Order:
        """Change price or quantity of an open order; less of it at the same price keeps its place at the venue.

        Args:
            symbol: of the order.
            order_id: the venue's id of it; or
            client_order_id: ours.
            price: the new one; None leaves it.
            quantity: the new one, in base, with what is filled; None leaves it.
            timeout: seconds for all of it.
            allow_inconsistent: see `place`.

        Returns:
            The order as it is now.

        Raises:
            NotSupported: the venue changes no orders. Nothing was sent.
            OrderRefused: by the venue, or by a rule that was checked here; the order is as it was.
            OrderOutcomeUnknown: it went out, and nothing came back in time; an `OrderUpdate` follows.
            AccountInconsistent: see `place`, as for DeskClosed, TypeError and ValueError.
        """
        check_timeout(timeout, self.venue.longest_expiry)
        check_name(order_id, client_order_id)
        known = self._id_of(order_id, client_order_id)
        request = AmendRequest(
            symbol=read_symbol(symbol),
            order_id=known,
            client_order_id=client_order_id,
            price=price,
            quantity=quantity,
        )
        check_amend(request, self.venue)

        guard = self.checks.guard(allow_inconsistent=allow_inconsistent)
        raise_any(guard())
        broken = self.checks.amend(request) if await self.wait_ready(timeout) else None
        if broken is not None:
            raise OrderRefused(words("amend", request), broken.reason, "", broken.rule)
        reply = await self.asking.ask(request, timeout, "amend", guard)
        if isinstance(reply, Answered):
            return reply.orders[0]
        raise refused("amend", request, reply)

    async def status(
        self,
        symbol: Symbol | str,
        *,
        order_id: str | None = None,
        client_order_id: str | None = None,
        timeout: float = TIMEOUT,
    ) -> Order | None:
        """Ask the venue how an order stands; None where it knows none (any more).

        Args:
            symbol: of the order.
            order_id: the venue's id of it; or
            client_order_id: ours.
            timeout: seconds for each way to ask: where the first one stays without an answer REST is asked.

        Raises:
            OrderRefused: the venue refused to tell, or nothing could go out in time.
            RestFailed: no answer in time, or none that can be read.
            VenueThrottled: the venue asks for a pause.
            Fatal: what is wrong with the account's key.
            DeskClosed: nothing goes out any more.
        """
        check_timeout(timeout, self.venue.longest_expiry)
        check_name(order_id, client_order_id)
        known = self._id_of(order_id, client_order_id)
        request = StatusRequest(symbol=read_symbol(symbol), order_id=known, client_order_id=client_order_id)
        return await self.asking.status(request, timeout)

    async def kill(self, *, timeout: float = TIMEOUT) -> CancelReport:
        """Let no order go out from now on, then cancel all that are open, and look whether any are left.

        Orders that are queued do not go out. Those whose outcome is not known are cancelled as soon as they show. It
        lasts until the program is started again; cancels go on to work.

        Args:
            timeout: seconds for each of its three steps.
        """
        self.checks.killed = True
        for placing in self.docket:
            placing.doomed = True
            placing.call.withhold(DeskKilled(f"{self.path} was killed"))
        return await self.sweep.run_twice(Cause.KILL, timeout)

    def close(self) -> None:
        """Let nothing go out any more; whoever waits hears of it at once."""
        self.checks.closed = True
        self.dispatch.withhold(lambda: DeskClosed(f"{self.path} is closed"))

    def _id_of(self, order_id: str | None, client_order_id: str | None) -> str | None:
        """Return the venue's id of an order where it is known: it knows ours for some time only."""
        known = None if client_order_id is None else self.ledger.named(client_order_id)
        return order_id if known is None else known.order_id

    def _cancel_doomed(self, placing: Placing, accepted: Accepted) -> None:
        if accepted.order is None or not accepted.order.status.terminal:
            request = CancelRequest(
                symbol=placing.request.symbol, order_id=accepted.order_id, client_order_id=None
            )
            self.dispatch.submit(request, DOOMED_FOR, most_wait=DOOMED_FOR, on_reply=self.asking.note)
