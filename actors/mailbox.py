"""A bounded queue between publishers and one consumer, with a policy for each class of message."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

import trio

from feedtree.actors.backlog import Backlog
from feedtree.actors.entries import Lot, content
from feedtree.actors.intake import Intake
from feedtree.actors.outages import Outages
from feedtree.actors.outlet import Outlet
from feedtree.actors.routes import EventRule, Policy, Route
from feedtree.actors.statistics import DropReason, MailboxStatistics, Tally

_ENDED = (trio.EndOfChannel, trio.ClosedResourceError)


class MailboxOverflow(Exception):
    """A mailbox of policy ``fail`` was full: all that was unread is discarded, and the mailbox is closed.

    Open a new one and start from a snapshot.

    Attributes:
        first_lost: the oldest message that was discarded.
        last_lost: the newest message that was discarded.
    """

    def __init__(self, first_lost: Any, last_lost: Any) -> None:
        super().__init__(f"overflow: lost {first_lost!r} to {last_lost!r}")
        self.first_lost = first_lost
        self.last_lost = last_lost


class Source(Protocol):
    """What a mailbox is attached to (a fan-out)."""

    def detach(self, mailbox: "Mailbox") -> None:
        """Offer nothing more to this mailbox."""
        ...


class Mailbox:
    """One consumer's queue, all kinds of message in one order.

    ``async for message in mailbox`` gives messages one by one, ``async for burst in mailbox.bursts()`` a
    list for each burst that was published. There is one checkpoint between bursts and none between the
    messages of a burst. Conflated messages are rendered when they are taken.

    Order is the order of offering, except that a conflated message stands where the first unread one of
    its key stood. After a lost-event of a key, no datum of that key is delivered before its up-event:
    what is offered between them is dropped.

    Capacity counts waiting messages, tokens of conflated keys and events. When more wait, ``drop_oldest``
    data are dropped by whole bursts, the oldest first, but never of a burst that is being read; a burst that
    is too large in itself loses its oldest. Only tokens (one for each key), events (which collapse) and the burst for
    which a ``block`` mailbox makes its publisher wait can exceed it.

    A cancelled wait loses nothing: a burst whose messages were not all taken stays, and the next call
    goes on with it. One task reads at a time.

    Iteration ends when the consumer closes the mailbox (also while it waits, from another task), or when
    all publishers have ended and everything was read.

    Args:
        routes: how to treat data; classes without a route or rule are left out.
        events: how to treat events.
        capacity: messages.
        accept: takes in only messages for which it is true; None takes all, and is faster.
        accept_event: the same for events alone.
        name: for tools.

    Raises:
        ValueError: capacity is below 1, or a class has two routes or rules.
    """

    def __init__(
        self,
        routes: Iterable[Route],
        events: Iterable[EventRule] = (),
        *,
        capacity: int = 10_000,
        accept: Callable[[Any], bool] | None = None,
        accept_event: Callable[[Any], bool] | None = None,
        name: str = "",
    ) -> None:
        if capacity < 1:
            raise ValueError(f"a mailbox holds at least one message, not {capacity}")
        self.name = name
        self._capacity = capacity
        self._accept = accept
        self._tally = Tally()
        self._outages = Outages()
        self._intake = Intake(routes, events, self._outages, self._tally, accept_event)
        self._outlet = Outlet(self._intake, self._outages, self._tally)
        self._backlog = Backlog(self._intake, self._outages, self._tally, capacity)
        policies = {route.policy for route in self._intake.plain.values()}
        self._blocks = Policy.BLOCK in policies
        self._fails = Policy.FAIL in policies
        self._started_at = 0.0  # when the burst that is being read was offered
        self._reading = False
        self._closed = False  # nothing more is taken in
        self._shut = False  # nothing more is given out
        self._failure: MailboxOverflow | None = None
        self._room = trio.lowlevel.ParkingLot()
        self._sources: list[Source] = []

    # The publishers' side

    def offer(self, burst: Sequence[Any]) -> bool:
        """Put a burst into the queue. Never waits, never raises for a full queue, never changes the burst.

        Args:
            burst: messages in order.

        Returns:
            False where the mailbox is full and its policy is ``block``: the burst is taken in, and the
            publisher has to await `wait_space` before it goes on. A closed mailbox takes nothing and says
            True.
        """
        if self._closed:
            return True
        if self._accept is not None:
            burst = list(filter(self._accept, burst))
        entries = self._intake.sort(burst)
        tally = self._tally
        if entries:
            if tally.depth > self._capacity:
                entries = self._backlog.make_room(entries)
                if self._fails and tally.depth > self._capacity:
                    self._fail(entries)
                    return True
            if tally.depth > tally.high_water:
                tally.high_water = tally.depth
            self._backlog.append(entries)
        if tally.litter > self._capacity:
            self._backlog.sweep()
        return not self._blocks or tally.depth < self._capacity

    async def wait_space(self) -> None:
        """Wait until the mailbox is not full, or takes in nothing more. Cancelling it loses nothing."""
        await trio.lowlevel.checkpoint()
        while not self._closed and self._tally.depth >= self._capacity:
            await self._room.park()

    def join(self, source: Source) -> None:
        """Count a source of messages; a fan-out calls it in ``attach``.

        Raises:
            trio.ClosedResourceError: the mailbox takes in nothing more.
        """
        if self._closed:
            raise trio.ClosedResourceError(f"mailbox {self.name} is closed")
        self._sources.append(source)

    def leave(self, source: Source, *, ended: bool) -> None:
        """Forget a source of messages; when the last one has ended, so does the mailbox.

        Args:
            source: one that joined.
            ended: it publishes to nobody any more (and did not just let go of this mailbox).
        """
        if source in self._sources:
            self._sources.remove(source)
            if ended and not self._sources:
                self.end()

    def end(self) -> None:
        """Take in nothing more; iteration ends when all that waits was read. Calling it again does nothing."""
        self._closed = True
        self._backlog.end()
        self._room.unpark_all()
        self._detach()

    # The consumer's side

    def close(self) -> None:
        """Close the mailbox and discard what waits. Calling it again does nothing.

        A task that waits in it gets its end of iteration (or ``trio.ClosedResourceError``).
        """
        self._discard(DropReason.CLOSED)
        self._failure = None
        self._shut = True
        self.end()
        self._backlog.close()

    async def aclose(self) -> None:
        """Close the mailbox as `close` does, which is done even when this is cancelled."""
        self.close()
        await trio.lowlevel.checkpoint()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def receive(self) -> Any:
        """Wait for the next message.

        Returns:
            The message, without a checkpoint where the burst that is being read has one more.

        Raises:
            MailboxOverflow: policy ``fail`` gave up; raised once, closed after it.
            trio.EndOfChannel: all publishers have ended, and everything was read.
            trio.ClosedResourceError: the mailbox was closed.
            trio.BusyResourceError: another task is waiting in this mailbox.
        """
        while (message := self._outlet.next()) is None:
            await self._next_burst()
        self._make_way()
        return message

    async def take(self) -> list[Any]:
        """Wait for the next burst, or what is left of the one that is being read.

        Returns:
            At least one message, in order.

        Raises:
            As `receive`.
        """
        while not (burst := self._outlet.rest()):
            await self._next_burst()
        self._make_way()
        return burst

    def take_nowait(self) -> list[Any]:
        """Return what `take` would, without waiting.

        Raises:
            trio.WouldBlock: nothing waits.
            Others as `receive`.
        """
        while not (burst := self._outlet.rest()):
            self._refuse_second_reader()
            self._load()
        self._make_way()
        return burst

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        plain = self._outlet.plain
        if plain and not (self._blocks and self._room):  # the usual case, without a second coroutine
            self._tally.depth -= 1
            self._tally.delivered += 1
            return plain.pop()
        try:
            return await self.receive()
        except _ENDED:
            raise StopAsyncIteration from None

    def bursts(self) -> AsyncIterator[list[Any]]:
        """Iterate over lists of messages, each what one `take` returned."""
        return _Bursts(self)

    @property
    def policies(self) -> dict[str, Policy]:
        """What happens to the data that its consumer is too slow for, by the name of their class."""
        routes = {**self._intake.conflated, **self._intake.plain}
        return {kind.__name__: route.policy for kind, route in routes.items()}

    def statistics(self) -> MailboxStatistics:
        """Return what became of everything offered so far, at no cost to anybody."""
        return self._tally.statistics(
            oldest_age=self._oldest_age(), capacity=self._capacity, closed=self._closed
        )

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<Mailbox {self.name} {state} {self._tally.depth}/{self._capacity}>"

    def _discard(self, reason: DropReason) -> list[Any]:
        """Empty the mailbox, and return all entries that waited, in order."""
        self._tally.drop(reason, self._tally.depth)
        started = self._outlet.current[::-1]
        self._outlet.begin([])
        return started + self._backlog.clear()

    def _fail(self, entries: list[Any]) -> None:
        unread = self._discard(DropReason.OVERFLOW) + entries
        lost = [message for message in map(content, unread) if message is not None]
        self._failure = MailboxOverflow(lost[0], lost[-1])
        self.end()

    async def _next_burst(self) -> None:
        """Start on the next burst, with one checkpoint. Takes nothing when it is cancelled."""
        self._refuse_second_reader()
        self._make_way()
        self._reading = True
        try:
            if self._backlog:
                await trio.lowlevel.checkpoint()
                self._load()
            else:
                self._start(await self._wait_for_burst())
        finally:
            self._reading = False

    async def _wait_for_burst(self) -> Lot:
        try:
            return await self._backlog.wait()
        except trio.EndOfChannel:
            self._raise_failure()
            raise

    def _load(self) -> None:
        """Start on the next burst, without waiting."""
        self._raise_failure()
        self._start(self._backlog.pop())

    def _start(self, lot: Lot) -> None:
        self._raise_failure()
        if self._shut:
            raise trio.ClosedResourceError
        self._started_at = lot.at
        self._outlet.begin(lot.entries)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure = self._failure
            self.close()
            raise failure

    def _refuse_second_reader(self) -> None:
        if self._reading:
            raise trio.BusyResourceError("another task waits in this mailbox")

    def _make_way(self) -> None:
        if self._blocks and self._tally.depth < self._capacity:
            self._room.unpark_all()

    def _oldest_age(self) -> float | None:
        if not self._tally.depth:
            return None
        oldest = self._started_at if self._outlet.current else self._backlog.oldest_at
        return None if oldest is None else trio.current_time() - oldest

    def _detach(self) -> None:
        sources, self._sources = self._sources, []
        for source in sources:
            source.detach(self)


class _Bursts:
    """The asynchronous iterator of `Mailbox.bursts`."""

    __slots__ = ("_mailbox",)

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Any]:
        try:
            return await self._mailbox.take()
        except _ENDED:
            raise StopAsyncIteration from None
