"""The app that ``top`` is attached to, a process of its own: ``python -m feedtree.ops.bench.attached_app TASK-FILE``.

It runs a whole tree at a pace, and has a program attach and detach as its task says, window by window. Its result is
one JSON line on stdout.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import msgspec
import trio
from msgspec import Struct

from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.wire.connection import WAIT
from feedtree.ops.app import open_tree
from feedtree.ops.bench import attached_top
from feedtree.ops.bench.attached_top import ATTACH, DETACH, Visit
from feedtree.ops.bench.errand import CHANNELS, MIX, Errand
from feedtree.ops.bench.looks import Look, look
from feedtree.ops.bench.machine import pin
from feedtree.ops.bench.measure import Sample, Stopwatch
from feedtree.ops.bench.tree_clients import OneConnection, books_of, quiet, roomy_mailbox, stream_options
from feedtree.ops.bench.truth import Books
from feedtree.ops.config import Config
from feedtree.ops.inspect.sockets import socket_path

APP = "attached"
LOOKS = 25  # that are timed after the windows ...
BETWEEN = (
    100  # ... with so many messages between two of them, so that none finds its way paved by the one before
)

Step = Callable[[], object]
Mark = tuple[int, Step]  # after so many messages, this is done


class Task(Struct, frozen=True):
    """What to do.

    Args:
        errand: what to read; its ``warm`` is that of the first window.
        windows: whether something is attached, one after the other.
        size: messages of a window.
        gap: messages before each window, in which what is attached comes, or has gone.
        runtime: the folder for the sockets' folder.
        top_core: that what attaches is to be pinned to.
    """

    errand: Errand
    windows: list[bool]
    size: int
    gap: int
    runtime: str
    top_core: int | None


class Found(Struct, frozen=True):
    """What was found.

    Args:
        windows: a sample for each, without books.
        visits: what was asked in the attached ones.
        looks: single looks, after the windows.
        received: messages of the mix that came in all.
        books: at the end.
    """

    windows: list[Sample]
    visits: list[Visit]
    looks: list[Look]
    received: int
    books: Books


def total(warm: int, windows: int, size: int, gap: int) -> int:
    """Return how many messages a task takes."""
    return warm + windows * (gap + size) + LOOKS * BETWEEN


class Windows:
    """Goes through the windows, told how many messages have come.

    Args:
        task: says how many there are.
        tell: tells what attaches to do so, or to leave.
        look: looks once.

    Attributes:
        samples: of those that are over.
        looks: that were timed so far.
    """

    def __init__(self, task: Task, tell: Callable[[bytes], object], look: Callable[[], Look]) -> None:
        self.samples: list[Sample] = []
        self.looks: list[Look] = []
        self._errand = task.errand
        self._tell = tell
        self._look = look
        self._marks = self._all(task)
        self._due, self._step = next(self._marks)

    def reached(self, count: int) -> bool:
        """Do what is due after so many messages; True where nothing is left to be done."""
        while count == self._due:
            self._step()
            following = next(self._marks, None)
            if following is None:
                return True
            self._due, self._step = following
        return False

    def _all(self, task: Task) -> Iterator[Mark]:
        over = task.errand.warm
        for attached in task.windows:
            begin = over + task.gap
            if attached:
                yield over, partial(self._tell, ATTACH)
            yield from self._window(begin, task.size, attached=attached)
            over = begin + task.size
        yield from ((over + number * BETWEEN, self._note) for number in range(1, LOOKS + 1))

    def _window(self, begin: int, size: int, *, attached: bool) -> Iterator[Mark]:
        watch = Stopwatch(self._errand)
        yield begin, watch.start
        yield begin + size, partial(self._close, watch, size)
        if attached:
            yield begin + size, partial(self._tell, DETACH)

    def _close(self, watch: Stopwatch, size: int) -> None:
        watch.stop()
        self.samples.append(watch.sample(size, size, {}))

    def _note(self) -> None:
        self.looks.append(self._look())


async def measure(task: Task, tell: Callable[[bytes], object]) -> Found:
    """Run a tree and take every message out of a mailbox that loses none."""
    errand = task.errand
    async with open_tree(Config({}), app=APP, inspect=True, log=quiet()) as tree:
        websocket = OneConnection(tree, stream_options(errand, WAIT, "mailbox"))
        windows = Windows(task, tell, partial(look, tree))
        await websocket.initialize(errand.symbols, CHANNELS)
        async with roomy_mailbox(websocket, errand.total) as mailbox:
            received = await _consume(mailbox, windows)
            return Found(windows.samples, [], windows.looks, received, books_of(websocket, errand))


async def _consume(mailbox: Mailbox, windows: Windows) -> int:
    count, reached = 0, windows.reached
    async for message in mailbox:
        if isinstance(message, MIX):
            count += 1
            if reached(count):
                break
    return count


def run(task: Task) -> Found:
    """Run the tree, with what attaches to it beside it."""
    os.environ["XDG_RUNTIME_DIR"] = task.runtime
    command = [sys.executable, "-m", attached_top.__name__, str(socket_path(APP))]
    if task.top_core is not None:
        command.append(str(task.top_core))
    with subprocess.Popen(command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as top:
        try:
            assert top.stdin is not None
            assert top.stdout is not None
            top.stdout.read(len(attached_top.READY))
            found = trio.run(measure, task, top.stdin.write)
            visits, _ = top.communicate()
        finally:
            top.kill()
    return msgspec.structs.replace(found, visits=msgspec.json.decode(visits, type=list[Visit]))


def main(task_file: Path) -> None:
    """Be this program."""
    task = msgspec.json.decode(task_file.read_bytes(), type=Task)
    pin(task.errand.core)
    sys.stdout.buffer.write(msgspec.json.encode(run(task)) + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
