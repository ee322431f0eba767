"""Fetching REST snapshots for one incarnation: most wanted symbols first, within the venue's weight budget."""

from collections.abc import Awaitable, Callable
from math import inf

import trio

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.intake import Burst, Intake
from feedtree.exchanges.public.slots import Slot
from feedtree.exchanges.public.source import Source

SNAPSHOTS_AT_ONCE = 8
SNAPSHOT_RETRY = (0.2, 0.4, 0.8)  # seconds before the second, third and every later attempt
LOOK_EVERY = 0.1  # seconds between two looks at what came meanwhile
PATIENCE = (2.0, 4.0, 10.0)  # seconds for the first, second and every later attempt
UNSTATED_PAUSE = 60.0  # seconds without REST after a 429 that states nothing


class Snapshots:
    """Serves the topics that an intake wants snapshots of, each until it is live or wanted no more.

    A call that fails or takes too long leaves its topic syncing, with the reason in its strand, and is tried again
    with more patience: a dead connection must not cost the client's whole timeout, and a slow venue is waited for.

    Args:
        feed: ranks the topics.
        slot: the connection that wants them.
        source: the venue's REST side and its budget.
        intake: wants the snapshots, and joins them.
        publish: gives consumers what came of it.
    """

    def __init__(
        self,
        feed: Feed,
        slot: Slot,
        source: Source,
        intake: Intake,
        publish: Callable[[Burst], Awaitable[None]],
    ) -> None:
        self._feed = feed
        self._slot = slot
        self._source = source
        self._intake = intake
        self._publish = publish
        self._fetching: set[Topic] = set()
        self._slots = trio.Semaphore(SNAPSHOTS_AT_ONCE)
        self._wanted = trio.Event()

    def look(self) -> None:
        """Take note that the intake may want other snapshots than those that are under way."""
        if not self._fetching.issuperset(self._intake.snapshots):
            self._wanted.set()

    async def idle(self) -> None:
        """Wait until no snapshot is wanted."""
        while self._intake.snapshots:
            await self._wanted.wait()

    async def run(self) -> None:
        """Fetch what is wanted, for as long as the incarnation lives.

        Raises:
            Desynchronised: a joined book gave the stream as a whole up.
        """
        async with trio.open_nursery() as nursery:
            while True:
                self._wanted = trio.Event()
                waiting = [topic for topic in self._intake.snapshots if topic not in self._fetching]
                waiting.sort(key=self._feed.rank, reverse=True)
                for topic in waiting:
                    self._fetching.add(topic)
                    nursery.start_soon(self._fetch, topic)
                    # Tasks of one batch start in any order: a checkpoint each keeps theirs the ranks'.
                    await trio.lowlevel.checkpoint()
                await self._wanted.wait()

    async def _fetch(self, topic: Topic) -> None:
        attempt = 0
        try:
            while topic in self._intake.snapshots:
                async with self._slots:
                    wanted = await self._fetch_once(topic, PATIENCE[min(attempt, len(PATIENCE) - 1)])
                if not wanted:
                    self._intake.snapshots.pop(topic, None)
                    break
                await self._rest(topic, attempt)
                attempt += 1
        finally:
            self._fetching.discard(topic)
            self._wanted.set()

    async def _rest(self, topic: Topic, attempt: int) -> None:
        """Wait until another look is worth its weight.

        A snapshot that waits to be confirmed is looked at again when that can confirm it, and no sooner, unless a push
        shows meanwhile that it is too old.
        """
        again_at = trio.current_time() + SNAPSHOT_RETRY[min(attempt, len(SNAPSHOT_RETRY) - 1)]
        while topic in self._intake.snapshots:
            now = trio.current_time()
            second_look = self._second_look(topic)
            left = again_at - now if second_look == inf else second_look
            if left <= 0.0:
                return
            await trio.sleep(min(left, LOOK_EVERY))

    def _second_look(self, topic: Topic) -> float:
        """Return the seconds until a look can confirm the snapshot that waits; infinity where none does."""
        strand = self._slot.strands.get(topic)
        return (
            inf if strand is None or strand.sync is None else strand.sync.second_look(self._source.wall_ns())
        )

    async def _fetch_once(self, topic: Topic, patience: float) -> bool:
        strand = self._slot.strands.get(topic)
        if strand is None:
            return False
        budget, weight = self._source.rest_budget, self._feed.venue.endpoint.book_weight
        while (wait := budget.wait(trio.current_time(), weight)) > 0.0:  # others take their turns meanwhile
            await trio.sleep(wait)
            if topic not in self._intake.snapshots:  # a push vouched for the snapshot that was there
                return False
        budget.take(trio.current_time(), weight)
        raw = None
        try:
            with trio.move_on_after(patience):
                raw = await self._source.rest.book(strand.record.wire)
        except VenueThrottled as error:
            pause = UNSTATED_PAUSE if error.retry_after is None else error.retry_after
            budget.pause(trio.current_time() + pause)
            strand.reason = str(error)
            return True
        except RestFailed as error:
            strand.reason = str(error)
            return True
        if raw is None:
            strand.reason = f"no snapshot by REST in {patience:g} s"
            return True
        burst, again = self._intake.join(topic, raw, trio.current_time(), self._source.wall_ns())
        if burst:
            await self._publish(burst)
        if self._intake.fault is not None:
            raise self._intake.fault
        return again
