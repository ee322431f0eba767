"""How a run shows itself: as a live view with keys on a terminal, or as plain lines."""

import os
import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

import trio

from feedtree.ops.output import Output
from feedtree.ops.sim_control import ControlFailed, Fault, SimControl, open_control
from feedtree.ops.sim_process import SimProcess
from feedtree.ops.terminal import frame, keys, own_screen
from feedtree.ops.watch import Watch, status_line

STATUS_PERIOD = 5.0  # s between two status lines
FRAME_PERIOD = 0.25  # s between two frames of the view
_FALLBACK_SIZE = os.terminal_size((80, 24))
_FAULTS: dict[str, Fault] = {"1": "reset", "2": "blackhole"}

Stop: TypeAlias = Callable[[], None]


class Display(Protocol):
    """Shows a run until cancelled."""

    def tell(self, text: str) -> None:
        """Show a sentence about something that happened now; never blocks."""
        ...

    def run(self, watch: Watch, simulators: SimProcess | None) -> Awaitable[None]:
        """Show the run."""
        ...


class PlainDisplay:
    """A status line every few seconds, and a line for each thing that happens.

    Args:
        out: where the lines go.
    """

    def __init__(self, out: Output) -> None:
        self._out = out

    def tell(self, text: str) -> None:
        """Write a line."""
        self._out.line(stamped(text))

    async def run(self, watch: Watch, simulators: SimProcess | None) -> None:
        """Write a status line now and then."""
        while True:
            await trio.sleep(STATUS_PERIOD)
            self.tell(status_line(watch.look()))


class LiveDisplay:
    """The live view: the whole terminal, painted four times a second, with keys that break simulated venues.

    Args:
        out: the terminal.
        stop: ends the run; called for ``q``.
    """

    def __init__(self, out: Output, stop: Stop) -> None:
        self._out = out
        self._stop = stop
        self._watch: Watch | None = None
        self._venue = ""

    def tell(self, text: str) -> None:
        """Add a line to the view."""
        if self._watch is not None:
            self._watch.note(text)

    async def run(self, watch: Watch, simulators: SimProcess | None) -> None:
        """Paint and listen to the keyboard."""
        self._watch = watch
        with own_screen(self._out):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._paint, watch, simulators)
                if simulators is None:
                    await self._quit_key()
                else:
                    self._venue = min(simulators.addresses.venues)
                    async with open_control(simulators.addresses.control) as control:
                        await self._break_keys(simulators, control)

    async def _paint(self, watch: Watch, simulators: SimProcess | None) -> None:
        from feedtree.ops.view import draw

        while True:
            if self._out.idle:  # a terminal that stands still must not pile frames up
                width, height = _size()
                screen = watch.look(self._key_help(simulators))
                # Drawing takes some 10 ms: in a thread it does not hold up the streams.
                lines = await trio.to_thread.run_sync(draw, screen, width, height, abandon_on_cancel=True)
                self._out.piece(frame(lines))
            await trio.sleep(FRAME_PERIOD)

    def _key_help(self, simulators: SimProcess | None) -> list[tuple[str, str]]:
        if simulators is None:
            return [("q", "quit")]
        return [
            ("1", "reset"),
            ("2", "black hole"),
            ("3", "kill the exchange"),
            ("tab", self._venue),
            ("q", "quit"),
        ]

    async def _quit_key(self) -> None:
        async for key in keys():
            if key == "q":
                self._stop()

    async def _break_keys(self, simulators: SimProcess, control: SimControl) -> None:
        venues = sorted(simulators.addresses.venues)
        async with trio.open_nursery() as nursery:
            async for key in keys():
                if key == "q":
                    self._stop()
                elif key == "3":
                    self.tell("killing the exchange (kill -9); it starts again in 3 s")
                    simulators.kill()
                elif key == "\t":
                    self._venue = venues[(venues.index(self._venue) + 1) % len(venues)]
                elif key in _FAULTS:
                    nursery.start_soon(self._break, control, _FAULTS[key])

    async def _break(self, control: SimControl, kind: Fault) -> None:
        self.tell(f"{self._venue}: {kind}")
        try:
            await control.fault(self._venue, kind)
        except ControlFailed as error:
            self.tell(f"{self._venue}: {kind} was not possible: {error}")


def stamped(text: str) -> str:
    """Return a line with the time of day before it."""
    return f"{time.strftime('%H:%M:%S')} {text}"


def _size() -> os.terminal_size:
    try:
        size = os.get_terminal_size()
    except OSError:
        return _FALLBACK_SIZE
    return size if size.columns and size.lines else _FALLBACK_SIZE
