"""Listens to one connection until it ends, and has it pinged where it is silent."""

from collections.abc import Callable, Sequence
from typing import NoReturn

import trio

from feedtree.exchanges.controls import Payload
from feedtree.exchanges.errors import Stalled
from feedtree.exchanges.wire.connection import Wire
from feedtree.exchanges.wire.liveness import Action, Liveness


async def listen(
    wire: Wire,
    liveness: Liveness,
    take: Callable[[Sequence[Payload]], None],
    ping: Callable[[], None],
    heard: Callable[[], None] = lambda: None,
) -> NoReturn:
    """Hand on what comes, until the connection ends or one of the callables raises.

    Args:
        wire: what is read.
        liveness: its timers.
        take: called with the payloads that came, one or more.
        ping: called when a ping is due; sends it.
        heard: called when bytes came, whatever they are, before `take`.

    Raises:
        Stalled: a ping stayed unanswered, and nothing else came.
        ConnectionLost: see `Wire.receive`, as for all its errors.
    """
    heard_at = wire.last_frame_at
    while True:
        deadline = liveness.deadline()
        payloads = await wire.receive(deadline)
        now = trio.current_time()
        if wire.last_frame_at != heard_at:
            heard_at = wire.last_frame_at
            liveness.heard(heard_at)
            heard()
        if payloads:
            take(payloads)
        if now >= deadline and ping_due(liveness, now):
            ping()


def ping_due(liveness: Liveness, now: float) -> bool:
    """Judge a silence past the deadline of ``liveness``; return whether a ping is to go out at once.

    Raises:
        Stalled: a ping stayed unanswered.
    """
    action = liveness.check(now)
    if action is Action.STALLED:
        raise Stalled("no answer to a ping, and no data")
    return action is not Action.NONE
