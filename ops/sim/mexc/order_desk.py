"""What can be done with orders at MEXC."""

from typing import TYPE_CHECKING

from feedtree.ops.sim.accounts.account import Account, Statement
from feedtree.ops.sim.accounts.engine import Refused
from feedtree.ops.sim.accounts.orders import AccountOrder, Ticket
from feedtree.ops.sim.mexc.account_shapes import order_number
from feedtree.ops.sim.mexc.denied import Denied, late, not_found, of_engine, repeated
from feedtree.ops.sim.mexc.identity import Params
from feedtree.ops.sim.mexc.tickets import market_of, ticket_of

if TYPE_CHECKING:
    from feedtree.ops.sim.mexc.private import MexcPrivate

_OPEN_ORDERS = 500


class OrderDesk:
    """Places, cancels and finds orders.

    Args:
        side: the venue's private side.
    """

    def __init__(self, side: "MexcPrivate") -> None:
        self._side = side

    def place(self, account: Account, params: Params) -> AccountOrder:
        """Place an order.

        Raises:
            Denied: it is refused.
        """
        ticket = ticket_of(params, self._side.venue.market)
        if self._side.switches.halted:
            raise Denied(30016, "trading disabled")
        self._check_name(account, ticket)
        if len(account.now.open) >= _OPEN_ORDERS:
            raise Denied(30029, "Cannot exceed the maximum order limit")
        switches = self._side.switches
        try:
            return self._side.engine.place(account, ticket, lenient=switches.impossible_orders == "ended")
        except Refused as refused:
            raise of_engine(refused.why, switches.no_funds) from refused

    def cancel(self, account: Account, params: Params) -> AccountOrder:
        """End an order.

        Raises:
            Denied: there is none, or it is over.
        """
        market_of(params, self._side.venue.market)
        order = self.find(account.now, params, -2011)
        try:
            self._side.engine.cancel(account, order)
        except Refused as refused:
            if self._side.switches.late_cancel == "answered":
                return order
            raise late(order, self._side.switches.late_cancel) from refused
        return order

    def cancel_all(self, account: Account, wires: set[str]) -> list[AccountOrder]:
        """End all open orders of some symbols."""
        chosen = [order for order in account.now.open.values() if order.ticket.wire in wires]
        for order in chosen:
            self._side.engine.cancel(account, order)
        return chosen

    def find(self, state: Statement, params: Params, code: int) -> AccountOrder:
        """Return the order that ``orderId`` names, or else ``origClientOrderId``.

        Args:
            state: where to look.
            params: of the request.
            code: of the refusal where there is none.

        Raises:
            Denied: there is none, it is of another symbol, or nothing is named.
        """
        name, client_id = params.get("orderId"), params.get("origClientOrderId")
        if not name and not client_id:
            raise Denied(
                700004, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null"
            )
        if "symbol" in params:
            market_of(params, self._side.venue.market)
        order = state.numbered(order_number(name)) if name else state.named(client_id or "")
        if order is None or params.get("symbol", order.ticket.wire) != order.ticket.wire:
            raise not_found(code)
        return order

    def _check_name(self, account: Account, ticket: Ticket) -> None:
        known = account.now.named(ticket.client_id) if ticket.client_id else None
        form = self._side.switches.repeated_client_id
        if known is not None and known.open and form != "accepted":
            raise repeated(int(form))
