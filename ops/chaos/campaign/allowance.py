"""What a venue's own limits allow: how long the return of lines takes at least, whoever brings them back.

A connection costs one of the venue's attempts, a book by REST its share of the weight; both budgets are ours, and stand
below the venue's (`Endpoint`). What else the tree spends there is left out, so nothing can be faster than this.
"""

from collections.abc import Iterable, Sequence

from feedtree.exchanges.limits import WeightBudget
from feedtree.ops.app import websocket_class
from feedtree.ops.chaos.campaign.lines import BOOKS_BY_SOCKET, Line, Scale, lines_of
from feedtree.ops.chaos.campaign.observation import Observation

TOLD_FROM = 1.0  # seconds


class Allowance:
    """One venue's budgets, which lines that come back spend.

    Args:
        venue: which.
    """

    def __init__(self, venue: str) -> None:
        endpoint = websocket_class(venue).VENUE.endpoint
        self._attempts = WeightBudget(endpoint.connection_attempts_per_s)
        self._weight = WeightBudget(endpoint.rest_weight, endpoint.rest_period)
        self._cost = endpoint.book_weight

    def spend(self, line: Line, at: float) -> float:
        """Let a line come back at a time, no earlier than those before it; return the seconds that this takes."""
        ready = at + self._attempts.take(at)
        waits = [self._weight.take(ready, self._cost) for _ in range(books_by_rest(line))]
        return ready - at + max(waits, default=0.0)


def books_by_rest(line: Line) -> int:
    """Return how many books of a line begin with a call of REST."""
    return len(line.symbols) if line.side == "public" and line.venue not in BOOKS_BY_SOCKET else 0


def longest(scale: Scale) -> float:
    """Return the seconds that the return of all lines of a tree takes, lost in one instant."""
    venues = {venue: Allowance(venue) for venue in scale.venues}
    return max((venues[line.venue].spend(line, 0.0) for line in lines_of(scale)), default=0.0)


def allow(observations: Sequence[Observation], scale: Scale) -> None:
    """Note of each observation how long the return of its line takes, those before it included."""
    lines = {str(line): line for line in lines_of(scale)}
    venues = {venue: Allowance(venue) for venue in scale.venues}
    for seen in sorted((seen for seen in observations if "found" in seen.measures), key=_lost_at):
        seen.allowed = round(venues[seen.venue].spend(lines[seen.line], _lost_at(seen)), 3)


def _lost_at(seen: Observation) -> float:
    """Return from when on a line could come back: when it was found lost, or when the fault was over."""
    measures = seen.measures
    over = measures["live"] - measures["after"] if "live" in measures and "after" in measures else 0.0
    return seen.at + max(measures["found"], over)


def allowances_told(observations: Iterable[Observation]) -> list[str]:
    """Return a line for each venue whose budgets alone took a noticeable time: beside it what was measured."""
    slowest: dict[str, Observation] = {}
    for seen in observations:
        known = slowest.get(seen.venue)
        if "live" in seen.measures and (known is None or seen.allowed > known.allowed):
            slowest[seen.venue] = seen
    return [
        f"{venue}: its budgets alone take {seen.allowed:.1f} s to bring {seen.line} back (fault {seen.number}, "
        f"{seen.kind}); it took {seen.measures['after']:.1f} s from the fault's end"
        for venue, seen in sorted(slowest.items())
        if seen.allowed >= TOLD_FROM
    ]
