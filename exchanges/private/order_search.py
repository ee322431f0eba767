"""The search for an order whose outcome is unknown: when to ask, for what, and what the answers prove. Sans-io.

That an order is there is proven by whoever shows it. That it is not there, and will not be, is proven only when the
venue was asked after the order's expiry, by the venue's own clock, and open orders, finished orders and fills all lack
it: in this order, for an order moves only in this direction. REST may lag, so it is proven by two such rounds with a
pause between them. Rows that could be the order and do not say prove nothing.
"""

from msgspec import Struct

from feedtree.exchanges.private.order_doors import PlaceRequest
from feedtree.exchanges.private.orders import Order
from feedtree.exchanges.private.rest import RawFill
from feedtree.exchanges.symbols import Symbol

FIRST_AFTER = 0.2  # seconds after the outcome became unknown
AGAIN_AFTER = 1.0  # between questions for the order itself, before its expiry
SETTLED_AFTER = 1.0  # after the expiry: the venue may still be at work on what came just before it
CONFIRMED_AFTER = 5.0  # between two rounds that lack the order: what REST may lag behind
FAILED_AFTER = 0.5  # after a question that failed; doubles
LONGEST_PAUSE = 10.0
OVERLAP_NS = 10_000_000_000  # from so long before it was sent the venue is asked for orders and fills

_S = 1_000_000_000


class Round(Struct, frozen=True):
    """What the venue answered, in the order in which it was asked.

    Args:
        asked_ns: when the first question went out, by the venue's clock at the latest that it may have been.
        open_orders: of the symbol, at least.
        finished: orders of the symbol that ended since the search's ``since_ns``.
        fills: of the symbol since then.
    """

    asked_ns: int
    open_orders: list[Order]
    finished: list[Order]
    fills: list[RawFill]


class Search:
    """The search for one order.

    Args:
        request: what was asked for.
        sent_ns: when it went out, by the venue's clock.
        expires_ns: when the venue takes it up no more, by its clock.
    """

    def __init__(self, request: PlaceRequest, sent_ns: int, expires_ns: int) -> None:
        self.request = request
        self.since_ns = sent_ns - OVERLAP_NS
        self._settled_ns = expires_ns + int(SETTLED_AFTER * _S)
        self._asked = False
        self._failures = 0
        self._rounds = 0  # that could have proven something
        self._lacked = 0  # of them, one after the other, without the order
        self.absent = False

    @property
    def symbol(self) -> Symbol:
        """Of the order."""
        return self.request.symbol

    def pause(self, venue_ns: int) -> float:
        """Return the seconds until the next question.

        Args:
            venue_ns: the venue's time.
        """
        if self._failures:
            return min(FAILED_AFTER * 2.0 ** (self._failures - 1), LONGEST_PAUSE)
        if not self._asked:
            return FIRST_AFTER
        left = (self._settled_ns - venue_ns) / _S
        if left > 0:
            return min(AGAIN_AFTER, left)
        return CONFIRMED_AFTER if self._rounds else 0.0

    def conclusive(self, venue_ns: int) -> bool:
        """Return whether a round that begins now could prove that the order is not there."""
        return venue_ns >= self._settled_ns

    def asked(self) -> None:
        """Note a question that was answered."""
        self._asked = True
        self._failures = 0

    def failed(self) -> None:
        """Note a question without an answer: it proves nothing, neither way."""
        self._asked = True
        self._failures += 1

    def judge(self, answers: Round) -> Order | str | None:
        """Take a round of answers.

        Returns:
            The order where it is shown; its id where only a fill of it is; None where it is not there. `absent`
            tells whether that is proven.
        """
        self.asked()
        found = self._shown(answers)
        if found is not None:
            return found
        if self.conclusive(answers.asked_ns):
            self._rounds += 1
            self._lacked = 0 if self._maybe_there(answers) else self._lacked + 1
            self.absent = self._lacked > 1
        return None

    def _shown(self, answers: Round) -> Order | str | None:
        name = self.request.client_order_id
        for order in (*answers.finished, *answers.open_orders):
            if order.client_order_id == name:
                return order
        return next((fill.order_id for fill in answers.fills if fill.client_order_id == name), None)

    def _maybe_there(self, answers: Round) -> bool:
        """Return whether a row may be the order, or a part of it, and does not say whose it is."""
        orders = (*answers.open_orders, *answers.finished)
        listed = {order.order_id for order in orders}
        return any(self._alike(order) for order in orders) or any(
            self._may_be_part(fill) for fill in answers.fills if fill.order_id not in listed
        )

    def _may_be_part(self, fill: RawFill) -> bool:
        request = self.request
        return (
            fill.client_order_id is None
            and (fill.symbol, fill.side) == (request.symbol, request.side)
            and (request.quantity is None or fill.quantity <= request.quantity)
        )

    def _alike(self, order: Order) -> bool:
        request = self.request
        return (
            order.client_order_id is None
            and (order.symbol, order.side) == (request.symbol, request.side)
            and (order.created_ns is None or order.created_ns >= self.since_ns)
            and order.price in (None, request.price)
            and order.quantity in (None, request.quantity)
        )
