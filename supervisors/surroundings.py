"""What all supervisors of one tree share."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import trio

from feedtree.actors.names import Names
from feedtree.supervisors.events import EventBus
from feedtree.supervisors.tree_log import TreeLog

if TYPE_CHECKING:
    from feedtree.supervisors.children import Lineage
    from feedtree.supervisors.loop_facts import LoopFacts
    from feedtree.supervisors.usage import Usage


class Surroundings:
    """The clock, chance, log, listeners and names of one tree.

    Args:
        rng: the source of every jitter.
        log: a structlog logger, for the actors.
        bus: who listens to the tree.
        on_stuck: called after a stuck child was reported; need not return.
        reports_kept: how many crash reports are kept of each child.

    Attributes:
        journal: what supervisors write to that logger.
        usage_of: sums what a child and all below it have cost; None where no accounts are kept.
        loop_facts: tells what the loop has done; None where nothing watches it.
        fail: called with the failure of an essential branch; ends the whole tree.
        names: what its actors have registered.
        over: set when the whole tree has ended.
    """

    def __init__(
        self,
        rng: random.Random,
        log: Any,
        bus: EventBus,
        on_stuck: Callable[[], None],
        reports_kept: int,
    ) -> None:
        self.rng = rng
        self.log = log
        self.journal = TreeLog(log)
        self.bus = bus
        self.on_stuck = on_stuck
        self.reports_kept = reports_kept
        self.names = Names()
        self.usage_of: Callable[[Lineage], Usage] | None = None
        self.loop_facts: Callable[[], LoopFacts] | None = None
        self.fail: Callable[[BaseException], None] = _nobody
        self.over = trio.Event()
        self._parked: dict[str, trio.Event] = {}

    def parked(self, path: str) -> None:
        """Wake all who wait for that child to be parked."""
        event = self._parked.pop(path, None)
        if event is not None:
            event.set()

    def when_parked(self, path: str) -> trio.Event:
        """Return an event that is set when that child is parked next, or when the tree ends."""
        return self._parked.setdefault(path, trio.Event())

    def ended(self) -> None:
        """Wake all who wait for anything in this tree."""
        self.over.set()
        for event in self._parked.values():
            event.set()
        self._parked.clear()
        self.bus.end()


def _nobody(_: BaseException) -> None:
    raise RuntimeError("the tree has no root yet")
