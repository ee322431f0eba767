"""What a user may set for the orders of one account."""

from enum import StrEnum

from msgspec import Struct
from msgspec.structs import force_setattr

from feedtree.exchanges.private.order_limits import HardLimits


class OpenOrders(StrEnum):
    """What becomes of open orders when nobody looks after them any more."""

    KEEP = "keep"
    CANCEL_ALL = "cancel_all"


class DoorChoice(StrEnum):
    """Which door an order goes through first; where that one is closed before the first byte, it is REST."""

    WEBSOCKET = "websocket"
    REST = "rest"


class OrderOptions(Struct, frozen=True, kw_only=True):
    """How an account's orders are handled. Words may be given as texts: ``on_stop="cancel_all"``.

    Args:
        door: which way they go, where a venue has more than one.
        on_stop: what becomes of open orders when the account is stopped.
        on_inconsistent: the same when it is not known any more whether the account equals the venue's.
        dead_mans_switch: seconds after which the venue cancels all orders unless it hears from a consistent account,
            at least 5; None for never. Only where the venue has that (Gate.io).
        most_wait: seconds that a request may wait for its turn by the venue's rate limits.
        limits: what no order may exceed.

    Raises:
        ValueError: a time that is too short, or a word that is unknown.
    """

    door: DoorChoice = DoorChoice.WEBSOCKET
    on_stop: OpenOrders = OpenOrders.KEEP
    on_inconsistent: OpenOrders = OpenOrders.KEEP
    dead_mans_switch: int | None = None
    most_wait: float = 1.0
    limits: HardLimits = HardLimits()

    def __post_init__(self) -> None:
        for name, words in (("door", DoorChoice), ("on_stop", OpenOrders), ("on_inconsistent", OpenOrders)):
            force_setattr(self, name, words(getattr(self, name)))
        if self.dead_mans_switch is not None and self.dead_mans_switch < 5:
            raise ValueError(f"dead_mans_switch is at least 5 s, not {self.dead_mans_switch}")
        if not self.most_wait >= 0:
            raise ValueError(f"most_wait is 0 s or more, not {self.most_wait}")
