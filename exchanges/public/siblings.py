"""Has books asked for anew that stand still while trades of their symbols go on, on the same connection."""

from collections.abc import Awaitable, Callable

import trio

from feedtree.exchanges.errors import Stalled
from feedtree.exchanges.public.intake import Burst, Intake
from feedtree.exchanges.public.slots import Slot
from feedtree.exchanges.public.standstill import LOOK_EVERY, Standstill


async def watch_siblings(
    slot: Slot, intake: Intake, publish: Callable[[Burst], Awaitable[None]], wall_ns: Callable[[], int]
) -> None:
    """Look at the books of a connection for as long as it lives.

    A book that does not come back makes the reader raise: its trades go on, so that it will read something.

    Args:
        slot: whose books.
        intake: of the connection.
        publish: tells consumers that a book is lost.
        wall_ns: UTC nanoseconds.
    """
    standstill = Standstill(trio.current_time())
    while True:
        await trio.sleep(LOOK_EVERY)
        now = trio.current_time()
        for topic in standstill.look(intake.books(), slot.last_trades, now):
            if burst := intake.stands_still(topic, now, wall_ns()):
                await publish(burst)
            slot.changed.set()
        if standstill.hopeless is not None:
            intake.fault = intake.fault or Stalled(
                f"{standstill.hopeless} stands still while its trades go on, also since it was asked for anew"
            )
