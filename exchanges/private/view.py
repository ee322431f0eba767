"""A look at an account."""

from collections.abc import Mapping

from msgspec import Struct

from feedtree.exchanges.private.messages import Balance, Fill
from feedtree.exchanges.private.orders import Order


class AccountView(Struct, frozen=True, kw_only=True):
    """An account as it is known now.

    Args:
        venue: ``gateio.spot``.
        account: its name.
        state: of its stream: connecting, syncing, live, down or failed.
        consistent: whether all of this is known to equal the venue's.
        unexplained: what keeps it from that, each in words.
        age_s: seconds since the venue was last heard; None before that.
        balances: by currency, of all that is not 0.
        open_orders: oldest first.
        recent_fills: the last hundred that were told, oldest first.
        sequence: of the last message that was told.
    """

    venue: str
    account: str
    state: str
    consistent: bool
    unexplained: tuple[str, ...]
    age_s: float | None
    balances: Mapping[str, Balance]
    open_orders: tuple[Order, ...]
    recent_fills: tuple[Fill, ...]
    sequence: int
