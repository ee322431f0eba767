"""The orders of which the outcome is not known yet, and how each comes to be known: once, and told once.

An answer, a push, or the search may tell it, in any order. The caller gets it where it still waits, and else everybody
does, as `OrderResolved`.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator

from feedtree.exchanges.private.ledger import Ledger
from feedtree.exchanges.private.order_calls import Placing
from feedtree.exchanges.private.order_doors import Answered, Refused, Reply
from feedtree.exchanges.private.order_outcomes import Outcome, never_arrived, outcome_of
from feedtree.exchanges.private.order_search import Search
from feedtree.exchanges.private.orders import Accepted, Order, Rejected

GIVEN_UP_KEPT = 100  # orders taken for never arrived, the newest


class Docket:
    """All placings of one account.

    Args:
        ledger: what is known of the account.
        on_search: called when an outcome has to be searched for.
        on_doomed: told of an order that is there and must not stay.

    Attributes:
        contradicted: how many of those that were taken for never arrived were there after all.
        outcomes: how many orders were ``accepted`` or ``rejected`` by what their callers were told, how many were of
            ``unknown`` outcome, and of how many of these it was ``resolved``.
    """

    def __init__(
        self,
        ledger: Ledger,
        on_search: Callable[[], None],
        on_doomed: Callable[[Placing, Accepted], None],
    ) -> None:
        self._ledger = ledger
        self._on_search = on_search
        self._on_doomed = on_doomed
        self._placings: dict[str, Placing] = {}  # by client order id
        self._given_up: OrderedDict[str, Placing] = OrderedDict()  # taken for never arrived
        self.contradicted = 0
        self.outcomes: Counter[str] = Counter()

    def __contains__(self, client_order_id: str) -> bool:
        return client_order_id in self._placings

    def __iter__(self) -> Iterator[Placing]:
        return iter(list(self._placings.values()))

    def get(self, client_order_id: str) -> Placing | None:
        """Return a placing whose outcome is not known."""
        return self._placings.get(client_order_id)

    @property
    def unresolved(self) -> tuple[Placing, ...]:
        """Those that went out, and for whose outcome nobody waits any more, oldest first."""
        return tuple(placing for placing in self._placings.values() if placing.search is not None)

    @property
    def watches(self) -> bool:
        """Whether a push could tell something that is not known."""
        return bool(self._given_up) or any(placing.search for placing in self._placings.values())

    def count(self) -> int:
        """Return how many orders are open, or may be."""
        named = {order.client_order_id for order in self._ledger.open_orders()}
        others = sum(1 for name in self._placings if name not in named)
        return len(self._ledger.open_orders()) + others

    # From the beginning ...

    def add(self, placing: Placing) -> None:
        """Take up a placing, of a name that no other one has."""
        self._given_up.pop(placing.name, None)
        self._placings[placing.name] = placing

    def drop(self, placing: Placing) -> None:
        """Forget a placing of which nothing went out."""
        self._placings.pop(placing.name, None)

    # ... by what comes of it ...

    def reply(self, placing: Placing, reply: Reply) -> None:
        """Take what came back through the door."""
        match reply:
            case Answered(orders=(order, *_), shown=shown):
                self._ledger.apply_order(order)
                self.conclude(placing, outcome_of(placing.request, order, shown=shown))
            case Refused():
                rejected = Rejected(
                    client_order_id=placing.name, reason=reply.reason, code=reply.code, text=reply.text
                )
                self.conclude(placing, rejected)
            case _:
                pass  # whoever waits for the call hears of it, and leaves

    def leave(self, placing: Placing) -> None:
        """Note that nobody waits for its outcome any more; where something went out it is searched for."""
        placing.left = True
        placing.call.leave()
        if placing.outcome is not None:  # it came, and the caller was cancelled in the same step
            self._ledger.resolved(placing.name, placing.outcome, placing.after_ns)
        elif placing.call.sent:
            call = placing.call
            placing.search = Search(placing.request, call.sent_ns, call.expires_ns)
            self.outcomes["unknown"] += 1
            self._on_search()
        else:
            self.drop(placing)

    def look(self) -> None:
        """See whether the account has come to know of an order that is searched for, or was taken for not there."""
        for placing in self.unresolved:
            order = self._ledger.named(placing.name)
            if order is not None:
                self.conclude(placing, outcome_of(placing.request, order))
        for placing in list(self._given_up.values()):
            order = self._ledger.named(placing.name)
            if order is not None:
                self._contradict(placing, outcome_of(placing.request, order))

    def found(self, placing: Placing, order: Order) -> None:
        """Take an order that the search found."""
        self._ledger.apply_order(order, recovered=True)
        self.conclude(placing, outcome_of(placing.request, order))

    def found_part(self, placing: Placing, order_id: str) -> None:
        """Take a fill for the proof that its order is there, of which nothing else is known."""
        self.conclude(placing, Accepted(client_order_id=placing.name, order_id=order_id))

    def give_up(self, placing: Placing) -> None:
        """Take an order for never arrived. Should the account hear of it after all, that is told, too."""
        if placing.outcome is not None:
            return
        self._given_up[placing.name] = placing
        if len(self._given_up) > GIVEN_UP_KEPT:
            self._given_up.popitem(last=False)
        self.conclude(placing, never_arrived(placing.request))

    # ... to its end

    def conclude(self, placing: Placing, outcome: Outcome) -> None:
        """Take an outcome; only the first one of a placing counts."""
        if placing.outcome is not None:
            return
        placing.outcome = outcome
        self.outcomes["resolved"] += placing.search is not None
        self.drop(placing)
        placing.known.set()
        placing.call.over.set()
        if placing.left:
            self._ledger.resolved(placing.name, outcome, placing.after_ns)
        self._end_doomed(placing, outcome)

    def _contradict(self, placing: Placing, outcome: Outcome) -> None:
        del self._given_up[placing.name]
        self.contradicted += 1
        placing.outcome = outcome
        self._ledger.resolved(placing.name, outcome, placing.after_ns)
        self._end_doomed(placing, outcome)

    def _end_doomed(self, placing: Placing, outcome: Outcome) -> None:
        if placing.doomed and isinstance(outcome, Accepted):
            self._on_doomed(placing, outcome)
