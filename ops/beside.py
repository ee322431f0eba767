"""A nursery beside a block: what runs in it ends with the block."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import trio


@asynccontextmanager
async def beside(
    nursery: AbstractAsyncContextManager[trio.Nursery] | None = None,
) -> AsyncIterator[trio.Nursery]:
    """Run a nursery for the time of a block, and cancel it at the block's end.

    What the block raises leaves as it is, and in no group.

    Args:
        nursery: one that is not open yet; None is one of trio's.

    Raises:
        ExceptionGroup: something in the nursery failed; the block was cancelled.
    """
    failure: BaseException | None = None
    async with nursery or trio.open_nursery() as opened:
        try:
            yield opened
        except BaseException as error:
            failure = error
        opened.cancel_scope.cancel()
    if failure is not None:
        raise failure  # outside of the nursery, which would put it into a group
