"""Starts ``feedtree top``: what can be wrong is said in a line before the screen opens."""

import sys
from functools import partial

from feedtree.ops.inspect.client import Client, RunningApp
from feedtree.ops.operate.attach import FAILED, FINE, WRONG_USE, complain, with_app
from feedtree.ops.operate.looks import branch, look
from feedtree.ops.terminal import has_terminal

EVERY = 1.0  # s from one look to the next ...
FASTEST, SLOWEST = 0.1, 3600.0  # ... at the least, and at most


def print_top(wanted: str | None, path: str, *, every: float = EVERY) -> int:
    """Show an app live until the user quits; return the exit code.

    Args:
        wanted: which app, see `attached`.
        path: the branch that is shown; empty for the whole tree.
        every: seconds from one look to the next, 0.1 at least, 3,600 at most.
    """
    if not (has_terminal() and sys.__stderr__ is not None and sys.__stderr__.isatty()):
        return complain(
            "top needs a terminal to itself: use feedtree tree --watch where there is none", WRONG_USE
        )
    if not FASTEST <= every <= SLOWEST:
        return complain(f"--every {every:g}: {FASTEST:g} s at least, an hour at most", WRONG_USE)
    return with_app(wanted, partial(_show, path=path.strip("/"), every=every))


def _show(app: RunningApp, *, path: str, every: float) -> int:
    with Client(app) as client:
        branch(look(client), path)
    from feedtree.ops.operate.top.app import TopApp
    from feedtree.ops.operate.top.poller import Poller

    screen = TopApp(str(app), path, every, lambda tell: Poller(app, path, every, tell))
    screen.run()
    return FINE if not screen.return_code else FAILED
