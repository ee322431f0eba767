"""A nursery beside a block: it ends with the block, and what the block raises leaves as it is."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
import trio

from feedtree.ops.beside import beside


class Wrong(Exception):
    """Something failed."""


async def fail() -> None:
    raise Wrong


async def test_what_runs_in_it_ends_with_the_block(autojump_clock: object) -> None:
    cancelled = []

    async def run() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            cancelled.append(trio.current_time())
            raise

    began = trio.current_time()
    async with beside() as nursery:
        nursery.start_soon(run)
        await trio.sleep(3)
    assert cancelled == [began + 3]


@pytest.mark.parametrize("raised", [Wrong(), ExceptionGroup("of the block's own", [Wrong()])])
async def test_what_the_block_raises_leaves_as_it_is(autojump_clock: object, raised: Exception) -> None:
    """Also past a nursery that makes something else of what fails in it."""

    @asynccontextmanager
    async def translating() -> AsyncIterator[trio.Nursery]:
        try:
            async with trio.open_nursery() as nursery:
                yield nursery
        except ExceptionGroup as group:
            raise AssertionError("failed in the nursery") from group

    async def stay(nursery: AbstractAsyncContextManager[trio.Nursery] | None) -> None:
        async with beside(nursery) as opened:
            opened.start_soon(trio.sleep_forever)
            raise raised

    for nursery in (None, translating()):
        with pytest.raises(type(raised)) as left:
            await stay(nursery)
        assert left.value is raised


async def test_what_fails_in_it_cancels_the_block(autojump_clock: object) -> None:
    async def wait() -> None:
        async with beside() as nursery:
            nursery.start_soon(fail)
            await trio.sleep_forever()

    with pytest.raises(ExceptionGroup) as left:
        await wait()
    (failure,) = left.value.exceptions
    assert type(failure) is Wrong
