"""The control arm: what is no fault, and where a restart is a failure."""

from collections.abc import Awaitable, Callable, Sequence
from math import inf
from threading import Event
from typing import Any

import trio
from msgspec import Struct

from feedtree.actors.entries import Overflow
from feedtree.actors.mailbox import Mailbox, MailboxOverflow
from feedtree.actors.routes import Policy
from feedtree.exchanges.public.messages import BookUpdate, Trade
from feedtree.ops.chaos.campaign.arena import Arena, open_arena
from feedtree.ops.chaos.campaign.ground import Prepared
from feedtree.ops.chaos.campaign.lines import Scale
from feedtree.ops.chaos.campaign.starts import Starts

CALM = 2.5  # seconds after it, in which a false alarm would come
LOW, PEAK = 0.25, 2.5  # of the usual rate: what goes before, and ten times that
SLOW = 0.5  # seconds that a slow consumer takes for each message
TOLD = 5  # restarts whose reasons are told
SMALL = 8  # messages that its mailbox holds
QUIET = Scale(streams=2, symbols=2, accounts=1, rate=0.0, orders=300)

Act = Callable[[Arena, float], Awaitable[list[str]]]


class Control(Struct, frozen=True):
    """Something that must cost nothing.

    Args:
        name: in the table.
        what: a line about it.
        short: seconds in a usual campaign.
        full: seconds in a long one.
        act: does it; returns what must not be, in words.
        apart: whether it makes sense only where the exchanges are other processes.
        prepare: goes before it, and is none of it: what is restarted meanwhile does not count.
    """

    name: str
    what: str
    short: float
    full: float
    act: Act
    apart: bool = False
    prepare: Act | None = None


class Controlled(Struct):
    """What one came to.

    Args:
        name: its name.
        seconds: how long it took.
        restarts: of all connections.
        wrong: what must not be, in words.
    """

    name: str
    seconds: float
    restarts: int
    wrong: list[str]

    @property
    def held(self) -> bool:
        """Whether it cost nothing."""
        return not self.restarts and not self.wrong


async def _blocked(arena: Arena, seconds: float) -> list[str]:
    Event().wait(seconds)
    return []


async def _rest_fails(arena: Arena, seconds: float) -> list[str]:
    venues = arena.ground.venues
    for venue in venues:
        await arena.exchanges.turn(venue, "rest_status", 503)
    await trio.sleep(seconds)
    for venue in venues:
        await arena.exchanges.turn(venue, "rest_status", 0)
    return []


async def _calm(arena: Arena, seconds: float) -> list[str]:
    """Have a quarter of the usual rate, until that is what is usual: who was busier may cost a restart."""
    await arena.exchanges.rate(arena.scale.rate * LOW)
    await trio.sleep(max(seconds / 2, CALM))
    return []


async def _peak(arena: Arena, seconds: float) -> list[str]:
    await arena.exchanges.rate(arena.scale.rate * PEAK)
    await trio.sleep(seconds)
    await arena.exchanges.rate(arena.scale.rate)
    return []


async def _slow_consumers(arena: Arena, seconds: float) -> list[str]:
    hub, wrong = arena.tree.public, list[str]()
    first = arena.public()[0].websocket
    async with trio.open_nursery() as nursery:
        for mailbox in (
            hub.mailbox(BookUpdate, policies={BookUpdate: Policy.CONFLATE}, capacity=SMALL),
            hub.mailbox(Trade, policies={Trade: Policy.DROP_OLDEST}, capacity=SMALL),
            first.mailbox(Trade, policies={Trade: Policy.BLOCK}, capacity=SMALL),
        ):
            nursery.start_soon(_read_slowly, mailbox, seconds, wrong)
        nursery.start_soon(
            _fail_slowly, hub.mailbox(Trade, policies={Trade: Policy.FAIL}, capacity=SMALL), seconds, wrong
        )
    return wrong


async def _read_slowly(mailbox: Mailbox, seconds: float, wrong: list[str]) -> None:
    """Read a message now and then; every message that was dropped must have been told of."""
    told = 0
    until = trio.current_time() + seconds
    async with mailbox:
        while trio.current_time() < until:
            told += _dropped([await mailbox.receive()])
            await trio.sleep(SLOW)
        while mailbox.statistics().depth:
            told += _dropped([await mailbox.receive()])
        dropped = sum(mailbox.statistics().dropped.values())
        if told != dropped:
            wrong.append(f"{dropped} messages were dropped, and {told} were announced")


async def _fail_slowly(mailbox: Mailbox, seconds: float, wrong: list[str]) -> None:
    with trio.move_on_after(seconds):
        async with mailbox:
            try:
                while True:
                    await mailbox.receive()
                    await trio.sleep(SLOW)
            except MailboxOverflow:
                return
    wrong.append("a mailbox of policy fail was overrun, and did not say so")


def _dropped(burst: Sequence[Any]) -> int:
    return sum(message.count for message in burst if isinstance(message, Overflow))


CONTROLS = (
    Control("loop_blocked", "the app blocks the event loop for 3 s", 3.0, 3.0, _blocked, apart=True),
    Control("rest_5xx", "REST answers with 503", 5.0, 30.0, _rest_fails),
    Control("slow_consumers", "consumers that are too slow, under every policy", 6.0, 30.0, _slow_consumers),
    Control("peak", "ten times the rate", 6.0, 30.0, _peak, prepare=_calm),
)


async def run_controls(arena: Arena, starts: Starts, *, full: bool) -> list[Controlled]:
    """Do all of them, one after the other, while nothing else is wrong."""
    found: list[Controlled] = []
    for control in CONTROLS:
        if control.apart and not arena.ground.apart:
            continue
        seconds = control.full if full else control.short
        if control.prepare is not None:
            await control.prepare(arena, seconds)
        begun = trio.current_time()
        wrong = await control.act(arena, seconds)
        await trio.sleep(CALM)
        found.append(_controlled(control.name, starts, begun, wrong))
    return found


async def run_quiet(ground: Prepared, seed: int, log: Any, seconds: float) -> Controlled:
    """Look at a tree of its own whose symbols are all quiet, from the begin on."""
    starts = Starts()
    async with open_arena(QUIET, seed, ground, log) as arena, trio.open_nursery() as nursery:
        nursery.start_soon(starts.run, arena.tree)
        await arena.live()
        begun = trio.current_time()
        await trio.sleep(seconds)
        controlled = _controlled("quiet", starts, begun, [])
        nursery.cancel_scope.cancel()
    return controlled


def _controlled(name: str, starts: Starts, begun: float, wrong: list[str]) -> Controlled:
    tried = starts.of("", begun, inf)
    reasons = [f"{start.stream} was restarted: {start.why}" for start in tried[:TOLD]]
    return Controlled(name, trio.current_time() - begun, len(tried), wrong + reasons)
