"""What an extra client is told; imports nothing but msgspec and what measures."""

import ssl
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from feedtree.ops.bench.machine import pin
from feedtree.ops.bench.measure import Sample, Stopwatch
from feedtree.ops.bench.truth import Books


class Task(Struct, frozen=True):
    """One extra client's task.

    Args:
        ws_url: of the blasting server.
        rest_url: the same over HTTP(S), without a path.
        ca_file: whom to trust.
        core: to be pinned to.
        pairs: what to subscribe to, ``BTC/USDT``.
        timed: messages until the clock stops.
        total: messages with the tail.
        profile: always False: what others spend is theirs.
    """

    ws_url: str
    rest_url: str
    ca_file: str
    core: int | None
    pairs: tuple[str, ...]
    timed: int
    total: int
    profile: bool = False

    @property
    def context(self) -> ssl.SSLContext:
        """Which trusts the server."""
        return ssl.create_default_context(cafile=self.ca_file)


class Counter:
    """Reads the clock at the first and at the last timed message.

    Args:
        task: how many there are.
    """

    def __init__(self, task: Task) -> None:
        self._task = task
        self._watch = Stopwatch(task)
        self._running = False
        self.received = 0

    def begin(self) -> None:
        """Start the clock before the first message is counted, where a client buffers others meanwhile."""
        if not self._running:
            self._running = True
            self._watch.start()

    def count(self) -> bool:
        """Count one message; True for the last."""
        self.received += 1
        if self.received == 1:
            self.begin()
        elif self.received == self._task.timed:
            self._watch.stop()
        return self.received == self._task.total

    def sample(self, books: Books) -> Sample:
        """Return what was found."""
        return self._watch.sample(self._task.timed - 1, self.received, books)


def perform(client: Callable[[Task], Sample]) -> None:
    """Be a client: its task is a file, its result one line on stdout."""
    task = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Task)
    pin(task.core)
    sys.stdout.buffer.write(msgspec.json.encode(client(task)) + b"\n")
