"""What can be done with orders at Gate.io, whichever door the request comes by."""

from typing import TYPE_CHECKING

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.engine import Refused
from feedtree.ops.sim.accounts.orders import AccountOrder, Ticket
from feedtree.ops.sim.gateio.account_shapes import order_over_rest, text_of
from feedtree.ops.sim.gateio.denied import Denied, not_found, of_engine, too_late, wrong
from feedtree.ops.sim.gateio.tickets import Fields, bad_fields, counted, market_of, ticket_of, word

if TYPE_CHECKING:
    from feedtree.ops.sim.gateio.private import GateioPrivate

Shape = dict[str, object]
NS = 1_000_000_000


class OrderDesk:
    """Places, changes, ends and shows orders.

    Args:
        side: the venue's private side.
    """

    def __init__(self, side: "GateioPrivate") -> None:
        self._side = side

    def place(self, account: Account, fields: object) -> AccountOrder:
        """Place an order.

        Raises:
            Denied: it is refused.
        """
        if not isinstance(fields, dict):
            raise bad_fields()
        if self._side.switches.halted:
            raise Denied(400, "TRADE_RESTRICTED", "Trading is suspended")
        ticket = ticket_of(fields, self._side.venue.pair)
        self._check_text(account, ticket)
        try:
            return self._side.engine.place(
                account, ticket, lenient=self._side.switches.impossible_orders == "ended"
            )
        except Refused as refused:
            raise of_engine(refused.why) from refused

    def cancel(self, account: Account, pair: str, name: str) -> AccountOrder:
        """End an order that is named by its id, or by its text.

        Raises:
            Denied: there is none, or it is over.
        """
        order = self.find(account, pair, name)
        try:
            self._side.engine.cancel(account, order)
        except Refused as refused:
            raise too_late(order, self._side.switches.late_cancel) from refused
        return order

    def cancel_all(self, account: Account, pair: str = "", side: str = "") -> list[AccountOrder]:
        """End all open orders, or those of a pair, or of one side of it.

        Raises:
            Denied: there is no such pair.
        """
        if pair:
            market_of(pair, self._side.venue.pair)
        chosen = [order for order in account.now.open.values() if _is(order, pair, side)]
        for order in chosen:
            self._side.engine.cancel(account, order)
        return chosen

    def amend(self, account: Account, pair: str, name: str, fields: Fields) -> AccountOrder:
        """Change an order's amount or price.

        Raises:
            Denied: there is none, it is over, or cannot be so.
        """
        order, market = self.find(account, pair, name), market_of(pair, self._side.venue.pair)
        if not order.open:
            raise too_late(order, self._side.switches.late_cancel)
        price, lots = order.ticket.price, order.ticket.lots
        if not {"amount", "price"} & fields.keys():
            raise wrong("one of amount and price is needed")
        if "price" in fields:
            price = counted(word(fields, "price"), market.listing.price_decimals, "price")
        if "amount" in fields:
            lots = counted(word(fields, "amount"), market.listing.size_decimals, "amount")
        try:
            self._side.engine.amend(account, order, price=price, lots=lots, note=word(fields, "amend_text"))
        except Refused as refused:
            raise of_engine(refused.why) from refused
        return order

    def find(self, account: Account, pair: str, name: str, *, read: bool = False) -> AccountOrder:
        """Return an order by its id, or while the switch ``text_life_s`` allows by its text.

        Args:
            account: whose.
            pair: it must be of this one.
            name: id or text.
            read: as reads show it, which may lag.

        Raises:
            Denied: there is none.
        """
        market_of(pair, self._side.venue.pair)
        state = self._side.statement(account) if read else account.now
        order = state.named(name) if name.startswith("t-") else state.numbered(name)
        if order is None or order.ticket.wire != pair or self._forgotten(order, name):
            raise not_found()
        return order

    def show(self, order: AccountOrder) -> Shape:
        """Return an order as both doors tell it."""
        return order_over_rest(self._side.venue.markets[order.ticket.wire], order)

    def show_some(self, account: Account, query: Fields) -> list[Shape]:
        """Return the orders of a pair that are open, or finished, newest first.

        Raises:
            Denied: there is no such pair, or a number is none.
        """
        pair, status = word(query, "currency_pair"), word(query, "status")
        if status not in ("open", "finished"):
            raise wrong("Invalid status: open or finished")
        if pair or status == "finished":
            market_of(pair, self._side.venue.pair)
        state, side = self._side.statement(account), word(query, "side")
        first_ns, last_ns = span_ns(query)
        chosen = [
            order
            for order in reversed(state.orders.values())
            if order.open == (status == "open")
            and _is(order, pair, side)
            and (status == "open" or first_ns <= order.updated_ns < last_ns)
        ]
        return [self.show(order) for order in paged(chosen, query, 100)]

    def _check_text(self, account: Account, ticket: Ticket) -> None:
        known = account.now.named(ticket.client_id) if ticket.client_id else None
        if known is None or self._side.switches.repeated_text == "accepted":
            return
        if known.open or not self._forgotten(known, ticket.client_id):
            raise Denied(400, "REPEATED_CREATION", f"text {text_of(known)} exists already")

    def _forgotten(self, order: AccountOrder, name: str) -> bool:
        age_ns = self._side.now_ns() - order.updated_ns
        return name.startswith("t-") and not order.open and age_ns > self._side.switches.text_life_s * NS


def number(query: Fields, name: str, default: int, *, most: int = 10**12) -> int:
    """Return a whole number of a query, which comes as text over REST and as a number over the websocket.

    Raises:
        Denied: it is none, or over ``most``.
    """
    text = str(query.get(name, default))
    if not text.isdecimal() or len(text) > 12 or int(text) > most:
        raise wrong(f"Invalid {name}: {text[:40]!r}")
    return int(text)


def span_ns(query: Fields) -> tuple[int, int]:
    """Return what ``from`` and ``to`` (seconds, both inclusive) mean; without them everything."""
    first = number(query, "from", 0) * NS
    last = (number(query, "to", 10**12 - 1) + 1) * NS
    return first, last


def paged(rows: list[AccountOrder], query: Fields, most: int) -> list[AccountOrder]:
    """Return one page of rows."""
    limit, page = number(query, "limit", 100, most=most), max(1, number(query, "page", 1))
    return rows[(page - 1) * limit : page * limit]


def _is(order: AccountOrder, pair: str, side: str) -> bool:
    return pair in ("", order.ticket.wire) and side in ("", "buy" if order.ticket.buys else "sell")
