"""What came of cancelling everything."""

from enum import StrEnum

from msgspec import Struct

from feedtree.exchanges.private.orders import Order


class Cause(StrEnum):
    """Why everything was cancelled."""

    ASKED = "asked"
    STOP = "stop"
    INCONSISTENT = "inconsistent"
    KILL = "kill"


class CancelReport(Struct, frozen=True, kw_only=True):
    """What came of cancelling everything.

    Args:
        cause: why.
        cancelled: the orders that the venue says it cancelled, as they ended.
        failed: what could not be cancelled for sure, each in words.
        unresolved: client order ids of orders that went out and may be there yet.
        took_s: seconds.
    """

    cause: Cause
    cancelled: tuple[Order, ...]
    failed: tuple[str, ...]
    unresolved: tuple[str, ...]
    took_s: float

    @property
    def complete(self) -> bool:
        """Whether nothing can be left open of what was to be cancelled."""
        return not self.failed and not self.unresolved
