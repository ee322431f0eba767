"""A desk over a scripted venue for the time of a block, and what it is scripted with."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import trio

from feedtree.exchanges.instruments import Instrument
from feedtree.exchanges.private.order_doors import Refused
from feedtree.exchanges.private.order_options import OrderOptions
from feedtree.exchanges.private.order_venue import OrderVenue
from feedtree.exchanges.private.orders import RejectReason
from tests.exchanges.private.orders.desk_bench import DeskBench
from tests.exchanges.private.orders.scripted_doors import Way
from tests.exchanges.private.orders.scripted_venue import VENUE, listed

OpenDesk = Callable[..., AbstractAsyncContextManager[DeskBench]]


@pytest.fixture(scope="session")
def desk_bench() -> OpenDesk:
    """Opens a desk for the time of a block."""

    @asynccontextmanager
    async def opened(
        options: OrderOptions | None = None,
        venue: OrderVenue = VENUE,
        *,
        consistent: bool = True,
        ready: bool = True,
    ) -> AsyncIterator[DeskBench]:
        async with trio.open_nursery() as nursery:
            bench = DeskBench(nursery, options or OrderOptions(), venue)
            if consistent:
                bench.agree()
            if not ready:
                bench.venue.rest_takes = 5.0
            await bench.start()
            assert await bench.desk.wait_ready(1.0) == ready
            yield bench
            nursery.cancel_scope.cancel()

    return opened


@pytest.fixture(scope="session")
def order_venue() -> OrderVenue:
    """What the scripted venue takes."""
    return VENUE


@pytest.fixture(scope="session")
def instrument_of() -> Callable[..., Instrument]:
    """Makes an instrument."""
    return listed


@pytest.fixture(scope="session")
def way() -> type[Way]:
    """What happens to a request on its way."""
    return Way


@pytest.fixture(scope="session")
def refusal() -> Callable[..., Refused]:
    """Makes a venue's no."""

    def made(reason: RejectReason = RejectReason.OTHER, **more: Any) -> Refused:
        return Refused(reason=reason, code="LABEL", text="words", **more)

    return made
