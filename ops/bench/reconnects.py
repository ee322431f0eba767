"""What reconnects leave behind, a process of its own: ``python -m feedtree.ops.bench.reconnects COUNT BEFORE``.

One stream of a real tree on the memory network, under the virtual clock, against the blasting server's protocol: it
is reset again and again, and every time waits for its books. What ``COUNT`` resets leave behind is traced, after
``BEFORE`` others that fill what is bounded. The result is one JSON line on stdout.
"""

import gc
import sys
import tracemalloc
from collections import deque
from random import Random

import msgspec
import structlog
import trio
import trio.testing
from msgspec import Struct

from feedtree.actors.mailbox import Mailbox
from feedtree.exchanges.errors import ConnectionLost
from feedtree.exchanges.public.messages import BookResynced, BookUpdate
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.transport import Listener, Transport, receive
from feedtree.ops.app import open_tree
from feedtree.ops.bench.errand import CHANNELS, VENUE
from feedtree.ops.bench.pairs import pairs_of
from feedtree.ops.bench.server import Depot, Order, Session
from feedtree.ops.bench.traffic import Traffic, make_traffic
from feedtree.ops.config import Config, Venue, Watch

SYMBOLS = 1
PAUSE = 13.0  # s on the virtual clock from a book's return to the next reset: restarts stay as rare as the tree allows
HOST, PORT = "127.0.0.1", 9000
EPOCH_NS = 1_790_000_000_000_000_000
NAMED = 10  # of the places that grew most
_OWN = ("feedtree/exchanges/wire/memory.py", "feedtree/ops/bench/", "tracemalloc.py", "linecache.py")


class Sample(Struct, frozen=True):
    """What was found.

    Args:
        count: reconnects that were accounted for.
        generations: that the stream went through in all.
        grown_kib: what they left behind in all.
        places: where it was allocated, what grew most first, a line each.
    """

    count: int
    generations: int
    grown_kib: float
    places: list[str]


async def measure(count: int, before: int) -> Sample:
    """Reset a stream ``before`` times, and ``count`` times more by the account."""
    network = MemoryNetwork()
    listener = await network.listen(HOST, PORT)
    traffic = make_traffic(0, 1, pairs_of(SYMBOLS))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, listener, traffic)
        async with (
            open_tree(
                _config(traffic), network=network, wall_ns=_wall_ns, rng=Random(1), log=silent()
            ) as tree,
            tree.public.mailbox(BookUpdate) as mailbox,
        ):
            await _books(mailbox)
            grown_kib, places = await _traced(network, mailbox, count, before)
            (stream,) = tree.public.feeds[VENUE].streams()
        nursery.cancel_scope.cancel()
    return Sample(count, stream.generation, grown_kib, places)


async def _traced(
    network: MemoryNetwork, mailbox: Mailbox, count: int, before: int
) -> tuple[float, list[str]]:
    tracemalloc.start()
    await _lap(network, mailbox, before)
    held = _snapshot()
    await _lap(network, mailbox, count)
    differences = _snapshot().compare_to(held, "lineno")
    tracemalloc.stop()
    grown = sum(each.size_diff for each in differences)
    named = sorted(differences, key=lambda each: each.size_diff, reverse=True)[:NAMED]
    return grown / 1024, [_place(each) for each in named if each.size_diff > 0]


async def _lap(network: MemoryNetwork, mailbox: Mailbox, count: int) -> None:
    for _ in range(count):
        await trio.sleep(PAUSE)
        for connection in network.connections(HOST, PORT):
            connection.reset()
        network.dialled.clear()
        await _books(mailbox)


async def _books(mailbox: Mailbox) -> None:
    """Wait until every book is there."""
    back = 0
    while back < SYMBOLS:
        back += isinstance(await mailbox.receive(), BookResynced)


async def serve(listener: Listener, traffic: Traffic, pace: float = 0.0) -> None:
    """Answer every client of a listener, and send nothing unasked; ``pace`` is seconds between two frames."""
    depot = Depot({Order().traffic: traffic})
    async with trio.open_nursery() as nursery:
        while True:
            nursery.start_soon(_serve_client, await listener.accept(), depot, pace)


async def _serve_client(transport: Transport, depot: Depot, pace: float) -> None:
    waiting: deque[bytes] = deque()
    session = Session(waiting.append, depot)
    try:
        while (data := await receive(transport)) and session.take(data):
            while waiting:
                await transport.send_all(waiting.popleft())
                if pace:
                    await trio.sleep(pace)
    except ConnectionLost:
        pass
    finally:
        transport.close()


def _snapshot() -> tracemalloc.Snapshot:
    gc.collect()
    return tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(inclusive=False, filename_pattern=f"*{own}*") for own in _OWN]
    )


def _place(difference: tracemalloc.StatisticDiff) -> str:
    frame = difference.traceback[0]
    return (
        f"{difference.size_diff / 1024:+.1f} KiB in {difference.count_diff:+d} blocks:"
        f" {'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno}"
    )


def _config(traffic: Traffic) -> Config:
    address = f"{HOST}:{PORT}"
    venue = Venue(
        list(traffic.final), channels=CHANNELS, ws_url=f"ws://{address}/", rest_url=f"http://{address}"
    )
    return Config({VENUE: venue}, watch=Watch(stall_after=0))


def _wall_ns() -> int:
    return EPOCH_NS + int(trio.current_time() * 1e9)


def silent() -> structlog.typing.FilteringBoundLogger:
    """Return a log that says nothing."""
    log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr), wrapper_class=structlog.make_filtering_bound_logger(50)
    )
    return log


def main(count: int, before: int) -> None:
    """Be this program."""
    sample = trio.run(measure, count, before, clock=trio.testing.MockClock(autojump_threshold=0))
    sys.stdout.buffer.write(msgspec.json.encode(sample) + b"\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
