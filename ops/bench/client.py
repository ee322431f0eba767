"""One client, a process of its own: ``python -m feedtree.ops.bench.client NAME ERRAND-FILE``.

Its result is one JSON line on stdout. A client imports only what it is made of, so that its memory is its own.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from feedtree.ops.bench.errand import Errand
from feedtree.ops.bench.machine import pin
from feedtree.ops.bench.measure import Sample


def _feedtree(name: str) -> Callable[[Errand], Sample]:
    import trio

    from feedtree.ops.bench import feedtree_clients

    function = getattr(feedtree_clients, name)
    return lambda errand: trio.run(function, errand)


def _picows(name: str) -> Callable[[Errand], Sample]:
    import asyncio

    import uvloop

    from feedtree.ops.bench import picows_clients

    function = getattr(picows_clients, name)

    def run(errand: Errand) -> Sample:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            sample: Sample = runner.run(function(errand))
            return sample

    return run


# in the order in which they run: those that are compared follow each other
CLIENTS: dict[str, Callable[[], Callable[[Errand], Sample]]] = {
    "feedtree structs": lambda: _feedtree("structs"),
    "picows structs": lambda: _picows("structs"),
    "feedtree messages": lambda: _feedtree("messages"),
    "picows messages": lambda: _picows("messages"),
    "feedtree whole": lambda: _feedtree("whole"),
    "picows whole": lambda: _picows("whole"),
}


def main(name: str, errand_file: Path) -> None:
    """Be this client."""
    errand = msgspec.json.decode(errand_file.read_bytes(), type=Errand)
    pin(errand.core)
    sys.stdout.buffer.write(msgspec.json.encode(CLIENTS[name]()(errand)) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
