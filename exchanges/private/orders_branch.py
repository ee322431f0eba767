"""The part of an account's branch that carries its orders, beside the stream.

orders          one_for_one
├── socket      the connection for orders, where the venue has one
└── desk        carries requests, searches for orders; stopped before the socket, which it may need for that
"""

from functools import partial
from secrets import token_bytes

from msgspec import Struct

from feedtree.exchanges.private.account import Account
from feedtree.exchanges.private.desk import OrderDesk
from feedtree.exchanges.private.desk_actor import STOP_WITHIN, run_desk
from feedtree.exchanges.private.order_doors import Door
from feedtree.exchanges.private.order_errors import NotSupported
from feedtree.exchanges.private.order_ids import ClientOrderIds
from feedtree.exchanges.private.order_options import DoorChoice, OpenOrders, OrderOptions
from feedtree.exchanges.private.order_venue import OrderVenue
from feedtree.supervisors import BackoffPolicy, ChildSpec, Spec, SupervisorSpec

ORDERS = "orders"
DESK_STOP = 0.2  # seconds for the desk's actor to end, beside what it does about open orders
INTENSITY = (5, 60.0)  # restarts that count, within seconds


class Orders(Struct, frozen=True):
    """An account's orders.

    Args:
        desk: places and cancels them.
        spec: of the branch that works for it, to stand beside the account's stream.
    """

    desk: OrderDesk
    spec: SupervisorSpec


def open_orders(account: Account, venue: OrderVenue, options: OrderOptions) -> Orders:
    """Make the desk of an account, and the spec of its branch.

    Args:
        account: whose orders.
        venue: how its venue takes orders.
        options: what the user set.

    Raises:
        NotSupported: the venue has no dead man's switch.
    """
    if options.dead_mans_switch is not None and not venue.counts_down:
        raise NotSupported(f"{venue.name} has no dead man's switch: leave dead_mans_switch out")
    doors: list[Door] = [venue.rest(account)]
    children: list[Spec] = []
    if venue.socket is not None and options.door is DoorChoice.WEBSOCKET:
        socket = venue.socket(account)
        doors.insert(0, socket.door)
        children.append(socket.spec)
    desk = OrderDesk(
        f"{venue.name}/{account.name}",
        venue,
        doors,
        account.store,
        account.rest,
        account.clock,
        ClientOrderIds(venue.ids, account.host.wall_ns(), token_bytes),
        options,
        account.instruments,
    )
    looks_after = options.on_stop is OpenOrders.CANCEL_ALL or options.dead_mans_switch is not None
    children.append(
        ChildSpec(
            id="desk",
            start=partial(run_desk, desk),
            shutdown=DESK_STOP + (STOP_WITHIN if looks_after else 0.0),
            backoff=BackoffPolicy(),
        )
    )
    intensity, period = INTENSITY
    return Orders(desk, SupervisorSpec(id=ORDERS, children=children, intensity=intensity, period=period))
