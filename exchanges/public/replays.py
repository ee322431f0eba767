"""Fetching the trades that were missed, for one incarnation: after the books' snapshots, within the venue's budget."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import trio

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.limits import WeightBudget
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.holes import Hole
from feedtree.exchanges.public.messages import Trade
from feedtree.exchanges.public.missed_trades import MissedTrades
from feedtree.exchanges.public.snapshots import SNAPSHOTS_AT_ONCE, UNSTATED_PAUSE
from feedtree.exchanges.public.venue import TradeRest

AT_ONCE = 4
MOST_PAGES = 10  # of one replay: what is missing beyond them is lost
RETRY = (0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0)  # seconds before each further attempt
PATIENCE = 4.0  # seconds for one call
BOOKS_FIRST = 5.0  # seconds that a replay waits for snapshots of its connection at most
WEIGHT = 1  # of a call


class Replays:
    """Fills holes, and tells what came of each.

    Args:
        rest: asks the venue for trades.
        missed: the holes.
        budget: of the venue's REST weight.
        books_done: waits until no snapshot is wanted on this connection: they go first.
        wall_ns: UTC nanoseconds.
        publish: gives consumers what was missed.
        log: a structlog logger.
    """

    def __init__(
        self,
        rest: TradeRest,
        missed: MissedTrades,
        budget: WeightBudget,
        books_done: Callable[[], Awaitable[None]],
        wall_ns: Callable[[], int],
        publish: Callable[[Sequence[Trade]], Awaitable[None]],
        log: Any,
    ) -> None:
        self._rest = rest
        self._missed = missed
        self._budget = budget
        self._books_done = books_done
        self._wall_ns = wall_ns
        self._publish = publish
        self._log = log
        self._begun: set[Hole] = set()
        self._slots = trio.Semaphore(AT_ONCE)
        self._wanted = trio.Event()

    def look(self) -> None:
        """Take note that there may be new holes; called with each burst."""
        if self._missed.fresh:
            self._missed.fresh = False
            self._wanted.set()

    async def run(self) -> None:
        """Fill holes for as long as the incarnation lives."""
        async with trio.open_nursery() as nursery:
            while True:
                self._wanted = trio.Event()
                self._begun.intersection_update(hole for _, hole in self._missed.holes)
                for topic, hole in list(self._missed.holes):
                    if hole not in self._begun:
                        self._begun.add(hole)
                        nursery.start_soon(self._replay, topic, hole)
                await self._wanted.wait()

    async def _replay(self, topic: Topic, hole: Hole) -> None:
        async with self._slots:
            reason = await self._fill(topic, hole)
        if not self._missed.asks(topic, hole):
            return
        self._missed.replayed(topic, hole, whole=not reason, now=trio.current_time())
        if reason:
            self._log.warning("trades_lost", topic=str(topic), reason=reason)

    async def _fill(self, topic: Topic, hole: Hole) -> str:
        """Fetch what is missing; return why some of it is lost, empty where none is."""
        reason = ""
        for pause in (0.0, *RETRY):
            await trio.sleep(pause)
            asked_at = trio.current_time()
            rows: list[Trade] = []
            try:
                whole = await self._pages(topic, hole, rows)
            except VenueThrottled as error:
                stated = UNSTATED_PAUSE if error.retry_after is None else error.retry_after
                self._budget.pause(trio.current_time() + stated)
                reason = str(error)
                continue
            except RestFailed as error:
                reason = str(error)
                continue
            if not self._missed.asks(topic, hole):
                return "nobody asks for them any more"
            covered = hole.covered(rows, asked_at)
            if missed := hole.fetched(rows):
                self._missed.told(topic, missed[-1])
                await self._publish(missed)
            if hole.anew:
                return "the venue's ids have begun anew"
            if not whole:
                return "REST does not reach back to the last trade that was told"
            if covered:
                return ""
            reason = "REST does not tell of the first trade that was pushed"
        return reason

    async def _pages(self, topic: Topic, hole: Hole, rows: list[Trade]) -> bool:
        """Fetch pages, newest first, until one reaches what was told; return whether one did."""
        before: int | None = None
        for _ in range(MOST_PAGES):
            page = await self._page(topic, before)
            rows += page
            if page and hole.reached(page[-1]):
                return True
            if len(page) < self._rest.page_size:
                return hole.from_the_first
            before = int(page[-1].id)
        return False

    async def _page(self, topic: Topic, before: int | None) -> list[Trade]:
        await self._turn()
        with trio.move_on_after(PATIENCE):
            return await self._rest.trades(topic, before, self._wall_ns())
        raise RestFailed(f"trades of {topic}", f"no answer in {PATIENCE:g} s")

    async def _turn(self) -> None:
        """Wait until no book needs the budget."""
        budget = self._budget
        with trio.move_on_after(BOOKS_FIRST):
            await self._books_done()
        # Room for books is left, also for those of other connections: where some wait for the budget they go first.
        room = WEIGHT + SNAPSHOTS_AT_ONCE
        while (wait := budget.wait(trio.current_time(), room)) > 0.0:  # noqa: ASYNC110 - a budget has no event
            await trio.sleep(wait)
        budget.take(trio.current_time(), WEIGHT)
