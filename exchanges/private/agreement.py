"""Keeps an account in agreement with its venue while one connection lives: when comparisons are made.

The first makes the stream live. Another one follows as soon as REST, which may have been behind, must have caught up.
Then they are made from time to time, and at once when something was doubtful for too long or could not be read. While
something is unexplained they are made again, ever more seldom.
"""

import trio

from feedtree.actors.context import Context
from feedtree.exchanges.errors import ClockSkewed, RestFailed, VenueThrottled
from feedtree.exchanges.private.account import Account
from feedtree.exchanges.private.balances import REST_LAG
from feedtree.exchanges.private.messages import Reconciliation
from feedtree.exchanges.private.reconcile import reconcile
from feedtree.exchanges.private.store import AccountStore

LEAST_PAUSE = 0.5  # seconds between two comparisons; doubles while they leave something unexplained
LONGEST_PAUSE = 30.0
SOON = 5.0  # seconds that a wanted comparison waits at most behind one that left something, but for what the venue asks
CONFIRM_AFTER = REST_LAG + 0.5
AUDIT_EVERY = 60.0


async def agree(account: Account, generation: int, context: Context) -> None:
    """Compare, tell that the stream is live, and go on comparing; never returns.

    Raises:
        Fatal: the venue refuses the account, for a reason that stays.
    """
    store = account.store
    pause = LEAST_PAUSE
    confirmed = False
    while True:
        store.comparison_wanted = False
        was_live = store.streams.is_live(generation)
        report, wait = await _compare(account, context, always=not was_live)
        if report is not None and not was_live:
            store.live(generation)
            context.mark_useful()
            account.access.connections.recovered()
        _report(account, generation, context)
        if report is None or not report.consistent:
            least = max(wait, min(pause, SOON))
            await trio.sleep(least)
            await _until(store, max(pause - least, 0.0), ripe=False)
            pause = min(pause * 2, LONGEST_PAUSE)
            continue
        pause = LEAST_PAUSE
        await trio.sleep(LEAST_PAUSE)
        await _until(store, AUDIT_EVERY if confirmed else CONFIRM_AFTER - LEAST_PAUSE, ripe=True)
        confirmed = True


async def _compare(
    account: Account, context: Context, *, always: bool
) -> tuple[Reconciliation | None, float]:
    """Compare once; return what came of it, None where REST failed, and the pause that the venue asked for."""
    try:
        await account.measure()
        history = account.venue.history
        report = await reconcile(account.store, account.rest, account.clock, history, always=always)
    except (RestFailed, VenueThrottled, ClockSkewed) as error:
        if isinstance(error, ClockSkewed) and not account.clock.refused():
            raise
        context.log.warning("not_reconciled", reason=str(error))
        account.store.doubted(f"not compared with the venue: {error}")
        return None, getattr(error, "retry_after", None) or 0.0
    if report.unexplained:
        context.log.warning("unexplained", what=report.unexplained)
    return report, 0.0


def _report(account: Account, generation: int, context: Context) -> None:
    store, reading = account.store, account.clock.reading
    counts = store.counts
    context.report(
        "live" if store.streams.is_live(generation) else "syncing",
        consistent=store.consistent,
        fills=counts.fills,
        reconciliations=counts.reconciliations,
        clock_offset_ms=None if reading is None else reading.offset_ns / 1e6,
        clock_drift_ms=None if reading is None else reading.drift_ns / 1e6,
    )


async def _until(store: AccountStore, seconds: float, *, ripe: bool) -> None:
    """Wait that long, or until a comparison is wanted, or (``ripe``) something was doubtful for too long."""
    with trio.move_on_after(seconds):
        while not store.comparison_wanted:
            changed = store.changed
            with trio.move_on_at(store.doubt_at() if ripe else trio.current_effective_deadline()):
                await changed.wait()
            if ripe and trio.current_time() >= store.doubt_at():
                store.doubted("what pushes told does not add up: one was missed")
                return
