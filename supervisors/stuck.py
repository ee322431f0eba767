"""Where a task stands that does not end, and what is done about it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Thread
from types import FrameType
from typing import Any, NamedTuple, Never

import trio

from feedtree.supervisors.errors import InvalidSpec
from feedtree.supervisors.threads import read_frames

EXIT_STUCK = (
    70  # the exit code of a process that was ended because a child was stuck: EX_SOFTWARE of sysexits.h
)

_TASKS = 10
_FRAMES = 12
_FLUSH_WITHIN = 1.0  # s; an output that nobody reads must not keep the process alive


class Running(NamedTuple):
    """The task that the event loop is running, and where in it.

    Args:
        task: that task.
        frames: its innermost 12 frames, the innermost last.
    """

    task: trio.lowlevel.Task
    frames: list[str]


def stack_of(task: trio.lowlevel.Task, running: Running | None = None) -> str:
    """Render where a task and the tasks below it wait: at most 10 tasks, the innermost 12 frames of each.

    Args:
        task: the topmost one.
        running: one of them that does not wait, but runs; it comes first, with its own frames.
    """
    lines: list[str] = []
    if running is not None:
        lines.append(f"task {running.task.name}, running:")
        lines.extend(f"  {frame}" for frame in running.frames)
    waiting = (each for each in _walk(task) if running is None or each is not running.task)
    for number, each in enumerate(waiting):
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


def running_frames(thread: int) -> list[str]:
    """Render where the task is that a loop is running: its innermost 12 frames, the innermost last.

    Args:
        thread: the loop's, by its identifier; nothing is rendered where there is no such thread.
    """
    return read_frames(thread, _places)


def _places(frame: FrameType | None) -> list[str]:
    places: list[str] = []
    while frame is not None and len(places) < _FRAMES and not _calls_tasks(frame):
        places.append(_place(frame, frame.f_lineno))
        frame = frame.f_back
    return places[::-1]


def _calls_tasks(frame: FrameType) -> bool:
    return frame.f_code.co_name == "unrolled_run"


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
