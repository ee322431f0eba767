"""A watchdog thread that names the child which blocks the event loop, while it does.

It looks at the loop's thread every half of the threshold, and says at once in the tree's log what it found, also
where the loop never comes back. When the loop is back, the child is told of as `EventKind.STALLED` and it is counted.
What counts as a stall, and what may be claimed of it, is `Suspicion`'s to decide.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Thread, get_ident
from time import perf_counter
from types import FrameType

import trio

from feedtree.supervisors.checks import is_number
from feedtree.supervisors.children import Incarnation
from feedtree.supervisors.errors import InvalidSpec
from feedtree.supervisors.events import EventKind
from feedtree.supervisors.incarnation import incarnation_of, run_worker
from feedtree.supervisors.loop_facts import LoopFacts
from feedtree.supervisors.stuck import running_frames
from feedtree.supervisors.surroundings import Surroundings
from feedtree.supervisors.suspicion import LineLimit, Look, Stall, Suspicion
from feedtree.supervisors.threads import read_frames

THREAD = "feedtree watchdog"


@contextmanager
def watch_for_stalls(around: Surroundings, threshold: float | None) -> Iterator[None]:
    """Watch the loop of the calling task while the body runs.

    Where the clock is virtual nothing is watched: time stands still there while work is done.

    Args:
        around: the tree that runs on that loop.
        threshold: seconds; None watches nothing.
    """
    if threshold is None or _is_virtual(trio.lowlevel.current_clock()):
        yield
        return
    loop = LoopThread(running_task())
    watchdog = Watchdog(around, threshold, loop)
    trio.lowlevel.add_instrument(loop.pulse)
    around.loop_facts = loop.pulse.facts
    try:
        Thread(target=watchdog.run, name=THREAD, daemon=True).start()
        yield
    finally:
        watchdog.over.set()
        with suppress(KeyError):  # trio drops an instrument that failed
            trio.lowlevel.remove_instrument(loop.pulse)


def check_stall_after(value: object) -> float | None:
    """Return a threshold in seconds, or None for none.

    Raises:
        InvalidSpec: it is neither.
    """
    if value is None:
        return None
    if is_number(value) and 0 < value <= sys.float_info.max:
        return float(value)
    raise InvalidSpec("stall_after", value, "a finite number of seconds over 0, or None")


def _is_virtual(clock: trio.abc.Clock) -> bool:
    return clock.deadline_to_sleep_time(clock.current_time() + 1.0) > 2.0


class Pulse(trio.abc.Instrument):
    """Tells in which pass trio's loop is. Costs two calls for each pass, and nothing for a task's step.

    Attributes:
        now: the number of the pass and when it began, by `perf_counter`; None while the loop waits. Replaced
            as a whole, never changed, so that another thread can read it.
        waited: for how many seconds the loop has waited in all.
    """

    def __init__(self) -> None:
        self._number = 0
        self._since = self._waits_since = perf_counter()
        self.waited = 0.0
        self.now: tuple[int, float] | None = (0, self._since)

    def before_io_wait(self, _timeout: float) -> None:
        """Note the end of a pass."""
        self.now = None
        self._waits_since = perf_counter()

    def after_io_wait(self, _timeout: float) -> None:
        """Note the begin of a pass."""
        self._number = number = self._number + 1
        began = perf_counter()
        self.waited += began - self._waits_since
        self.now = (number, began)

    def facts(self) -> LoopFacts:
        """Return what the loop has done so far."""
        return LoopFacts(self._number, self.waited, perf_counter() - self._since)


def running_task() -> Mapping[str, object] | None:
    """Return where trio keeps this thread's running task, under ``task``, for other threads to read.

    That is no public interface of trio; None where it is not found.
    """
    try:
        from trio._core._run import GLOBAL_RUN_CONTEXT

        found: Mapping[str, object] = vars(GLOBAL_RUN_CONTEXT)
    except (ImportError, TypeError):
        return None
    return found if found.get("task") is trio.lowlevel.current_task() else None


class LoopThread:
    """The thread that makes this, where a trio loop runs, as other threads see it.

    Args:
        running: what `running_task` returned. Without it a step can be told from others only where the main
            task of an actor makes it, by our own frame on the stack; else what is found is the whole pass.
    """

    def __init__(self, running: Mapping[str, object] | None) -> None:
        self.pulse = Pulse()
        self._ident = get_ident()
        self._running = running

    def look(self, due: float) -> Look | None:
        """Look once; None where the loop waits or moved on meanwhile.

        Args:
            due: when this look was to be made.
        """
        pulse = self.pulse.now
        if pulse is None:
            return None
        step = self._step(pulse)
        at = perf_counter()
        again = self._step(pulse)
        if again is not step or self.pulse.now is not pulse:
            return None
        return Look(at, due, *pulse, step)

    def stack(self, look: Look) -> str:
        """Render where the step of a look is now; empty where it has just ended."""
        stack = "\n".join(running_frames(self._ident))
        pulse = self.pulse.now
        same = pulse is not None and pulse[0] == look.number and self._step(pulse) is look.step
        return stack if same else ""

    def _step(self, pulse: tuple[int, float]) -> object:
        if self._running is not None:
            return self._running.get("task")
        return read_frames(self._ident, _worker_on) or pulse


def _worker_on(frame: FrameType | None) -> object:
    while frame is not None:
        if frame.f_code is run_worker.__code__:
            return frame.f_locals.get("incarnation")
        frame = frame.f_back
    return None


class Watchdog:
    """Looks at a loop until it is told to end, and reports what blocks it.

    Args:
        around: the tree to report to.
        threshold: seconds.
        loop: what to look at.

    Attributes:
        over: ends the thread when set.
    """

    def __init__(self, around: Surroundings, threshold: float, loop: LoopThread) -> None:
        self.over = Event()
        self._around = around
        self._loop = loop
        self._suspicion = Suspicion(threshold)
        self._lines = LineLimit()
        self._token = trio.lowlevel.current_trio_token()

    def run(self) -> None:
        """Watch; the body of the thread."""
        pause = self._suspicion.pause
        due = perf_counter() + pause
        while not self.over.wait(pause):
            look = self._loop.look(due)
            stall = self._suspicion.saw(look)
            if look is not None and stall is not None:
                self._report(look, stall)
            pause = self._suspicion.pause
            due = perf_counter() + pause

    def _report(self, look: Look, stall: Stall) -> None:
        stack = self._loop.stack(look)
        if not stall.certain:
            self._log("", 0, "", stall, stack)
            return
        incarnation = self._doer(look.step)
        if incarnation is None or incarnation.context is None:
            task = look.step.name if isinstance(look.step, trio.lowlevel.Task) else ""
            self._log("", 0, task, stall, stack)
            return
        context = incarnation.context
        self._log(context.path, context.generation, "", stall, stack)
        with suppress(trio.RunFinishedError):
            self._token.run_sync_soon(self._settle, incarnation, stall, stack)

    def _doer(self, step: object) -> Incarnation | None:
        """Return the incarnation in this tree that a step was made for, None where there is none."""
        doer = incarnation_of(step) if isinstance(step, trio.lowlevel.Task) else step
        if isinstance(doer, Incarnation) and doer.home.around is self._around:
            return doer
        return None

    def _log(self, path: str, generation: int, task: str, stall: Stall, stack: str) -> None:
        """Log in this thread, since the loop may never come back."""
        where = stack.rpartition("\n")[2]
        left_out = self._lines.admit(path or task, where, perf_counter())
        if left_out is None:
            return
        facts: dict[str, object] = {"path": path, "generation": generation}
        facts["blocked_ms"] = _milliseconds(stall.blocked)
        facts["pass_ms"] = _milliseconds(stall.pass_age)
        facts["at"] = where
        if not stall.certain:
            facts["certain"] = False
        if task:
            facts["task"] = task
        if left_out:
            facts["left_out"] = left_out
        self._around.journal.warning("stalled", **facts, stack=stack)

    def _settle(self, incarnation: Incarnation, stall: Stall, stack: str) -> None:
        """Count a stall, and tell of it where its incarnation still runs; called in the loop when it is back."""
        child = incarnation.child
        child.lineage.count_stall(stall.blocked)
        if child.incarnation is incarnation:
            self._around.bus.tell(
                EventKind.STALLED, child.path, child.lineage.generation, stack, blocked=stall.blocked
            )


def _milliseconds(seconds: float) -> float:
    """Return whole tenths of a millisecond, rounded down: what is said is a lower bound."""
    return int(seconds * 1e4) / 10
