"""What must hold when everything has calmed down, whatever went wrong before."""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from feedtree.exchanges.private.messages import AccountMessage, Fill, OrderResolved, OrderUpdate
from feedtree.exchanges.private.orders import Accepted, RejectReason
from feedtree.exchanges.private.view import AccountView
from feedtree.ops.campaign.calls import PlaceCall
from feedtree.ops.campaign.truth import TrueAccount, TrueEntry, TrueFill, TrueOrder

# The venue takes such an order and ends it at once: it exists, and is rejected all the same.
_TAKEN_AND_ENDED = (RejectReason.WOULD_CROSS, RejectReason.NOT_FILLABLE)


class Evidence(Struct):
    """What one run left behind.

    Args:
        messages: everything that a consumer got, in order.
        view: the account as it is known.
        consistent: whether it is known to be true.
        unresolved: client order ids of orders whose outcome is still looked for.
        calls: of `place`.
        account: the truth.
        orders: the truth.
        fills: the truth.
        entries: the truth.
    """

    messages: Sequence[AccountMessage]
    view: AccountView
    consistent: bool
    unresolved: Sequence[str]
    calls: Sequence[PlaceCall]
    account: TrueAccount
    orders: Sequence[TrueOrder]
    fills: Sequence[TrueFill]
    entries: Sequence[TrueEntry]


def broken(found: Evidence) -> list[str]:
    """Return what does not hold, a sentence each; none where all does."""
    checks = (_sequence, _fills, _order_of_messages, _view, _entries, _calls, _outcomes)
    return [sentence for check in checks for sentence in check(found)]


def _sequence(found: Evidence) -> Iterator[str]:
    numbers = [message.sequence for message in found.messages]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))) if numbers else False:
        yield f"the sequence of messages has gaps: {_gaps(numbers)}"


def _gaps(numbers: Sequence[int]) -> list[tuple[int, int]]:
    return [(one, other) for one, other in itertools.pairwise(numbers) if other != one + 1][:5]


def _fills(found: Evidence) -> Iterator[str]:
    told = Counter(_fill(message) for message in found.messages if isinstance(message, Fill))
    true = Counter(_fill(fill) for fill in found.fills)
    for missing in (true - told).elements():
        yield f"a fill was never told: {missing}"
    for extra in (told - true).elements():
        yield f"a fill was told that there was not, or twice: {extra}"


def _fill(fill: Fill | TrueFill) -> tuple[Any, ...]:
    return (fill.order_id, str(fill.symbol), str(fill.side), fill.price, fill.quantity)


def _order_of_messages(found: Evidence) -> Iterator[str]:
    known: dict[str, Any] = {}
    for message in found.messages:
        if isinstance(message, Fill) and message.order_id not in known:
            yield f"a fill of {message.order_id} came before its order"
        if not isinstance(message, OrderUpdate):
            continue
        order, before = message.order, known.get(message.order.order_id)
        if before is not None and before.status.terminal and not order.status.terminal:
            yield f"order {order.order_id} came back after it was {before.status}"
        if before is not None and order.filled < before.filled:
            yield f"order {order.order_id} went back from {before.filled} to {order.filled} filled"
        known[order.order_id] = order


def _view(found: Evidence) -> Iterator[str]:
    if not found.consistent:
        yield f"the account is still inconsistent: {found.view.unexplained}"
    held = {name: (each.available, each.locked) for name, each in found.view.balances.items() if each.total}
    true = {name: (each.available, each.locked) for name, each in found.account.balances.items()}
    for name in held.keys() | true.keys():
        if held.get(name) != true.get(name):
            yield f"{name} is {true.get(name)} at the venue, and known as {held.get(name)}"
    known = {order.order_id for order in found.view.open_orders}
    there = {order.order_id for order in found.account.open_orders}
    if known != there:
        yield f"open orders at the venue only: {sorted(there - known)}, here only: {sorted(known - there)}"


def _entries(found: Evidence) -> Iterator[str]:
    placed = Counter(entry.client_id for entry in found.entries if entry.doing == "place")
    for name, times in placed.items():
        if times > 1:
            yield f"{name} was sent {times} times"
    for call in found.calls:
        if call.ending == "inconsistent" and placed[call.client_order_id]:
            yield f"{call.client_order_id} was sent although the account was inconsistent"


def _calls(found: Evidence) -> Iterator[str]:
    there = {order.client_order_id: order for order in found.orders}
    for call in found.calls:
        order = there.get(call.client_order_id)
        if call.ending == "under way":
            yield f"the call for {call.client_order_id} never ended"
        if call.ending == "accepted" and order is None:
            yield f"{call.client_order_id} was accepted, and the venue never had it"
        if call.ending == "rejected" and order is not None and not _never_was(call.reason, order):
            yield f"{call.client_order_id} was rejected ({call.reason}), and the venue has it: {order.ended or 'open'}"


def _never_was(reason: str, order: TrueOrder) -> bool:
    return reason in _TAKEN_AND_ENDED and not order.open and not order.filled


def _outcomes(found: Evidence) -> Iterator[str]:
    for name in found.unresolved:
        yield f"{name} is still looked for"
    there = {order.client_order_id: order for order in found.orders}
    resolved = [message for message in found.messages if isinstance(message, OrderResolved)]
    for message in resolved:
        order = there.get(message.client_order_id)
        if isinstance(message.outcome, Accepted):
            if order is None:
                yield f"{message.client_order_id} was resolved as accepted, and the venue never had it"
        elif order is not None and not _never_was(message.outcome.reason, order):
            yield f"{message.client_order_id} was resolved as rejected, and the venue has it"
    yield from _each_once(found.calls, (message.client_order_id for message in resolved))


def _each_once(calls: Sequence[PlaceCall], resolved: Iterable[str]) -> Iterator[str]:
    times = Counter(resolved)
    for call in calls:
        if call.ending == "unknown" and times[call.client_order_id] != 1:
            yield f"{call.client_order_id} was of unknown outcome, and resolved {times[call.client_order_id]} times"
        if call.ending in ("accepted", "rejected") and times[call.client_order_id]:
            yield f"{call.client_order_id} was {call.ending}, and resolved all the same"
