"""What campaigns and soaks have in common on the command line: Ctrl-C ends them in order, a report tells of them."""

import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import trio
from msgspec import Struct

from feedtree.ops.beside import beside
from feedtree.ops.chaos.campaign.fleet_process import FleetFailed
from feedtree.ops.chaos_report import check_writable, write_all
from feedtree.ops.sim_process import SimulatorFailed

S = TypeVar("S", bound=Struct)

FINE, FAILED = 0, 1  # exit codes
_CHARTS = ".svg"


def long_run(
    what: str,
    run: Callable[[trio.CancelScope], Awaitable[S]],
    told: Callable[[S], str],
    report: Path | None,
    drawn: Callable[[S], str] | None = None,
) -> S | None:
    """Run something whose scope Ctrl-C cancels; print what it came to, and write that as JSON.

    Args:
        what: its name.
        run: it.
        told: says what it came to.
        report: where JSON is written.
        drawn: makes charts of it, which are written beside the report as SVG.

    Returns:
        What it came to; None where it did not start, or the report was not written, which is said.

    Raises:
        ConfigError: a report cannot be written there.
    """
    if report is not None:
        check_writable(report, charts=_CHARTS if drawn else "")
    try:
        found: S = trio.run(partial(_breakable, run))
    except (SimulatorFailed, FleetFailed) as error:
        say(f"feedtree: the {what} did not start: {error}")
        return None
    print(told(found), flush=True)
    if report is None:
        return found
    contents = {report: msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"}
    if drawn is not None:
        contents[report.with_suffix(_CHARTS)] = drawn(found).encode()
    return found if write_all(contents) else None


def say(text: str) -> None:
    """Print a line on stderr."""
    print(text, file=sys.stderr, flush=True)


async def _breakable(run: Callable[[trio.CancelScope], Awaitable[S]]) -> S:
    scope = trio.CancelScope()
    async with beside() as nursery:
        await nursery.start(_break_off, scope)
        return await run(scope)


async def _break_off(
    scope: trio.CancelScope, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()
