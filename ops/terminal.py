"""The terminal under the live view: one screen of its own, single keys, and everything as before at the end."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager

import trio

from feedtree.ops.output import Output

_ENTER = "\x1b[?1049h\x1b[?25l"  # alternate screen, cursor hidden
_LEAVE = "\x1b[?25h\x1b[?1049l"
_HOME = "\x1b[H"
_END_OF_LINE = "\x1b[K"


@contextmanager
def own_screen(out: Output) -> Iterator[None]:
    """Take the whole terminal, with single keys and no echo; give it back as it was, also while Ctrl-Z stops us.

    Args:
        out: what the terminal is written through; a terminal that stands still does not hold up the end.
    """
    import termios
    import tty

    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)

    def take() -> None:
        out.piece(_ENTER)
        tty.setcbreak(keyboard, termios.TCSANOW)

    def give_back() -> None:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)
        out.urgent(_LEAVE)

    try:
        with _stops_between(give_back, take):
            take()
            yield
    finally:
        termios.tcsetattr(keyboard, termios.TCSANOW, before)
        out.piece(_LEAVE)


@contextmanager
def _stops_between(before: Callable[[], None], after: Callable[[], None]) -> Iterator[None]:
    """Call `before` when Ctrl-Z is about to stop the process, and `after` when it goes on."""

    def stop(_: object, __: object) -> None:
        before()
        signal.raise_signal(signal.SIGSTOP)
        after()

    previous = signal.signal(signal.SIGTSTP, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, previous)


def frame(lines: Sequence[str]) -> str:
    """Return what paints these lines over the screen, without flicker and without a remnant."""
    return _HOME + "\r\n".join(line + _END_OF_LINE for line in lines)


async def keys() -> AsyncIterator[str]:
    """Yield each key that is pressed; ends when the keyboard is gone."""
    keyboard = sys.stdin.fileno()
    while True:
        await trio.lowlevel.wait_readable(keyboard)
        pressed = os.read(keyboard, 32)
        if not pressed:
            return
        for key in pressed.decode(errors="replace"):
            yield key


def has_terminal() -> bool:
    """Return whether a person can see the view and press keys."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
