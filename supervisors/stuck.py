"""Where a task stands that does not end, and what is done about it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from types import FrameType
from typing import Any, Never

import trio

from feedtree.supervisors.errors import InvalidSpec

EXIT_STUCK = (
    70  # the exit code of a process that was ended because a child was stuck: EX_SOFTWARE of sysexits.h
)

_TASKS = 10
_FRAMES = 12
_FLUSH_WITHIN = 1.0  # s; an output that nobody reads must not keep the process alive


def stack_of(task: trio.lowlevel.Task) -> str:
    """Render where a task and the tasks below it wait: at most 10 tasks, the innermost 12 frames of each."""
    lines: list[str] = []
    for number, each in enumerate(_walk(task)):
        if number == _TASKS:
            lines.append("...")
            break
        lines.append(f"task {each.name}:")
        lines.extend(f"  {frame}" for frame in _frames(each)[-_FRAMES:])
    return "\n".join(lines)


def _walk(task: trio.lowlevel.Task) -> Iterator[trio.lowlevel.Task]:
    yield task
    for nursery in task.child_nurseries:
        for child in nursery.child_tasks:
            yield from _walk(child)


def _frames(task: trio.lowlevel.Task) -> list[str]:
    return [_place(frame, line) for frame, line in task.iter_await_frames()]


def running_stack(frame: FrameType | None, end: Callable[[FrameType], bool]) -> str:
    """Render where a running task is: its innermost 12 frames, the innermost last.

    Args:
        frame: the innermost one.
        end: tells the frame that called the task and is no part of it.
    """
    places: list[str] = []
    while frame is not None and len(places) < _FRAMES and not end(frame):
        places.append(_place(frame, frame.f_lineno))
        frame = frame.f_back
    return "\n".join(reversed(places))


def _place(frame: FrameType, line: int) -> str:
    return f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}"


def stuck_policy(name: object) -> Callable[[], None]:
    """Return what is done after a stuck child was reported.

    Args:
        name: ``wait`` for nothing, ``exit`` for the end of the process.

    Raises:
        InvalidSpec: another name.
    """
    if isinstance(name, str) and name in _POLICIES:
        return _POLICIES[name]
    raise InvalidSpec("on_stuck", name, "'wait' or 'exit'")


def wait() -> None:
    """Leave a stuck child: it may end after all."""


def exit_process() -> Never:
    """End the process at once with `EXIT_STUCK`: no cleanup runs, in this task or any other.

    What is buffered for stdout, stderr and the handlers of `logging` is written first, within 1 s.
    """
    try:
        flushing = Thread(target=_flush, name="feedtree flush", daemon=True)
        flushing.start()
        flushing.join(_FLUSH_WITHIN)
    finally:
        os._exit(EXIT_STUCK)


def _flush() -> None:
    import logging

    outputs: list[Any] = [sys.stdout, sys.stderr]
    for each in outputs:
        with suppress(AttributeError, OSError, ValueError):  # there may be none, a broken one, a closed one
            each.flush()
    logging.shutdown()


_POLICIES: dict[str, Callable[[], None]] = {"wait": wait, "exit": exit_process}
