"""Inflicts a fault of a class on a line, and takes back what lasts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import trio
from msgspec import Struct

from feedtree.ops.chaos.campaign.arena import Arena
from feedtree.ops.chaos.campaign.classes import Step
from feedtree.ops.chaos.campaign.fleet import FaultOrder
from feedtree.ops.chaos.campaign.lines import Line


class Begun(Struct):
    """When a fault began: just before the step that is felt.

    Args:
        at: trio time.
    """

    at: float = 0.0


@asynccontextmanager
async def inflicted(arena: Arena, line: Line, steps: tuple[Step, ...]) -> AsyncIterator[Begun]:
    """Let a fault work for the time of a block."""
    begun = Begun()
    async with AsyncExitStack() as stack:
        for step in steps:
            begun.at = trio.current_time()
            await stack.enter_async_context(_step(arena, line, step))
        yield begun


@asynccontextmanager
async def _step(arena: Arena, line: Line, step: Step) -> AsyncIterator[None]:
    ground, exchanges = arena.ground, arena.exchanges
    match step.place:
        case "proxy":
            order = FaultOrder(arena.proxy(line), step.name, dict(step.values), step.on, step.count, step.one)
            handle = await ground.fleet.begin(order)
            try:
                yield
            finally:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 3):
                    await ground.fleet.end(handle)
        case "names":
            async with ground.names.fault(step.name, host=line.host, **step.values):
                yield
        case "switch":
            before = await exchanges.turn(line.venue, step.name, step.values["value"])
            try:
                yield
            finally:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 3):
                    await exchanges.turn(line.venue, step.name, before)
        case "tree":
            arena.tracks[line.number].relieve()
            yield
        case "exchange":
            for aimed in _aims(line, step):
                await exchanges.fault(line.venue, step.name, **step.values, **aimed)
            yield


def _aims(line: Line, step: Step) -> list[dict[str, object]]:
    match step.each:
        case "symbol":
            return [{"symbol": symbol} for symbol in line.symbols]
        case "first":
            return [{"symbol": line.symbols[0]}]
        case "account":
            return [{"account": line.name}]
        case _:
            return [{}]
