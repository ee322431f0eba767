"""The way of a request from whoever asks for it to a door: its turn by the rate limits, the door, its reply.

What is queued here is carried by the desk's actor; while none runs it waits, as long as somebody waits for it.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence

import trio

from feedtree.actors.meters import Meters
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.order_calls import Call, unguarded, untold
from feedtree.exchanges.private.order_doors import (
    Answered,
    Door,
    PlaceRequest,
    Refused,
    Reply,
    Request,
    Unanswered,
)
from feedtree.exchanges.private.order_rates import OrderRates, VenueRates, kind_of
from feedtree.exchanges.private.orders import RejectReason

MOST_QUEUED = 1000  # requests that wait to be carried


class Dispatch:
    """All requests of one account.

    Args:
        doors: in the order in which they are tried; the last one is always open.
        rates: what the venue allows.
        clock: the venue's.
        most_wait: seconds that a request may wait for its turn.

    Attributes:
        meters: counts requests and replies by kind, and measures how long turns and replies took.
        sent: how many requests went out, by the name of their door.
    """

    def __init__(self, doors: Sequence[Door], rates: VenueRates, clock: VenueClock, most_wait: float) -> None:
        self._doors = doors
        self._rates = OrderRates(rates)
        self._clock = clock
        self._most_wait = most_wait
        self._queue: deque[Call] = deque()
        self._carried: set[Call] = set()
        self.meters = Meters()
        self.sent: Counter[str] = Counter()
        self.work = trio.Event()

    # Whoever asks

    def submit(
        self,
        request: Request,
        timeout: float,
        *,
        most_wait: float | None = None,
        guard: Callable[[], Exception | None] = unguarded,
        on_reply: Callable[[Reply], None] = untold,
    ) -> Call | Refused:
        """Queue a request, or refuse it where its turn is too far away; then it is not sent, nor counted.

        Args:
            request: what is asked for.
            timeout: seconds that somebody waits.
            most_wait: seconds that it may wait for its turn, where that is not the dispatch's own bound.
            guard: see `Call`.
            on_reply: see `Call`.
        """
        now = trio.current_time()
        wait = self._rates.wait(request, now)
        most = min(self._most_wait if most_wait is None else most_wait, timeout)
        if wait > most:
            return self._overrun(request, f"the next turn is in {wait:.2f} s, over the bound of {most:g} s")
        if len(self._queue) >= MOST_QUEUED:
            return self._overrun(request, f"{MOST_QUEUED} requests wait to be carried already")
        self.meters.histogram("turn_wait_ns").record(int(wait * 1e9))
        call = Call(
            request,
            deadline=now + timeout,
            turn_at=now + self._rates.take(request, now),
            expires_ns=self._clock.now_ns() + int(timeout * 1e9),
            venue_ns=self._clock.now_ns,
            guard=guard,
            on_reply=on_reply,
            sent_by=self.sent,
        )
        self._queue.append(call)
        self.wake()
        return call

    def _overrun(self, request: Request, rule: str) -> Refused:
        self.meters.count("held_back")
        text = f"{kind_of(request)} requests: {rule}"
        return Refused(reason=RejectReason.RATE_LIMITED, code="", text=text)

    def withhold(self, error: Callable[[], Exception]) -> None:
        """End the wait of all requests of which nothing went out; each with an error of its own."""
        for call in (*self._queue, *self._carried):
            call.withhold(error())

    # The actor

    def wake(self) -> None:
        """Have the actor look for work."""
        self.work.set()

    def take(self) -> list[Call]:
        """Return what waits to be carried, and no longer hold it."""
        calls = list(self._queue)
        self._queue.clear()
        self._carried.update(calls)
        return calls

    def door(self, request: Request) -> Door | None:
        """Return the door that a request is to go through now; None where no open one takes it."""
        return next((door for door in self._doors if door.open and door.takes(request)), None)

    def settle(self, call: Call, reply: Reply) -> None:
        """Take the reply to a request, or that there is none."""
        now = trio.current_time()
        self._carried.discard(call)
        if reply.brake is not None:
            self._rates.brake(call.request, reply.brake, now)
            self.meters.count("braked")
        name = "place" if isinstance(call.request, PlaceRequest) else kind_of(call.request)
        self.meters.count(f"{name}_{_NAMES[type(reply)]}")
        if call.sent_at is not None:
            self.meters.histogram(f"{name}_reply_ns").record(int((now - call.sent_at) * 1e9))
        call.settle(reply)
        self.wake()

    @property
    def under_way(self) -> int:
        """How many requests are queued, or out."""
        return len(self._queue) + len(self._carried)

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn by the rate limits."""
        now = trio.current_time()
        return sum(1 for call in (*self._queue, *self._carried) if not call.sent and call.turn_at > now)


_NAMES: dict[type[Reply], str] = {Answered: "done", Refused: "refused", Unanswered: "unanswered"}
