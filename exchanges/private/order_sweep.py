"""Cancels everything, and reports what came of it."""

from collections import deque
from collections.abc import Collection

import trio

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.private.cancel_report import CancelReport, Cause
from feedtree.exchanges.private.ledger import Ledger
from feedtree.exchanges.private.order_asking import Asking
from feedtree.exchanges.private.order_docket import Docket
from feedtree.exchanges.private.order_doors import Answered, CancelAllRequest
from feedtree.exchanges.private.order_errors import OrderError
from feedtree.exchanges.private.orders import Order
from feedtree.exchanges.private.rest import AccountRest
from feedtree.exchanges.symbols import Symbol
from feedtree.supervisors.verdicts import Fatal

REPORTS_KEPT = 100


class Sweep:
    """Cancels all open orders of an account.

    Args:
        asking: asks the venue.
        ledger: what is known of the account.
        docket: the orders whose outcome is not known.
        rest: the account's signed reads.

    Attributes:
        reports: what came of it, each time, the newest hundred.
    """

    def __init__(self, asking: Asking, ledger: Ledger, docket: Docket, rest: AccountRest) -> None:
        self._asking = asking
        self._ledger = ledger
        self._docket = docket
        self._rest = rest
        self._traded: set[Symbol] = set()
        self.reports: deque[CancelReport] = deque(maxlen=REPORTS_KEPT)

    def traded(self, symbol: Symbol) -> None:
        """Note that an order of a symbol is placed: it counts among those of which all are cancelled."""
        self._traded.add(symbol)

    def symbols(self) -> set[Symbol]:
        """Return the symbols of which orders may be open."""
        return self._traded | {order.symbol for order in self._ledger.open_orders()}

    async def run(
        self, cause: Cause, timeout: float, symbols: Collection[Symbol] | None = None
    ) -> CancelReport:
        """Cancel all open orders, of all symbols at the same time, each in one request.

        Args:
            cause: why.
            timeout: seconds for all of it.
            symbols: of these; None for those of which orders may be open.
        """
        began = trio.current_time()
        cancelled: list[Order] = []
        failed: list[str] = []
        await self._each(self.symbols() if symbols is None else symbols, timeout, cancelled, failed)
        return self._report(cause, began, cancelled, failed)

    async def run_twice(self, cause: Cause, timeout: float) -> CancelReport:
        """Cancel all open orders; then ask the venue for those that are open yet, and cancel these."""
        began = trio.current_time()
        cancelled: list[Order] = []
        failed: list[str] = []
        symbols = self.symbols()
        await self._each(symbols, timeout, cancelled, failed)
        left = await self._left_open(symbols, timeout, failed)
        await self._each(left, timeout, cancelled, failed)
        return self._report(cause, began, cancelled, failed)

    async def _each(
        self, symbols: Collection[Symbol], timeout: float, cancelled: list[Order], failed: list[str]
    ) -> None:
        async def sweep(symbol: Symbol) -> None:
            try:
                reply = await self._asking.ask(CancelAllRequest(symbol=symbol), timeout, "cancel_all")
            except OrderError as error:
                failed.append(f"{symbol}: {error}")
                return
            if isinstance(reply, Answered):
                cancelled.extend(order for order in reply.orders if order.status.terminal)
                open_yet = [_open(order) for order in reply.orders if not order.status.terminal]
                failed.extend(f"{symbol}: {words}" for words in (*open_yet, *reply.undone))
            else:
                failed.append(f"{symbol}: {reply.reason} {reply.code} {reply.text}".rstrip())

        async with trio.open_nursery() as nursery:
            for symbol in sorted(symbols):
                nursery.start_soon(sweep, symbol)

    async def _left_open(self, symbols: set[Symbol], timeout: float, failed: list[str]) -> set[Symbol]:
        with trio.move_on_after(timeout):
            try:
                orders = await self._rest.open_orders(symbols)
            except (RestFailed, VenueThrottled, Fatal) as error:
                failed.append(f"what is left could not be asked for: {error}")
                return set()
            for order in orders:
                self._ledger.apply_order(order)
            return {order.symbol for order in orders}
        failed.append(f"what is left could not be asked for within {timeout:g} s")
        return set()

    def _report(self, cause: Cause, began: float, cancelled: list[Order], failed: list[str]) -> CancelReport:
        report = CancelReport(
            cause=cause,
            cancelled=tuple(cancelled),
            failed=tuple(failed),
            unresolved=tuple(placing.name for placing in self._docket),
            took_s=trio.current_time() - began,
        )
        self.reports.append(report)
        return report


def _open(order: Order) -> str:
    return f"order {order.order_id} is {order.status} still"
