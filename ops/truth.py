"""Books against the truth: what a simulated exchange says that its book was at the very id that ours has."""

from collections.abc import Callable

import trio

from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.messages import BookView
from feedtree.ops.sim_control import ControlFailed, SimControl, TrueBook

PERIOD = 0.5  # s between two rounds over all books of a venue
DEPTH = 50  # levels a side that are compared, where the book is true to that depth
DIVERGENCES_TOLD = 20  # later ones are counted only


class TruthChecks:
    """Compares every live book of a feed with the simulator's, and counts.

    Args:
        notice: gets a sentence about each of the first divergences.

    Attributes:
        checked: comparisons made.
        diverged: those in which the books differed.
    """

    def __init__(self, notice: Callable[[str], None] = lambda _: None) -> None:
        self._notice = notice
        self.checked = 0
        self.diverged = 0

    async def run(self, feed: Feed, control: SimControl) -> None:
        """Compare all live books of a feed, round after round, until cancelled."""
        while True:
            started = trio.current_time()
            for topic in list(feed.topics()):
                if isinstance(topic.channel, Book):
                    await self._check(feed, topic, control)
            await trio.sleep_until(max(started + PERIOD, trio.current_time()))

    async def _check(self, feed: Feed, topic: Topic, control: SimControl) -> None:
        book = feed.book(topic)
        if book is None or not book.live:
            return
        view = book.view(DEPTH, 0)
        try:
            truth = await control.book(topic.venue, str(topic.symbol), view.sequence)
        except ControlFailed:
            return  # the exchange is gone: there is nothing to compare with
        if truth is not None:
            self._count(topic, difference(view, truth))

    def _count(self, topic: Topic, found: str) -> None:
        self.checked += 1
        if found:
            self.diverged += 1
            if self.diverged <= DIVERGENCES_TOLD:
                self._notice(f"{topic} diverged from the exchange's book: {found}")


def difference(view: BookView, truth: TrueBook, depth: int = DEPTH) -> str:
    """Return the first difference of two books at the same id in words; empty where they are equal.

    Args:
        view: ours, to `depth` levels or fewer.
        truth: the exchange's.
        depth: levels to compare; fewer where ours is true to fewer.
    """
    if truth.id != view.sequence:
        return f"asked for id {view.sequence}, got {truth.id}"
    levels = min(depth, view.true_depth)
    for side, ours, theirs in (("bids", view.bids, truth.bids), ("asks", view.asks, truth.asks)):
        mine, real = list(ours[:levels]), theirs[:levels]
        for rank in range(max(len(mine), len(real))):
            have, want = mine[rank : rank + 1], real[rank : rank + 1]
            if have != want:
                return f"{side}[{rank}] at id {view.sequence} is {have or 'absent'}, should be {want or 'absent'}"
    return ""
