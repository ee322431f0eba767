"""Asks the venue for an order whose outcome is unknown, until it is known; see `order_search` for what proves it."""

import trio

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.private.desk import OrderDesk
from feedtree.exchanges.private.order_calls import Placing
from feedtree.exchanges.private.order_search import Round, Search
from feedtree.exchanges.private.orders import Order


async def search_for(placing: Placing, desk: OrderDesk) -> None:
    """Search for an order that is on the docket; return once its outcome is known, from wherever.

    Raises:
        Fatal: what is wrong with the account's key.
    """
    search = placing.search
    assert search is not None
    pause = 0.0
    while placing.outcome is None:
        with trio.move_on_after(max(pause, search.pause(desk.clock.now_ns()))):
            await placing.known.wait()
            return
        pause = 0.0
        try:
            await _look(placing, search, desk)
        except (RestFailed, VenueThrottled) as error:
            search.failed()
            pause = getattr(error, "retry_after", None) or 0.0


async def _look(placing: Placing, search: Search, desk: OrderDesk) -> None:
    asked_ns = _at_the_earliest(desk)
    order = await desk.rest.order(search.symbol, client_order_id=placing.name)
    if order is not None:
        desk.docket.found(placing, order)
    elif search.conclusive(asked_ns):
        await _round(placing, search, desk, asked_ns)
    else:
        search.asked()


async def _round(placing: Placing, search: Search, desk: OrderDesk, asked_ns: int) -> None:
    found = search.judge(
        Round(
            asked_ns=asked_ns,
            open_orders=await desk.rest.open_orders({search.symbol}),
            finished=await desk.rest.finished_orders(search.symbol, search.since_ns),
            fills=await desk.rest.fills(search.symbol, search.since_ns),
        )
    )
    if isinstance(found, Order):
        desk.docket.found(placing, found)
    elif found is not None:
        await _by_fill(placing, search, desk, found)
    elif search.absent:
        desk.docket.give_up(placing)


async def _by_fill(placing: Placing, search: Search, desk: OrderDesk, order_id: str) -> None:
    order = await desk.rest.order(search.symbol, order_id=order_id)
    if order is None:
        desk.docket.found_part(placing, order_id)
    else:
        desk.docket.found(placing, order)


def _at_the_earliest(desk: OrderDesk) -> int:
    """Return the venue's time now, at the earliest that it may be."""
    reading = desk.clock.reading
    return desk.clock.now_ns() - (0 if reading is None else reading.error_ns)
