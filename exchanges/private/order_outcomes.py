"""What an order's state says about the call that placed it. Pure."""

from feedtree.exchanges.private.order_doors import PlaceRequest
from feedtree.exchanges.private.orders import (
    Accepted,
    Order,
    OrderStatus,
    Rejected,
    RejectReason,
    TimeInForce,
)

Outcome = Accepted | Rejected


def outcome_of(request: PlaceRequest, order: Order, *, shown: bool = True) -> Outcome:
    """Return how a call ended whose order the venue has, or had.

    A venue may accept what it cannot do and end it at once, with nothing done: that is a refusal by another name.

    Args:
        request: what was asked for.
        order: what became of it.
        shown: whether the venue told of it as it is; otherwise it is left out of the outcome.
    """
    reason = _undone(request, order)
    if reason is not None:
        return Rejected(
            client_order_id=request.client_order_id,
            reason=reason,
            code=order.reason,
            text=f"order {order.order_id} was accepted, and ended at once with nothing done",
        )
    return Accepted(
        client_order_id=request.client_order_id,
        order_id=order.order_id,
        order=order if shown else None,
    )


def never_arrived(request: PlaceRequest) -> Rejected:
    """Return the outcome of an order that the venue does not have, and will not take any more."""
    return Rejected(
        client_order_id=request.client_order_id,
        reason=RejectReason.EXPIRED,
        text="the venue knows no such order, and its expiry is over",
    )


def _undone(request: PlaceRequest, order: Order) -> RejectReason | None:
    if order.filled:
        return None
    if order.status is OrderStatus.REFUSED:
        return RejectReason.WOULD_CROSS
    if order.status is OrderStatus.EXPIRED and request.time_in_force is TimeInForce.FOK:
        return RejectReason.NOT_FILLABLE
    return None
