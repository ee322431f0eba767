"""How the knowledge of an order grows: neither venue numbers the versions of a spot order, so its state is the order.

What is filled only grows, and an end is final. Of two states with the same amount filled the later one holds, by the
venue's time: an order that was amended. Pure.
"""

from decimal import Decimal

import msgspec

from feedtree.exchanges.private.orders import Order

_GROWING = ("filled", "filled_quote", "created_ns", "updated_ns")  # a time that is rounded is rounded down
_KEPT = (  # told by one source and left out by another
    "client_order_id",
    "time_in_force",
    "price",
    "quantity",
    "quote_quantity",
)


def advance(known: Order | None, seen: Order) -> Order:
    """Return what is known of an order once this was seen of it, from wherever and in whatever order.

    Args:
        known: what was known before; None where nothing was.
        seen: a push, an answer, or a row of REST; of the same order.

    Returns:
        The very object ``known`` where ``seen`` tells nothing new.
    """
    if known is None:
        return seen
    base, other = (seen, known) if _is_ahead(seen, known) else (known, seen)
    missing = {name: getattr(other, name) for name in _KEPT if getattr(base, name) is None}
    grown = {name: _greater(getattr(base, name), getattr(other, name)) for name in _GROWING}
    merged: Order = msgspec.structs.replace(base, **missing, **grown)
    if _told(merged) == _told(known):
        return known
    return merged


def _is_ahead(seen: Order, known: Order) -> bool:
    if seen.status.terminal != known.status.terminal:
        return seen.status.terminal
    if seen.filled != known.filled:
        return seen.filled > known.filled
    if known.status.terminal:
        return False
    if seen.updated_ns is None or known.updated_ns is None:
        return True
    return seen.updated_ns >= known.updated_ns


def _greater(one: Decimal | int | None, other: Decimal | int | None) -> Decimal | int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _told(order: Order) -> Order:
    """Return an order without what is no news of its own: other times of the same state."""
    return msgspec.structs.replace(order, created_ns=None, updated_ns=None)
