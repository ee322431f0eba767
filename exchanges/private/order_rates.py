"""How fast requests about orders may go: a venue's limits, and the pauses that it asks for. Pure: times are arguments.

Times are seconds on one steady clock (trio's).
"""

from enum import StrEnum

from msgspec import Struct

from feedtree.exchanges.limits import WeightBudget
from feedtree.exchanges.private.order_doors import (
    AmendRequest,
    Brake,
    CancelAllRequest,
    CancelRequest,
    PlaceRequest,
    Request,
)
from feedtree.exchanges.symbols import Symbol


class Kind(StrEnum):
    """Requests that count together."""

    ENTRY = "entry"  # orders and amendments
    CANCEL = "cancel"
    OTHER = "other"


class Rate(Struct, frozen=True):
    """At most so many requests.

    Args:
        requests: how many ...
        period: ... in any so many seconds.
    """

    requests: int
    period: float


class VenueRates(Struct, frozen=True, kw_only=True):
    """What a venue allows an account.

    Args:
        entry: orders and amendments.
        entry_by_symbol: whether that is for each symbol, or for all together.
        cancel: cancels.
        other: whatever else goes through a door.
        source: where the numbers come from, with date.
    """

    entry: Rate
    entry_by_symbol: bool
    cancel: Rate
    other: Rate
    source: str


def kind_of(request: Request) -> Kind:
    """Return what a request counts as."""
    match request:
        case PlaceRequest() | AmendRequest():
            return Kind.ENTRY
        case CancelRequest() | CancelAllRequest():
            return Kind.CANCEL
        case _:
            return Kind.OTHER


class OrderRates:
    """Counts the requests of one account.

    Args:
        rates: of the venue.
    """

    def __init__(self, rates: VenueRates) -> None:
        self._rates = rates
        self._budgets: dict[tuple[Kind, Symbol | None], WeightBudget] = {}
        self._paused_until = 0.0

    def wait(self, request: Request, now: float) -> float:
        """Return the seconds until this request may go; 0.0 is now. Takes nothing."""
        return max(self._budget(request).wait(now), self._paused_until - now, 0.0)

    def take(self, request: Request, now: float) -> float:
        """Reserve the request's turn, and return the seconds to it; a turn that is not used is lost."""
        budget = self._budget(request)
        budget.pause(self._paused_until)
        return budget.take(now)

    def brake(self, request: Request, brake: Brake, now: float) -> None:
        """Pause as the venue asked in its reply to this request."""
        if brake.everything:
            self._paused_until = max(self._paused_until, now + brake.seconds)
        self._budget(request).pause(now + brake.seconds)

    def _budget(self, request: Request) -> WeightBudget:
        kind, symbol = kind_of(request), None
        if self._rates.entry_by_symbol and isinstance(request, PlaceRequest | AmendRequest):
            symbol = request.symbol
        key = kind, symbol
        budget = self._budgets.get(key)
        if budget is None:
            rate: Rate = getattr(self._rates, kind)
            budget = self._budgets[key] = WeightBudget(rate.requests, rate.period)
        return budget
