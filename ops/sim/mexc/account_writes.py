"""What an account can have done at MEXC over REST."""

from typing import TYPE_CHECKING

import msgspec

from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.accounts.orders import AccountOrder
from feedtree.ops.sim.mexc.account_shapes import cancelled, placed
from feedtree.ops.sim.mexc.asked import Asked
from feedtree.ops.sim.mexc.denied import Denied, missing
from feedtree.ops.sim.mexc.identity import Params
from feedtree.ops.sim.mexc.tickets import market_of, ticket_of

if TYPE_CHECKING:
    from feedtree.ops.sim.mexc.private import MexcPrivate

Shape = dict[str, object]
_BATCH = 20  # orders of one symbol
_SYMBOLS = 5


class AccountWrites:
    """Does what the calls ask for that change something.

    Args:
        side: the venue's private side.
    """

    def __init__(self, side: "MexcPrivate") -> None:
        self._side = side

    def place(self, asked: Asked) -> Shape:
        """``POST /order``."""
        return self._placed(asked.entries[0], self._side.desk.place(asked.account, asked.params))

    def test(self, asked: Asked) -> Shape:
        """``POST /order/test``: checks what an order asks for, not whether there is enough for it."""
        ticket_of(asked.params, self._side.venue.market)
        return {}

    def place_some(self, asked: Asked) -> list[Shape]:
        """``POST /batchOrders``: items that fail do not keep the others from being placed."""
        items = batch(asked.params)
        if items is None:
            raise missing("batchOrders")
        if len(items) > _BATCH or len({item.get("symbol") for item in items}) > 1:
            raise Denied(33333, "param is error")
        return [self._one(asked, item, entry) for item, entry in zip(items, asked.entries, strict=True)]

    def cancel(self, asked: Asked) -> Shape:
        """``DELETE /order``."""
        order = self._side.desk.cancel(asked.account, asked.params)
        asked.entries[0].accepted(order)
        return self._cancelled(order, asked.params.get("origClientOrderId", ""))

    def cancel_all(self, asked: Asked) -> list[Shape]:
        """``DELETE /openOrders``: of up to five symbols."""
        names = asked.params.get("symbol", "").split(",")
        if len(names) > _SYMBOLS:
            raise Denied(33333, "param is error")
        wires = {market_of({"symbol": name}, self._side.venue.market).wire for name in names}
        ended = self._side.desk.cancel_all(asked.account, wires)
        asked.entries[0].outcome = "accepted"
        return [self._cancelled(order) for order in ended]

    def _one(self, asked: Asked, params: Params, entry: Entry) -> Shape:
        try:
            return self._placed(entry, self._side.desk.place(asked.account, params))
        except Denied as denied:
            entry.outcome = str(denied.code)
            name = params.get("newClientOrderId", "")
            return {"newClientOrderId": name, "msg": denied.text, "code": denied.code}

    def _placed(self, entry: Entry, order: AccountOrder) -> Shape:
        entry.accepted(order)
        return placed(self._side.venue.markets[order.ticket.wire], order)

    def _cancelled(self, order: AccountOrder, asked_as: str = "") -> Shape:
        return cancelled(self._side.venue.markets[order.ticket.wire], order, asked_as)


def batch(params: Params) -> list[Params] | None:
    """Return the orders of a batch, their values as text; None where it is no list of objects."""
    try:
        items = msgspec.json.decode(
            params.get("batchOrders", ""), type=list[dict[str, str | int | float | None]]
        )
    except msgspec.MsgspecError:
        return None
    orders = [{name: str(value) for name, value in item.items() if value is not None} for item in items]
    return [{**order, "type": order.get("type", "").replace("LIMIT_ORDER", "LIMIT")} for order in orders]
