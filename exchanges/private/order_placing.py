"""Placing an order, from its checks to the word that its caller gets."""

import trio

from feedtree.exchanges.private.order_calls import Placing
from feedtree.exchanges.private.order_checks import Checks, Guard
from feedtree.exchanges.private.order_dispatch import Dispatch
from feedtree.exchanges.private.order_docket import Docket
from feedtree.exchanges.private.order_doors import PlaceRequest, Refused
from feedtree.exchanges.private.order_errors import OrderOutcomeUnknown
from feedtree.exchanges.private.order_outcomes import Outcome
from feedtree.exchanges.private.order_sweep import Sweep
from feedtree.exchanges.private.orders import Accepted, Rejected, RejectReason


class Placer:
    """Places the orders of one account.

    Args:
        dispatch: the way to the venue.
        docket: the orders whose outcome is not known.
        checks: what is checked before anything goes out.
        sweep: told which symbols are traded.
    """

    def __init__(self, dispatch: Dispatch, docket: Docket, checks: Checks, sweep: Sweep) -> None:
        self._dispatch = dispatch
        self._docket = docket
        self._checks = checks
        self._sweep = sweep

    async def place(self, request: PlaceRequest, timeout: float, *, allow_inconsistent: bool) -> Outcome:
        """See `OrderDesk.place`; the request makes sense."""
        outcome = await self._place(request, timeout, allow_inconsistent=allow_inconsistent)
        self._docket.outcomes["accepted" if isinstance(outcome, Accepted) else "rejected"] += 1
        return outcome

    async def _place(self, request: PlaceRequest, timeout: float, *, allow_inconsistent: bool) -> Outcome:
        deadline = trio.current_time() + timeout
        guard = self._checks.guard(allow_inconsistent=allow_inconsistent)
        raise_any(guard())
        if not await self._checks.wait_ready(timeout):
            return _rejected(request, RejectReason.NOT_SENT, "the venue's clock or instruments are not known")
        broken = self._checks.place(request)
        if broken is not None:
            return _rejected(request, *broken)
        return await self._send(request, max(deadline - trio.current_time(), 0.0), guard)

    async def _send(self, request: PlaceRequest, timeout: float, guard: Guard) -> Outcome:
        call = self._dispatch.submit(
            request, timeout, guard=guard, on_reply=lambda reply: self._docket.reply(placing, reply)
        )
        if isinstance(call, Refused):
            return _rejected(request, call.reason, call.text)
        placing = Placing(request, call)
        self._docket.add(placing)
        self._sweep.traded(request.symbol)
        try:
            await call.wait()
        except trio.Cancelled:
            self._docket.leave(placing)
            raise
        if placing.outcome is not None:
            return placing.outcome
        self._docket.leave(placing)
        raise_any(call.error)
        if call.sent:
            raise OrderOutcomeUnknown(placing.name, call.why or f"no answer within {timeout:.3g} s")
        return _rejected(request, RejectReason.NOT_SENT, call.why or f"no way out within {timeout:.3g} s")


def raise_any(error: Exception | None) -> None:
    """Raise an error, where there is one."""
    if error is not None:
        raise error


def _rejected(request: PlaceRequest, reason: RejectReason, text: str) -> Rejected:
    return Rejected(client_order_id=request.client_order_id, reason=reason, text=text)
