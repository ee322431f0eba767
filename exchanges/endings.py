"""How an incarnation ended: in a line, and as the venue's connection count sees it."""

from collections.abc import Iterator

import trio

from feedtree.actors.context import Context
from feedtree.exchanges.errors import (
    ClosedByPeer,
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    Stalled,
    SubscribeTimeout,
    UpgradeRefused,
    VenueThrottled,
)

STOPPED = "stopped"
"""How `describe` names an end that was asked for."""


def describe(error: BaseException) -> str:
    """Return one line on why an incarnation ended, for events and reports."""
    if isinstance(error, BaseExceptionGroup):
        leaves = [leaf for leaf in error.exceptions if not isinstance(leaf, trio.Cancelled)]
        return describe(leaves[0]) if leaves else STOPPED
    if isinstance(error, trio.Cancelled):
        return STOPPED
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def stopped(error: BaseException) -> bool:
    """Return whether an incarnation ended since it was stopped, and by no failure of its own."""
    return all(isinstance(leaf, trio.Cancelled) for leaf in _leaves(error))


def still_counted(error: BaseException) -> bool:
    """Return whether the venue may count a connection that ended so: it was open, and no close got through.

    What ends by our own decision is closed in order; what never opened is no connection.
    """
    leaves = list(_leaves(error))
    if any(isinstance(leaf, ClosedByPeer) for leaf in leaves):
        return False
    return any(
        leaf.phase == "upgrade"
        if isinstance(leaf, ConnectTimeout)
        else isinstance(leaf, ConnectionLost | Stalled | SubscribeTimeout)
        for leaf in leaves
    )


def throttle(error: BaseException) -> VenueThrottled | None:
    """Return the refusal by which the venue asked for a pause, None where an incarnation ended by none."""
    return next((leaf for leaf in _leaves(error) if isinstance(leaf, VenueThrottled)), None)


def got_through(error: BaseException) -> bool | None:
    """Return whether an attempt that failed in dialling had got a connection, as far as its error tells.

    True: TCP was there, and TLS was not. False: the upgrade was answered with 5xx: the venue says itself that it
    is away; whoever accepts and drops says nothing. None: the error tells neither.
    """
    if any(isinstance(leaf, UpgradeRefused) and leaf.status >= 500 for leaf in _leaves(error)):
        return False
    return True if isinstance(error, ConnectFailed) and error.phase == "tls" else None


def note_connection(error: BaseException, context: Context) -> None:
    """Tell the supervisor of an attempt that failed whether it had got a connection, where its error tells."""
    through = got_through(error)
    if through is not None:
        context.mark_connected(through)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error
