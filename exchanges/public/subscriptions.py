"""What was asked of the venue on one connection, and what is still owed. Pure: times are arguments."""

from collections.abc import Iterable
from math import inf

from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.codec import Seed, WireTopic

ANSWER_WITHIN = 2.0  # seconds from a request to its answer, or to the topic's first push
SNAPSHOT_WITHIN = 2.0  # seconds from the answer to the whole book, on channels that push one
# Seconds more for what is owed while other things that are owed keep coming: a thousand whole books are some 20 MB,
# and who is behind them is not overdue.
IN_TURN = 10.0


class Subscriptions:
    """Drives what is asked for towards what is desired; knows the deadlines of what is open."""

    def __init__(self) -> None:
        self._asked: dict[Topic, WireTopic] = {}
        self._answer_by: dict[Topic, float] = {}
        self._seed_by: dict[Topic, float] = {}
        self._asked_twice: set[Topic] = set()
        self._kept_at = -inf  # when the venue last gave something that it owed
        self.answered = False  # whether the venue has answered anything on this connection
        self.answered_at: float | None = None  # when it first owed no answer any more

    def difference(self, desired: Iterable[WireTopic]) -> tuple[list[WireTopic], list[WireTopic]]:
        """Return what to end and what to ask for, so that the venue serves just the desired topics."""
        wanted = {wire.topic: wire for wire in desired}
        drop = [wire for topic, wire in self._asked.items() if wanted.get(topic) != wire]
        add = [wire for topic, wire in wanted.items() if self._asked.get(topic) != wire]
        return drop, add

    def dropped(self, topics: Iterable[WireTopic]) -> None:
        """Note that these were ended, or that their end was asked for; what replaced them meanwhile stays."""
        for wire in topics:
            if self.holds(wire):
                del self._asked[wire.topic]
                self._answer_by.pop(wire.topic, None)
                self._seed_by.pop(wire.topic, None)
                self._asked_twice.discard(wire.topic)

    def asked(self, topics: Iterable[WireTopic]) -> None:
        """Note that requests for these are on their way out; their deadlines begin when they are sent."""
        for wire in topics:
            self._asked[wire.topic] = wire
            self._answer_by[wire.topic] = inf

    def sent(self, topics: Iterable[WireTopic], now: float) -> None:
        """Note that the request for these went out."""
        for wire in topics:
            if wire.topic in self._answer_by:
                self._answer_by[wire.topic] = now + ANSWER_WITHIN

    def confirmed(self, wire: WireTopic, now: float, *, seeded: bool) -> bool:
        """Note an answer, or a push that stands for one.

        Returns:
            False where the topic is not open any more: the answer is late, or a repeat.
        """
        self.answered = True
        if self._answer_by.pop(wire.topic, None) is None:
            return False
        self._asked_twice.discard(wire.topic)
        self._kept_at = now
        if self.answered_at is None and not self._answer_by:
            self.answered_at = now
        if wire.seed is Seed.SOCKET and not seeded:
            self._seed_by[wire.topic] = now + SNAPSHOT_WITHIN
        return True

    def seeded(self, topic: Topic, now: float) -> None:
        """Note that the whole book came."""
        if self._seed_by.pop(topic, None) is not None:
            self._kept_at = now

    def holds(self, wire: WireTopic) -> bool:
        """Return whether this was asked for and not ended."""
        return self._asked.get(wire.topic) == wire

    def awaits(self, topic: Topic) -> bool:
        """Return whether an answer for this topic is still owed."""
        return topic in self._answer_by

    def owed(self, wire: WireTopic) -> bool:
        """Return whether this was asked for, not ended, and not answered."""
        return self.holds(wire) and wire.topic in self._answer_by

    @property
    def open(self) -> bool:
        """Whether the venue owes an answer or a whole book."""
        return bool(self._answer_by or self._seed_by)

    def deadline(self) -> float:
        """Return the time of the earliest deadline; infinity where none is open."""
        return min(
            self._extended(min(self._answer_by.values(), default=inf), ANSWER_WITHIN),
            self._extended(min(self._seed_by.values(), default=inf), SNAPSHOT_WITHIN),
        )

    def unanswered(self, now: float) -> tuple[list[WireTopic], list[WireTopic]]:
        """Return the topics whose answer is overdue: those to ask once more, and those asked twice already."""
        late = [topic for topic, by in self._answer_by.items() if self._extended(by, ANSWER_WITHIN) <= now]
        again = [self._asked[topic] for topic in late if topic not in self._asked_twice]
        given_up = [self._asked[topic] for topic in late if topic in self._asked_twice]
        self._asked_twice.update(wire.topic for wire in again)
        return again, given_up

    def unseeded(self, now: float) -> list[WireTopic]:
        """Return the confirmed topics whose whole book is overdue."""
        return [
            self._asked[topic]
            for topic, by in self._seed_by.items()
            if self._extended(by, SNAPSHOT_WITHIN) <= now
        ]

    def _extended(self, by: float, within: float) -> float:
        return max(by, min(self._kept_at + within, by + IN_TURN))
