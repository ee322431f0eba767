"""What Gate.io's WebSocket API can be asked for, besides the login."""

from typing import TYPE_CHECKING

from feedtree.ops.sim.accounts.orders import AccountOrder
from feedtree.ops.sim.gateio.account_writes import AccountWrites
from feedtree.ops.sim.gateio.asked import Asked
from feedtree.ops.sim.gateio.denied import Denied
from feedtree.ops.sim.gateio.tickets import word

if TYPE_CHECKING:
    from feedtree.ops.sim.gateio.private import GateioPrivate

Shape = dict[str, object]
_FEES = (
    "fee",
    "fee_currency",
    "point_fee",
    "gt_fee",
    "gt_maker_fee",
    "gt_taker_fee",
    "gt_discount",
    "rebated_fee",
    "rebated_fee_currency",
)
_KEY_FIELDS = ("id", "text", "amend_text", "create_time_ms", "update_time_ms", "currency_pair")


class ApiCalls:
    """Does what the calls ask for.

    Args:
        side: the venue's private side.
    """

    def __init__(self, side: "GateioPrivate") -> None:
        self._side = side
        self._writes = AccountWrites(side)

    def place(self, asked: Asked) -> object:
        """``spot.order_place``: one, or several."""
        if isinstance(asked.content, list):
            return [self._shorter(item) for item in self._writes.place_some(asked)]
        mode = str(asked.fields.get("action_mode", "FULL"))
        order = self._side.desk.place(asked.account, asked.content)
        asked.entries[0].accepted(order)
        if mode == "ACK":
            shown = self._side.desk.show(order)
            return {name: shown[name] for name in _KEY_FIELDS}
        return self._show(order, fees=mode != "RESULT" and self._side.switches.api_fees)

    def amend(self, asked: Asked) -> object:
        """``spot.order_amend``."""
        pair, name = self._named(asked)
        order = self._side.desk.amend(asked.account, pair, name, asked.fields)
        asked.entries[0].accepted(order)
        return self._show(order)

    def cancel(self, asked: Asked) -> object:
        """``spot.order_cancel``."""
        order = self._side.desk.cancel(asked.account, *self._named(asked))
        asked.entries[0].accepted(order)
        return self._show(order)

    def cancel_ids(self, asked: Asked) -> object:
        """``spot.order_cancel_ids``: status 200 even where items fail."""
        return [_brief(row) for row in self._writes.cancel_some(asked)]

    def cancel_pair(self, asked: Asked) -> object:
        """``spot.order_cancel_cp``."""
        pair, side = word(asked.fields, "currency_pair"), word(asked.fields, "side")
        if not pair:
            raise Denied(400, "MISSING_REQUIRED_PARAM", "Missing required parameter: currency_pair")
        ended = self._side.desk.cancel_all(asked.account, pair, side)
        asked.entries[0].outcome = "accepted"
        return [self._show(order) for order in ended]

    def status(self, asked: Asked) -> object:
        """``spot.order_status``."""
        return self._show(self._side.desk.find(asked.account, *self._named(asked), read=True))

    def list(self, asked: Asked) -> object:
        """``spot.order_list``."""
        return [self._shorter(row) for row in self._side.desk.show_some(asked.account, asked.fields)]

    def _named(self, asked: Asked) -> tuple[str, str]:
        return word(asked.fields, "currency_pair"), word(asked.fields, "order_id")

    def _show(self, order: AccountOrder, *, fees: bool = True) -> Shape:
        return self._shorter(self._side.desk.show(order), fees=fees)

    def _shorter(self, row: Shape, *, fees: bool = True) -> Shape:
        if fees and self._side.switches.api_fees:
            return row
        return {name: value for name, value in row.items() if name not in _FEES}


def _brief(row: Shape) -> Shape:
    if row["succeeded"]:
        return {name: row[name] for name in ("currency_pair", "id", "succeeded")}
    return {name: row[name] for name in ("currency_pair", "id", "label", "message")}
