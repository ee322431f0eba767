"""The bursts that wait in a mailbox, from the oldest to the newest."""

import math
from collections import deque
from typing import Any

import trio

from feedtree.actors.entries import Lot, live
from feedtree.actors.front import Front
from feedtree.actors.intake import Intake
from feedtree.actors.outages import Outages
from feedtree.actors.routes import Policy
from feedtree.actors.statistics import Tally


class Backlog:
    """Both ends of one memory channel of bursts, and what is left at its front of bursts that were dropped.

    The order is: the burst that was handed to a waiting consumer, the front, the channel.
    """

    __slots__ = (
        "_capacity",
        "_drops",
        "_front",
        "_handed",
        "_intake",
        "_offered_at",
        "_outages",
        "_receive",
        "_send",
        "_tally",
    )

    def __init__(self, intake: Intake, outages: Outages, tally: Tally, capacity: int) -> None:
        self._intake = intake
        self._outages = outages
        self._tally = tally
        self._capacity = capacity
        self._drops = any(route.policy is Policy.DROP_OLDEST for route in intake.plain.values())
        self._send, self._receive = trio.open_memory_channel[Lot](math.inf)
        self._offered_at: deque[float] = deque()  # trio time of each burst in the channel
        self._front: Front | None = None
        self._handed: Lot | None = None  # the consumer's task has not run since

    def __bool__(self) -> bool:
        """True where `pop` has a burst to give."""
        return self._front is not None or bool(self._offered_at)

    @property
    def oldest_at(self) -> float | None:
        """When the oldest burst was offered, None where none waits."""
        if self._handed is not None:
            return self._handed.at
        if self._front is not None:
            return self._front.at
        return self._offered_at[0] if self._offered_at else None

    def append(self, entries: list[Any]) -> None:
        """Put a burst at the end; a consumer that waits gets it at once, behind the front."""
        now = trio.current_time()
        if not self._offered_at and self._receive.statistics().tasks_waiting_receive:
            lot = self._handed = Lot(self._unload_front() + entries, now)
        elif entries:
            lot = Lot(entries, now)
            self._offered_at.append(now)
        else:
            return
        self._send.send_nowait(lot)

    def pop(self) -> Lot:
        """Take the oldest burst.

        Raises:
            trio.WouldBlock: none waits.
            trio.EndOfChannel: none waits, and none will.
            trio.ClosedResourceError: it was closed.
        """
        if self._front is not None:
            at = self._front.at
            return Lot(self._unload_front(), at)
        if self._offered_at:
            return self._pop_channel()
        return self._receive.receive_nowait()

    async def wait(self) -> Lot:
        """Wait for a burst where none waits. Cancelled, it has taken none.

        Raises:
            As `pop`, but for WouldBlock.
        """
        lot = await self._receive.receive()
        self._handed = None
        return lot

    def make_room(self, entries: list[Any]) -> list[Any]:
        """Drop the oldest bursts, then the oldest of these new entries, until the capacity holds.

        Returns:
            What is left of the new entries. More than the capacity may still wait: what may not be dropped.
        """
        if not self._drops:
            return entries
        while self._tally.depth > self._capacity and self._offered_at:
            self._drop(self._pop_channel())
        excess = self._tally.depth - self._capacity
        if excess > 0 and (cut := self._cut(entries, excess)):
            self._drop(Lot(entries[:cut], trio.current_time()))
            return entries[cut:]
        return entries

    def clear(self) -> list[Any]:
        """Take out all entries that wait, in order."""
        handed, self._handed = self._handed, None
        entries = [] if handed is None else handed.entries
        entries += self._unload_front()
        while self._offered_at:
            entries += self._pop_channel().entries
        return entries

    def sweep(self) -> None:
        """Let go of entries that became empty, so that outages cannot fill the memory of a stalled consumer."""
        for _ in range(len(self._offered_at)):
            lot = self._pop_channel()
            lot.entries = live(lot.entries)
            if lot.entries:
                self._offered_at.append(lot.at)
                self._send.send_nowait(lot)
        if self._front is not None:
            self._front.sweep()
        self._tally.litter = 0

    def end(self) -> None:
        """Take in nothing more; a consumer that waits learns it once nothing is left."""
        self._send.close()

    def close(self) -> None:
        """Give out nothing more, also to a consumer that waits."""
        self._receive.close()

    def _pop_channel(self) -> Lot:
        self._offered_at.popleft()
        return self._receive.receive_nowait()

    def _unload_front(self) -> list[Any]:
        front, self._front = self._front, None
        return [] if front is None else front.entries()

    def _drop(self, lot: Lot) -> None:
        if self._front is None:
            self._front = Front(self._intake.plain, self._outages, self._tally, lot.at)
        self._front.absorb(lot.entries)

    def _cut(self, entries: list[Any], excess: int) -> int:
        """Return how many entries to drop from, so that ``excess`` messages go, or all that may."""
        cut = 0
        for index, entry in enumerate(entries):
            route = self._intake.plain.get(entry.__class__)
            if route is not None and route.policy is Policy.DROP_OLDEST:
                cut = index + 1
                excess -= 1
                if not excess:
                    break
        return cut
