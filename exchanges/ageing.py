"""Waiting while a connection or a key grows old: up to hours, of which most see only a part."""

import trio

# Trio keeps the timer of a wait that ended early until its time comes, up to a thousand of them: a connection that is
# gone after seconds would leave one of hours behind. So long a wait is made of short ones.
_TIMER = 60.0  # seconds


async def grow_old(life_s: float, unless: trio.Event | None = None) -> None:
    """Wait until something has lived for so long.

    Args:
        life_s: seconds from now.
        unless: what ends the wait at once.
    """
    end = trio.current_time() + life_s
    while (now := trio.current_time()) < end:
        until = min(end, now + _TIMER)
        if unless is None:
            await trio.sleep_until(until)
            continue
        with trio.move_on_at(until):
            await unless.wait()
            return
