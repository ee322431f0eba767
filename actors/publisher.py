"""The right of one incarnation to publish, which ends when the next one begins."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from feedtree.actors.fanout import FanOut
from feedtree.actors.mailbox import Mailbox


class Superseded(Exception):
    """This incarnation of the stream has ended, or a newer one publishes in its place; it must end."""


class Publisher:
    """Publishes for one generation, into a fan-out that outlives it.

    Args:
        generation: the incarnation that publishes.
        current: tells the generation that may publish now; 0 where none may.
        fanout: where to.
    """

    __slots__ = ("_current", "_fanout", "generation")

    def __init__(self, generation: int, current: Callable[[], int], fanout: FanOut) -> None:
        self.generation = generation
        self._current = current
        self._fanout = fanout

    def publish(self, burst: Sequence[Any]) -> list[Mailbox] | None:
        """Offer a burst to all consumers, as `FanOut.publish`.

        Raises:
            Superseded: another generation publishes now; nobody got the burst.
        """
        self.check()
        return self._fanout.publish(burst)

    async def wait_space(self, full: Iterable[Mailbox]) -> None:
        """Wait until none of these mailboxes is full. Cancelling it loses nothing.

        Raises:
            Superseded: another generation publishes by then.
        """
        for mailbox in full:
            await mailbox.wait_space()
        self.check()

    def check(self) -> None:
        """Make sure that this is still the current generation.

        Raises:
            Superseded: it is not.
        """
        current = self._current()
        if current != self.generation:
            by = f"was superseded by {current}" if current else "has ended"
            raise Superseded(f"generation {self.generation} {by}")
