"""What became of the messages that a mailbox was offered."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class DropReason(StrEnum):
    """Why a message was not delivered."""

    OVERFLOW = "overflow"  # the mailbox was full
    LOST = "lost"  # its stream was lost before it was read, or has not been up since
    COVERED = "covered"  # a snapshot resumed after an overflow already held it
    EMPTY = "empty"  # rendered to nothing
    CLOSED = "closed"  # unread when the consumer closed the mailbox


class MailboxStatistics(Struct, frozen=True):
    """A mailbox at one moment; every offered message that it takes is in exactly one of the first four.

    Args:
        delivered: messages and events that the consumer took.
        dropped: reason -> messages dropped for it; a reason without any is absent.
        skipped: messages replaced by a newer one of their key, and events collapsed into another.
        depth: messages, tokens and events that wait now.
        high_water: the greatest depth so far.
        oldest_age: seconds for which the oldest of them has been waiting, None where none waits.
        capacity: the depth at which the mailbox is full.
        closed: True once nothing more is taken in: closed, overflown, or all publishers ended.
    """

    delivered: int
    dropped: Mapping[str, int]
    skipped: int
    depth: int
    high_water: int
    oldest_age: float | None
    capacity: int
    closed: bool


class Tally:
    """The counters behind `MailboxStatistics`, while they count."""

    __slots__ = ("delivered", "depth", "dropped", "high_water", "litter", "skipped")

    def __init__(self) -> None:
        self.delivered = 0
        self.dropped: Counter[DropReason] = Counter()
        self.skipped = 0
        self.depth = 0
        self.high_water = 0
        self.litter = 0  # entries that became empty while they were queued

    def drop(self, reason: DropReason, count: int = 1) -> None:
        """Count waiting messages as dropped."""
        if count:
            self.dropped[reason] += count
            self.depth -= count

    def deliver(self) -> None:
        """Count one waiting message as delivered."""
        self.depth -= 1
        self.delivered += 1

    def statistics(self, *, oldest_age: float | None, capacity: int, closed: bool) -> MailboxStatistics:
        """Return the frozen record."""
        return MailboxStatistics(
            delivered=self.delivered,
            dropped={reason.value: count for reason, count in self.dropped.items()},
            skipped=self.skipped,
            depth=self.depth,
            high_water=self.high_water,
            oldest_age=oldest_age,
            capacity=capacity,
            closed=closed,
        )
