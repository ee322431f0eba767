"""Calls about orders that are under way: what was asked for, whether a byte of it went out, and who waits."""

from collections import Counter
from collections.abc import Callable

import trio

from feedtree.exchanges.private.order_doors import PlaceRequest, Reply, Request, Unanswered, Withheld
from feedtree.exchanges.private.order_outcomes import Outcome
from feedtree.exchanges.private.order_search import Search

LATE_REPLY = 60.0  # seconds after its deadline in which a reply may tell what became of a request


def unguarded() -> None:
    """Let a request go."""


def untold(reply: Reply) -> None:
    """Tell nobody else."""


class Call:
    """One request, from being asked for until its reply.

    Args:
        request: what is asked for.
        deadline: trio time until which somebody waits, and until which it may go out.
        turn_at: trio time before which it must not go out.
        expires_ns: when the venue is not to take it up any more, by its clock.
        venue_ns: tells the venue's time.
        guard: returns why it must not go out after all, asked just before the first byte; None where it may.
        on_reply: told of the reply before whoever waits.
        sent_by: counts what went out, by door.

    Attributes:
        scope: what carries it runs inside; ends at the deadline, or when nobody waits, or `LATE_REPLY` after the
            deadline where something went out.
        sent_at: trio time of the first byte; None before.
        sent_ns: the same by the venue's clock.
        reply: what came of it.
        error: why it did not go out; the guard's word.
        door: the name of the door that it went, or is to go, through; empty before.
        why: what kept it from going out, or from an answer, in a line.
        over: set when there is nothing more to wait for.
    """

    def __init__(
        self,
        request: Request,
        *,
        deadline: float,
        turn_at: float,
        expires_ns: int,
        venue_ns: Callable[[], int],
        guard: Callable[[], Exception | None] = unguarded,
        on_reply: Callable[[Reply], None] = untold,
        sent_by: Counter[str] | None = None,
    ) -> None:
        self.request = request
        self.deadline = deadline
        self.turn_at = turn_at
        self.expires_ns = expires_ns
        self.scope = trio.CancelScope(deadline=deadline)
        self.sent_at: float | None = None
        self.sent_ns = 0
        self.reply: Reply | None = None
        self.error: Exception | None = None
        self.door = ""
        self.why = ""
        self.over = trio.Event()
        self._venue_ns = venue_ns
        self._guard = guard
        self._on_reply = on_reply
        self._sent_by: Counter[str] = Counter() if sent_by is None else sent_by
        self._left = False

    @property
    def sent(self) -> bool:
        """Whether the venue may have heard of it."""
        return self.sent_at is not None

    def on_sent(self) -> None:
        """Note that the first byte goes out now.

        Raises:
            Withheld: it must not.
        """
        self.error = self._guard()
        if self._left or self.error is not None:
            raise Withheld
        self.sent_at = trio.current_time()
        self.sent_ns = self._venue_ns()
        self._sent_by[self.door] += 1
        self.scope.deadline = self.deadline + LATE_REPLY

    def settle(self, reply: Reply) -> None:
        """Take the reply."""
        self.reply = reply
        if isinstance(reply, Unanswered):
            self.why = reply.why
        self._on_reply(reply)
        self.over.set()

    def withhold(self, error: Exception) -> None:
        """See that it does not go out, unless something has."""
        if not self.sent:
            self.error = error
            self._left = True
            self.scope.cancel()
            self.over.set()

    def leave(self) -> None:
        """Note that nobody waits any more: what has not gone out does not."""
        self._left = True
        if not self.sent:
            self.scope.cancel()

    async def wait(self) -> None:
        """Wait until it is over, or its deadline."""
        with trio.move_on_at(self.deadline):
            await self.over.wait()


class Placing:
    """An order that is being placed, until its outcome is known.

    Args:
        request: what is asked for.
        call: its way.

    Attributes:
        outcome: how it ended; None while that is not known.
        left: whether nobody waits for it any more: then it is told of as `OrderResolved`.
        search: looks for it where its outcome is unknown.
        doomed: cancel it as soon as it is known to be there.
        known: set with the outcome.
    """

    def __init__(self, request: PlaceRequest, call: Call) -> None:
        self.request = request
        self.call = call
        self.outcome: Outcome | None = None
        self.left = False
        self.search: Search | None = None
        self.doomed = False
        self.known = trio.Event()

    @property
    def name(self) -> str:
        """Its client order id."""
        return self.request.client_order_id

    @property
    def after_ns(self) -> int:
        """How long ago it went out."""
        sent_at = self.call.sent_at
        return 0 if sent_at is None else int((trio.current_time() - sent_at) * 1e9)
