"""Requests about orders that are there: cancel, amend, status. Each is sent once; what is in doubt is asked for."""

from collections import deque
from typing import Literal, TypeAlias

import trio
from msgspec import Struct

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.private.ledger import Ledger
from feedtree.exchanges.private.order_checks import Guard
from feedtree.exchanges.private.order_dispatch import Dispatch
from feedtree.exchanges.private.order_docket import Docket
from feedtree.exchanges.private.order_doors import (
    AmendRequest,
    Answered,
    CancelAllRequest,
    CancelRequest,
    CountdownRequest,
    Refused,
    Reply,
    StatusRequest,
)
from feedtree.exchanges.private.order_errors import (
    OrderError,
    OrderNotFound,
    OrderOutcomeUnknown,
    OrderRefused,
)
from feedtree.exchanges.private.orders import Order, RejectReason
from feedtree.exchanges.private.rest import AccountRest
from feedtree.exchanges.symbols import Symbol
from feedtree.supervisors.verdicts import Fatal

INQUIRIES_KEPT = 1000

Named: TypeAlias = CancelRequest | AmendRequest | StatusRequest
Asked: TypeAlias = Named | CancelAllRequest | CountdownRequest
Verb: TypeAlias = Literal["cancel", "amend", "status", "cancel_all", "countdown"]


class Inquiry(Struct, frozen=True):
    """An order to be asked for: a cancel or an amendment of it went out, and what came of that is not known."""

    symbol: Symbol
    order_id: str | None
    client_order_id: str | None


class Asking:
    """The requests of one account about orders that are there.

    Args:
        dispatch: the way to the venue.
        ledger: what is known of the account.
        docket: the orders whose outcome is not known.
        rest: the account's signed reads.
        guard: returns why nothing may go out; None where it may.

    Attributes:
        inquiries: orders that are to be asked for, oldest first.
    """

    def __init__(
        self, dispatch: Dispatch, ledger: Ledger, docket: Docket, rest: AccountRest, guard: Guard
    ) -> None:
        self._dispatch = dispatch
        self._ledger = ledger
        self._docket = docket
        self._rest = rest
        self._guard = guard
        self.inquiries: deque[Inquiry] = deque(maxlen=INQUIRIES_KEPT)

    async def ask(
        self, request: Asked, timeout: float, verb: Verb, guard: Guard | None = None
    ) -> Answered | Refused:
        """Send a request, and wait for what comes of it; the account takes note of the orders in the answer.

        Args:
            request: anything but a new order.
            timeout: seconds for all of it.
            verb: its name for messages.
            guard: returns why it must not go out after all, where that is more than the account's own guard.

        Returns:
            The venue's answer; or a refusal, which is ours where nothing could go out in time.

        Raises:
            OrderOutcomeUnknown: it went out, and nothing came back in time.
            Exception: what the guard returned. Nothing was sent.
        """
        guard = guard or self._guard
        error = guard()
        if error is not None:
            raise error
        call = self._dispatch.submit(request, timeout, guard=guard, on_reply=self.note)
        if isinstance(call, Refused):
            return call
        try:
            await call.wait()
        finally:
            call.leave()
            if call.sent and not isinstance(call.reply, Answered | Refused):
                self._inquire(request)
        if call.error is not None:
            raise call.error
        if isinstance(call.reply, Answered | Refused):
            return call.reply
        if call.sent:
            why = call.why or f"no answer within {timeout:.3g} s"
            client_order_id, order_id = _ids(request)
            raise OrderOutcomeUnknown(client_order_id, why, order_id=order_id, doing=verb)
        why = call.why or f"no way out within {timeout:.3g} s"
        return Refused(reason=RejectReason.NOT_SENT, code="", text=why)

    async def cancel(self, request: CancelRequest, timeout: float) -> Order:
        """See `OrderDesk.cancel`."""
        deadline = trio.current_time() + timeout
        reply = await self.ask(request, timeout, "cancel")
        if isinstance(reply, Answered):
            return reply.orders[0]
        if reply.reason is not RejectReason.ORDER_OVER:
            raise refused("cancel", request, reply)
        placing = self._docket.get(request.client_order_id or "")
        if placing is not None:
            placing.doomed = True
            why = "whether the order is there is not known yet; it is cancelled as soon as it shows"
            raise OrderOutcomeUnknown(placing.name, why, doing="cancel")
        return await self._ended(request, reply, deadline)

    async def status(self, request: StatusRequest, timeout: float) -> Order | None:
        """See `OrderDesk.status`."""
        deadline = trio.current_time() + timeout
        try:
            reply = await self.ask(request, timeout, "status")
        except OrderOutcomeUnknown:
            return await self.read(request, deadline + timeout)
        if isinstance(reply, Answered):
            return reply.orders[0]
        if reply.reason is RejectReason.ORDER_OVER:
            return None
        raise refused("status", request, reply)

    async def read(self, request: Named | Inquiry, deadline: float) -> Order | None:
        """Ask for an order over REST; the account takes note of it. None where the venue knows none.

        Raises:
            RestFailed: no answer by the deadline (trio time), or none that can be read.
            VenueThrottled: the venue asks for a pause.
            Fatal: what is wrong with the account's key.
        """
        with trio.move_on_at(deadline):
            order = await self._rest.order(
                request.symbol, order_id=request.order_id, client_order_id=request.client_order_id
            )
            if order is not None:
                self._ledger.apply_order(order)
            return order
        raise RestFailed(f"order {request.order_id or request.client_order_id}", "no answer in time")

    async def _ended(self, request: CancelRequest, reply: Refused, deadline: float) -> Order:
        """Return how an order ended of which the venue says that it is over."""
        known = self._ledger.named(request.client_order_id or "")
        if known is not None and known.status.terminal:
            return known
        try:
            order = await self.read(request, deadline)
        except (RestFailed, VenueThrottled, Fatal) as error:
            text = f"{reply.text}; how it ended could not be asked for: {error}"
            raise OrderRefused(words("cancel", request), reply.reason, reply.code, text) from error
        if order is None:
            raise OrderNotFound(words("cancel", request), reply.reason, reply.code, reply.text)
        if not order.status.terminal:
            raise refused("cancel", request, reply)
        return order

    def note(self, reply: Reply) -> None:
        """Have the account take note of the orders in an answer."""
        if isinstance(reply, Answered):
            for order in reply.orders:
                self._ledger.apply_order(order)

    def _inquire(self, request: Asked) -> None:
        if isinstance(request, CancelRequest | AmendRequest):
            self.inquiries.append(Inquiry(request.symbol, request.order_id, request.client_order_id))
            self._dispatch.wake()


def _ids(request: Asked) -> tuple[str, str]:
    if isinstance(request, CancelAllRequest):
        return "", str(request.symbol)
    if isinstance(request, CountdownRequest):
        return "", ""
    return request.client_order_id or "", request.order_id or ""


def words(verb: Verb, request: Named) -> str:
    """Return what was asked for, for messages."""
    return f"{verb} {request.symbol} {request.order_id or request.client_order_id}"


def refused(verb: Verb, request: Named, reply: Refused) -> OrderError:
    """Return the error that a refusal is."""
    return OrderRefused(words(verb, request), reply.reason, reply.code, reply.text)
