"""Balances that a push has to tell of: an order that began or ended, and a fill, moved what is locked or held. Sans-io.

A push that was missed shows in the next one of its currency, which does not follow. Where no next one comes for long,
only what moved the balance shows that there was one.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["order", "fill"]

EARLIER_NS = 20_000_000  # by which a venue may date a balance before what moved it
# Comparisons in a row that find nothing missing, after which a kind is awaited no more: the venue tells or dates
# balances in another way.
MISTAKES = 3
_KEPT = 256  # of one currency, the newest


class _Awaited(NamedTuple):
    kind: Kind
    venue_ns: int
    since: float


class AwaitedBalances:
    """What is awaited, by currency.

    Args:
        patience: seconds after which a push that has not come was missed.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._awaited: dict[str, deque[_Awaited]] = {}
        self._told_ns: dict[str, int] = {}
        self._mistakes: Counter[Kind] = Counter()
        self._in_vain: set[Kind] = set()  # what was awaited for too long, in the comparison that goes on
        self._missed: set[Kind] = set()  # of what a push was missed, in the same

    def moved(self, kind: Kind, currency: str, venue_ns: int, now: float) -> None:
        """Note that a push told of what moved a balance.

        Args:
            kind: of what did.
            currency: of the balance.
            venue_ns: when, by the venue's clock.
            now: steady time.
        """
        if self._mistakes[kind] >= MISTAKES or venue_ns - EARLIER_NS <= self._told_ns.get(currency, 0):
            return
        self._awaited.setdefault(currency, deque(maxlen=_KEPT)).append(_Awaited(kind, venue_ns, now))

    def told(self, currency: str, venue_ns: int) -> None:
        """Note that a balance is known as it was at a time of the venue's, or later."""
        venue_ns = self._told_ns[currency] = max(self._told_ns.get(currency, 0), venue_ns)
        self._keep(currency, lambda each: each.venue_ns - EARLIER_NS > venue_ns)

    def equal(self, currency: str, now: float) -> None:
        """Note that the venue, which was asked, has what is known: nothing was missed, however long it was awaited."""
        awaited = self._awaited.pop(currency, ())
        self._in_vain.update(each.kind for each in awaited if each.since + self._patience <= now)

    def other(self, currency: str) -> None:
        """Note that the venue, which was asked, has something else than what is known: a push was missed."""
        self._missed.update(each.kind for each in self._awaited.pop(currency, ()))

    def compared(self, before: float) -> None:
        """Note that the venue was asked for all balances: nothing is awaited any more from before that time."""
        for kind in self._missed:
            self._mistakes[kind] = 0
        self._mistakes.update(self._in_vain - self._missed)
        self._missed, self._in_vain = set(), set()
        for currency in list(self._awaited):
            self._keep(currency, lambda each: each.since >= before)

    def _keep(self, currency: str, still: Callable[[_Awaited], bool]) -> None:
        left = deque(filter(still, self._awaited.pop(currency, ())), maxlen=_KEPT)
        if left:
            self._awaited[currency] = left

    def since(self) -> Iterator[float]:
        """Yield since when a push of each currency is awaited (steady time)."""
        return (awaited[0].since for awaited in self._awaited.values())
