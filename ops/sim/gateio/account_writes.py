"""What an account can have done at Gate.io over REST."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from feedtree.ops.sim.accounts.account import Account
from feedtree.ops.sim.accounts.entries import Entry
from feedtree.ops.sim.accounts.orders import AccountOrder
from feedtree.ops.sim.gateio.asked import Asked
from feedtree.ops.sim.gateio.denied import Denied, wrong
from feedtree.ops.sim.gateio.order_desk import number
from feedtree.ops.sim.gateio.tickets import Fields, market_of, word

if TYPE_CHECKING:
    from feedtree.ops.sim.gateio.private import GateioPrivate

Shape = dict[str, object]
_BATCH = 10  # orders of one pair
_BATCH_PAIRS = 4
_BATCH_CANCELS = 20
_LEAST_COUNTDOWN_S = 5


class AccountWrites:
    """Does what the calls ask for that change something.

    Args:
        side: the venue's private side.
    """

    def __init__(self, side: "GateioPrivate") -> None:
        self._side = side
        self._countdowns: dict[tuple[Account, str], int] = {}  # account and pair (empty: all) -> which

    def place(self, asked: Asked) -> Shape:
        """``POST /spot/orders``."""
        order = self._side.desk.place(asked.account, asked.content)
        return self._done(asked, order)

    def place_some(self, asked: Asked) -> list[Shape]:
        """``POST /spot/batch_orders``."""
        pairs = [str(item.get("currency_pair")) for item in asked.items]
        if len(set(pairs)) > _BATCH_PAIRS:
            raise Denied(400, "TOO_MANY_CURRENCY_PAIRS", f"at most {_BATCH_PAIRS} currency pairs")
        if any(pairs.count(pair) > _BATCH for pair in pairs):
            raise Denied(400, "TOO_MANY_ORDERS", f"at most {_BATCH} orders of a currency pair")
        return self._each(asked, lambda item: self._side.desk.place(asked.account, item))

    def amend(self, asked: Asked) -> Shape:
        """``PATCH /spot/orders/{id or text}``."""
        pair = word(asked.fields, "currency_pair")
        return self._done(asked, self._side.desk.amend(asked.account, pair, asked.name, asked.fields))

    def amend_some(self, asked: Asked) -> list[Shape]:
        """``POST /spot/amend_batch_orders``."""
        return self._each(
            asked,
            lambda item: self._side.desk.amend(
                asked.account, word(item, "currency_pair"), str(item.get("order_id", "")), item
            ),
        )

    def cancel(self, asked: Asked) -> Shape:
        """``DELETE /spot/orders/{id or text}``."""
        pair = word(asked.query, "currency_pair")
        return self._done(asked, self._side.desk.cancel(asked.account, pair, asked.name))

    def cancel_some(self, asked: Asked) -> list[Shape]:
        """``POST /spot/cancel_batch_orders``."""
        if len(asked.items) > _BATCH_CANCELS:
            raise Denied(400, "TOO_MANY_ORDERS", f"at most {_BATCH_CANCELS} orders")
        rows = []
        for item, entry in zip(asked.items, asked.entries, strict=True):
            pair, name = word(item, "currency_pair"), str(item.get("id", ""))
            row: Shape = {"currency_pair": pair, "id": name, "account": "spot"}
            try:
                entry.accepted(self._side.desk.cancel(asked.account, pair, name))
                rows.append({**row, "succeeded": True, "label": "", "message": ""})
            except Denied as denied:
                entry.outcome = denied.label
                rows.append({**row, "succeeded": False, "label": denied.label, "message": denied.text})
        return rows

    def cancel_all(self, asked: Asked) -> list[Shape]:
        """``DELETE /spot/orders``: all of a pair, or of all pairs."""
        pair, side = word(asked.query, "currency_pair"), word(asked.query, "side")
        ended = self._side.desk.cancel_all(asked.account, pair, side)
        asked.entries[0].outcome = "accepted"
        return [{**self._side.desk.show(order), "succeeded": True} for order in ended]

    def countdown(self, asked: Asked) -> Shape:
        """``POST /spot/countdown_cancel_all``: 0 ends it; without a renewal all orders are cancelled then."""
        pair, seconds = word(asked.fields, "currency_pair"), number(asked.fields, "timeout", 0)
        if pair:
            market_of(pair, self._side.venue.pair)
        if 0 < seconds < _LEAST_COUNTDOWN_S:
            raise wrong(f"timeout must be 0 or at least {_LEAST_COUNTDOWN_S}")
        key = (asked.account, pair)
        which = self._countdowns[key] = self._countdowns.get(key, 0) + 1

        def run_out() -> None:
            if self._countdowns[key] == which:
                self._side.desk.cancel_all(asked.account, pair)

        if seconds:
            self._side.venue.later(seconds, run_out)
        return {"triggerTime": str(self._side.now_ns() // 10**6 + seconds * 1_000) if seconds else "0"}

    def _done(self, asked: Asked, order: AccountOrder) -> Shape:
        asked.entries[0].accepted(order)
        return self._side.desk.show(order)

    def _each(self, asked: Asked, do: Callable[[Fields], AccountOrder]) -> list[Shape]:
        return [self._one(item, entry, do) for item, entry in zip(asked.items, asked.entries, strict=True)]

    def _one(self, item: Fields, entry: Entry, do: Callable[[Fields], AccountOrder]) -> Shape:
        try:
            order = do(item)
        except Denied as denied:
            entry.outcome = denied.label
            text = str(item.get("text", ""))
            return {"text": text, "succeeded": False, "label": denied.label, "message": denied.text}
        entry.accepted(order)
        return {**self._side.desk.show(order), "succeeded": True}
