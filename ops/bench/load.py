"""A tree under load, a process of its own: ``python -m feedtree.ops.bench.load TASK-FILE``.

It opens the connections and topics that its task names, and says what they cost it: time, memory, and CPU for each
message. Its result is one JSON line on stdout.
"""

import cProfile
import gc
import io
import pstats
import sys
import time
from pathlib import Path

import msgspec
import trio
from msgspec import Struct

from feedtree.actors.mailbox import Mailbox
from feedtree.actors.routes import Policy
from feedtree.exchanges.errors import StreamNotLive
from feedtree.exchanges.public.channels import Book, Topic
from feedtree.exchanges.public.views import deltas
from feedtree.exchanges.symbols import Symbol
from feedtree.ops.app import Tree, open_tree
from feedtree.ops.bench.errand import CHANNELS, MIX, VENUE, ladder
from feedtree.ops.bench.looks import Look, look
from feedtree.ops.bench.machine import pin, rss_kib
from feedtree.ops.bench.tree_clients import quiet
from feedtree.ops.bench.truth import Books
from feedtree.ops.config import Config, Venue

LIVE_WITHIN = 30.0  # seconds
LOOKS = 9
HOTTEST = 12  # lines of a profile


class Task(Struct, frozen=True, kw_only=True):
    """What to open.

    Args:
        url: of the server.
        ca_file: whom to trust.
        core: to be pinned to.
        symbols: what to subscribe to.
        connections: over how many connections.
        timed: messages until the clock stops.
        total: messages with the tail.
        profile: whether to find out where the time of the messages goes, at the cost of the figures.
    """

    url: str
    ca_file: str
    core: int | None
    symbols: list[str]
    connections: int
    timed: int
    total: int
    profile: bool = False

    @property
    def topics_per_connection(self) -> int:
        """How many topics each connection gets."""
        return -(-len(self.symbols) * len(CHANNELS) // self.connections)


class Footprint(Struct, frozen=True):
    """What a process holds, its garbage collected.

    Args:
        rss_kib: by the system's account; None where it gives none.
        blocks: of memory, by the interpreter's account.
    """

    rss_kib: float | None
    blocks: int


class Sample(Struct, frozen=True, kw_only=True):
    """What one run found.

    Args:
        connections: that the topics were spread over.
        ready_s: from the opening of the tree until every topic was live.
        us: CPU of the process for each message.
        burst: messages that came with one read, on the average.
        start: before the tree was opened.
        live: when every topic was live.
        end: after the messages.
        received: messages of the mix that came in all.
        books: at the end.
        looks: at the tree, after all of that.
        profile: where the time of the messages went, a line each; empty where the task does not ask.
    """

    connections: int
    ready_s: float
    us: float
    burst: float
    start: Footprint
    live: Footprint
    end: Footprint
    received: int
    books: Books
    looks: list[Look]
    profile: list[str] = []


async def measure(task: Task) -> Sample:
    """Run a tree, and take every message out of a mailbox that loses none.

    Raises:
        StreamNotLive: not every topic was live before the first message.
    """
    start, began = footprint(), time.perf_counter()
    policies = dict.fromkeys(MIX, Policy.BLOCK)  # loses none, and keeps no more than a few bursts
    settled: list[tuple[float, Footprint]] = []
    async with (
        open_tree(_config(task), log=quiet()) as tree,
        tree.public.mailbox(*MIX, view=deltas(), policies=policies) as mailbox,
        trio.open_nursery() as nursery,
    ):
        feed = tree.websockets[VENUE].feed

        async def settle() -> None:
            await feed.wait_live(LIVE_WITHIN)
            settled.append((time.perf_counter() - began, footprint()))

        nursery.start_soon(settle)
        async for message in mailbox:
            if isinstance(message, MIX):
                break
        if not settled:
            raise StreamNotLive("messages came before every topic was live")
        profile = cProfile.Profile() if task.profile else None
        us = await _cost(mailbox, task, profile)
        received = task.timed
        async for _ in mailbox:
            received += 1
            if received == task.total:
                break
        (ready_s, live), streams = settled[0], feed.streams()
        return Sample(
            connections=len(streams),
            ready_s=ready_s,
            us=us,
            burst=sum(each.messages for each in streams) / sum(each.bursts for each in streams),
            start=start,
            live=live,
            end=footprint(),
            received=received,
            books=_books(tree, task),
            looks=[look(tree) for _ in range(LOOKS)],
            profile=_hottest(profile),
        )


async def _cost(mailbox: Mailbox, task: Task, profile: cProfile.Profile | None) -> float:
    """Take the timed messages but the first; return the CPU time of each, in µs."""
    received = 1
    if profile is not None:
        profile.enable()
    cpu_s = time.process_time()
    async for _ in mailbox:
        received += 1
        if received == task.timed:
            break
    cpu_s = time.process_time() - cpu_s
    if profile is not None:
        profile.disable()
    return cpu_s / (task.timed - 1) * 1e6


def _hottest(profile: cProfile.Profile | None) -> list[str]:
    if profile is None:
        return []
    printed = io.StringIO()
    pstats.Stats(profile, stream=printed).strip_dirs().sort_stats("tottime").print_stats(HOTTEST)
    lines = printed.getvalue().splitlines()
    head = next(number for number, line in enumerate(lines) if "tottime" in line)
    return [line.strip() for line in lines[head:] if line.strip()]


def footprint() -> Footprint:
    """Collect garbage, and return what is left."""
    gc.collect()
    return Footprint(rss_kib(), sys.getallocatedblocks())


def _config(task: Task) -> Config:
    venue = Venue(
        task.symbols,
        channels=CHANNELS,
        ws_url=task.url,
        rest_url="http://127.0.0.1:9",  # never asked: obu brings its books along
        ca_file=task.ca_file,
        topics_per_connection=task.topics_per_connection,
    )
    return Config({VENUE: venue})


def _books(tree: Tree, task: Task) -> Books:
    found: Books = {}
    for name in task.symbols:
        book = tree.public.book(Topic(VENUE, Symbol.parse(name), Book()))
        if book is not None and book.live:
            found[name] = ladder(book)
    return found


def main(task_file: Path) -> None:
    """Be this program."""
    task = msgspec.json.decode(task_file.read_bytes(), type=Task)
    pin(task.core)
    sys.stdout.buffer.write(msgspec.json.encode(trio.run(measure, task)) + b"\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
