"""Replaces connections before their venue ends them: another one takes over first, so that nothing is missed."""

from collections.abc import Awaitable, Callable
from math import inf

import trio

from feedtree.exchanges.host import Host
from feedtree.exchanges.public.branch import Branch
from feedtree.exchanges.public.feed import Feed
from feedtree.exchanges.public.merging import Merge
from feedtree.exchanges.public.shard import Shard
from feedtree.exchanges.public.slots import OVERLAP, Slot
from feedtree.exchanges.public.told_trades import REMEMBERED
from feedtree.supervisors import AdminRefused

TAKES_OVER_WITHIN = 60.0  # seconds for the other connection to be in step with all that the old one has
LOOK_EVERY = 0.1  # seconds between two looks at whether it is
AGAIN_AFTER = (60.0, 960.0)  # seconds after the first attempt that failed, doubling up to the second number


class Rollover:
    """Replaces the connections of one feed's shards, one of a shard at a time.

    With one connection a shard the other slot takes over. With two the one that is left carries the shard alone while
    the slot is started anew.

    Args:
        feed: tells which connections are to be replaced.
        branch: makes the specs of connections.
        host: the tree.
    """

    def __init__(self, feed: Feed, branch: Branch, host: Host) -> None:
        self._feed = feed
        self._branch = branch
        self._host = host

    async def run(self) -> None:
        """Replace what is to be replaced, until cancelled."""
        async with trio.open_nursery() as nursery:
            async for slot, generation in self._feed.to_relieve:
                nursery.start_soon(self._relieve, slot, generation)

    async def _relieve(self, slot: Slot, generation: int) -> None:
        """Replace one incarnation; again and again, with longer and longer pauses, for as long as it goes on."""
        pause, longest = AGAIN_AFTER
        replace = self._renew if self._feed.redundancy > 1 else self._take_over
        while True:
            async with slot.shard.turn:
                if slot.generation != generation or await replace(slot):
                    return
            self._host.log.warning("rollover_waits", path=self._path(slot), seconds=pause)
            await trio.sleep(pause * self._host.rng.uniform(0.5, 1.0))
            pause = min(2 * pause, longest)

    async def _take_over(self, old: Slot) -> bool:
        """Start the other slot, and end the old one when nothing is missed without it; else end the other one."""
        shard, generation = old.shard, old.generation
        merge = shard.merge = shard.merge or Merge()
        merge.ends_at = inf
        await trio.sleep(OVERLAP)  # so that what the new one hears of the time before it is known as told
        taken_over = old.generation == generation and await self._replaced(old, shard.open_second())
        merge.ends_at = trio.current_time() + REMEMBERED
        return taken_over

    async def _replaced(self, old: Slot, new: Slot) -> bool:
        taken_over = await self._start(new) and await self._relieved(old, new)
        gone = old if taken_over else new
        gone.wanted = False
        await self._end(gone)
        gone.shard.close(gone)
        return taken_over

    async def _renew(self, old: Slot) -> bool:
        """End a slot while the other one carries the shard, and start it again."""
        other = old.shard.partner(old)
        if other is None or not await self._relieved(old, other):
            return False
        return await self._end(old) and await self._start(old)

    async def _relieved(self, old: Slot, new: Slot) -> bool:
        """Wait until the new one tells all that the old one would; False where that takes too long."""
        with trio.move_on_after(TAKES_OVER_WITHIN):
            # By how much one is behind the other is told by no event.
            while not new.relieves(old, self._host.wall_ns()):  # noqa: ASYNC110
                await trio.sleep(LOOK_EVERY)
            return True
        return False

    async def _start(self, slot: Slot) -> bool:
        return await self._asked(
            self._host.supervisor.start_child, self._shard_path(slot.shard), self._branch.slot(slot)
        )

    async def _end(self, slot: Slot) -> bool:
        return await self._asked(self._host.supervisor.remove, self._path(slot))

    async def _asked(self, order: Callable[..., Awaitable[object]], path: str, *rest: object) -> bool:
        """Give the supervisor an order; return False where the branch is parked, restarting or stopping.

        Its next start begins what is wanted then.
        """
        try:
            await order(path, *rest)
        except AdminRefused as error:
            self._host.log.info("rollover_refused", path=path, reason=str(error))
            return False
        return True

    def _shard_path(self, shard: Shard) -> str:
        return f"{self._feed.path}/{shard.id}"

    def _path(self, slot: Slot) -> str:
        return f"{self._shard_path(slot.shard)}/{slot.name}"
