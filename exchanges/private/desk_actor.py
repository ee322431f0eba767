"""The actor behind an order desk: carries requests to the doors, searches for orders, looks after open ones.

All state is the desk's: another incarnation goes on where this one ended. What it had sent ends without an answer, and
is searched for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import trio

from feedtree.actors.context import Context
from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.private.cancel_report import CancelReport, Cause
from feedtree.exchanges.private.desk import OrderDesk
from feedtree.exchanges.private.desk_search import search_for
from feedtree.exchanges.private.order_asking import Inquiry
from feedtree.exchanges.private.order_calls import Call, Placing
from feedtree.exchanges.private.order_doors import CountdownRequest, Refused, Reply, Unanswered, Withheld
from feedtree.exchanges.private.order_errors import OrderError
from feedtree.exchanges.private.order_options import OpenOrders

CANCEL_WITHIN = 0.9  # seconds to cancel everything when nobody is there to look after it
STOP_WITHIN = 1.0  # the same, with all that belongs to a stop
DOOR_AGAIN = 0.05  # seconds between two looks for a way out
LOAD_EVERY = 3600.0  # seconds between two looks at what is traded
LOAD_AGAIN = 1.0  # the same after one that failed
INQUIRE_AFTER = (0.2, 1.0, 3.0, 10.0)  # seconds before each question for an order, until one is answered


async def run_desk(desk: OrderDesk, context: Context) -> None:
    """Be one incarnation of a desk's actor: the start function of its child spec.

    Stopped, it does what the options say about open orders, for at most `STOP_WITHIN` seconds.

    Raises:
        Fatal: what is wrong with the account's key, found while an order was searched for.
    """
    context.started()
    desk.checks.stopping = False
    worker = Worker(desk, context)
    try:
        await worker.run()
    finally:
        if trio.current_effective_deadline() <= trio.current_time():  # stopped, and no crash
            desk.checks.stopping = True
            await worker.stop()
        context.report("down")


class Worker:
    """The tasks of one incarnation."""

    def __init__(self, desk: OrderDesk, context: Context) -> None:
        self._desk = desk
        self._context = context
        self._searched: set[Placing] = set()
        self._told: tuple[str, dict[str, Any]] = "", {}

    async def run(self) -> None:
        """Work until stopped."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._load)
            nursery.start_soon(self._watch, nursery)
            if self._desk.options.dead_mans_switch is not None:
                nursery.start_soon(self._renew, self._desk.options.dead_mans_switch)
            await self._work(nursery)

    async def stop(self) -> None:
        """Do what the options say about open orders."""
        options = self._desk.options
        cancels = options.on_stop is OpenOrders.CANCEL_ALL
        if not cancels and options.dead_mans_switch is None:
            return
        with trio.CancelScope(shield=True, deadline=trio.current_time() + STOP_WITHIN):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._work, nursery)
                if cancels:
                    await self._cancel_all(Cause.STOP)
                if options.dead_mans_switch is not None:
                    await self._count_down(0, STOP_WITHIN)
                nursery.cancel_scope.cancel()

    # Work that is asked for

    async def _work(self, nursery: trio.Nursery) -> None:
        desk = self._desk
        while True:
            desk.dispatch.work = trio.Event()
            for call in desk.dispatch.take():
                nursery.start_soon(self._carry, call)
            for placing in desk.docket.unresolved:
                if placing not in self._searched:
                    self._searched.add(placing)
                    nursery.start_soon(self._search, placing)
            while desk.asking.inquiries:
                nursery.start_soon(self._inquire, desk.asking.inquiries.popleft())
            self._report()
            await desk.dispatch.work.wait()

    async def _carry(self, call: Call) -> None:
        """See a request through a door; whatever happens, it has a reply in the end."""
        reply: Reply | None = None
        try:
            with call.scope:
                await trio.sleep_until(call.turn_at)
                reply = await self._send(call)
        except Withheld:
            pass  # whoever waits has the reason
        finally:
            why = call.why or ("the desk's actor ended" if call.sent else "")
            self._desk.dispatch.settle(call, reply or Unanswered(sent=call.sent, why=why))

    async def _send(self, call: Call) -> Reply:
        while True:
            door = self._desk.dispatch.door(call.request)
            if door is not None:
                call.door = door.name
                reply = await door.send(call.request, call.expires_ns, call.on_sent)
                if not isinstance(reply, Unanswered) or call.sent:
                    return reply
                call.why = reply.why
            await trio.sleep(DOOR_AGAIN)

    async def _search(self, placing: Placing) -> None:
        self._context.log.warning("order_outcome_unknown", client_order_id=placing.name)
        await search_for(placing, self._desk)
        self._searched.discard(placing)
        self._context.log.warning(
            "order_resolved", client_order_id=placing.name, outcome=repr(placing.outcome)
        )
        self._report()

    async def _inquire(self, inquiry: Inquiry) -> None:
        for pause in INQUIRE_AFTER:
            await trio.sleep(pause)
            with self._reads():
                await self._desk.asking.read(inquiry, trio.current_time() + INQUIRE_AFTER[-1])
                return

    # Work of its own

    async def _load(self) -> None:
        """Learn the venue's clock, and what is traded; now, and from time to time."""
        desk = self._desk
        while True:
            loaded = False
            with self._reads():
                if desk.clock.reading is None:
                    await desk.clock.measure(desk.rest.time_ns)
                desk.checks.learn(await desk.load())
                loaded = True
            self._report()
            await trio.sleep(LOAD_EVERY if loaded else LOAD_AGAIN)

    async def _watch(self, nursery: trio.Nursery) -> None:
        """Look at the account whenever it changes, where a change may mean something here."""
        desk = self._desk
        cancels = desk.options.on_inconsistent is OpenOrders.CANCEL_ALL
        consistent = desk.ledger.consistent
        while True:
            changed = desk.ledger.changed
            desk.docket.look()
            if cancels and consistent and not desk.ledger.consistent:
                nursery.start_soon(self._cancel_all, Cause.INCONSISTENT)
            consistent = desk.ledger.consistent
            await (changed if cancels or desk.docket.watches else desk.dispatch.work).wait()

    async def _renew(self, seconds: int) -> None:
        """Have the venue wait for the next sign of life before it cancels everything, while all is well."""
        while True:
            if self._desk.ledger.consistent and not self._desk.checks.killed:
                await self._count_down(seconds, seconds / 3)
            await trio.sleep(seconds / 3)

    async def _count_down(self, seconds: int, timeout: float) -> None:
        try:
            reply = await self._desk.asking.ask(CountdownRequest(seconds), timeout, "countdown")
        except OrderError as error:
            self._context.log.warning("countdown_unknown", reason=str(error))
        else:
            if isinstance(reply, Refused):
                self._context.log.warning("countdown_refused", code=reply.code, text=reply.text)

    async def _cancel_all(self, cause: Cause) -> None:
        report = await self._desk.sweep.run(cause, CANCEL_WITHIN)
        self._tell(report)

    def _tell(self, report: CancelReport) -> None:
        self._context.log.warning(
            "cancelled_all",
            cause=report.cause,
            cancelled=len(report.cancelled),
            failed=report.failed,
            unresolved=report.unresolved,
            took_s=report.took_s,
        )

    @contextmanager
    def _reads(self) -> Iterator[None]:
        """Take a read that fails for one that may be made again later."""
        try:
            yield
        except (RestFailed, VenueThrottled) as error:
            self._context.log.warning("read_failed", reason=str(error))

    def _report(self) -> None:
        desk = self._desk
        facts = {
            "under_way": desk.dispatch.under_way,
            "waiting": desk.dispatch.waiting,
            "unresolved": len(desk.docket.unresolved),
        }
        if (desk.state, facts) != self._told:
            self._told = desk.state, facts
            self._context.report(desk.state, **facts)
