"""One client, a process of its own: ``python -m feedtree.ops.bench.client NAME ERRAND-FILE``.

Its result is one JSON line on stdout. A client imports only what it is made of, so that its memory is its own.
"""

import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

import msgspec

from feedtree.ops.bench.errand import Errand
from feedtree.ops.bench.machine import pin
from feedtree.ops.bench.measure import Sample

Client = Callable[[Errand], Sample]


def _feedtree(name: str) -> Client:
    import trio

    from feedtree.ops.bench import feedtree_clients

    return partial(trio.run, getattr(feedtree_clients, name))


def _tree(read: str, delivery: str) -> Client:
    import trio

    from feedtree.exchanges.wire.connection import ReadMode
    from feedtree.ops.bench import tree_clients

    if not read:
        return lambda errand: trio.run(tree_clients.whole, errand)
    mode = tree_clients.coalescing() if read == "coalesce" else ReadMode(read)
    consume = tree_clients.to_tap if delivery == "tap" else tree_clients.to_mailbox
    return lambda errand: trio.run(consume, errand, mode)


def _asyncio(module: str, name: str) -> Client:
    import asyncio

    import uvloop

    function = getattr(import_module(f"feedtree.ops.bench.{module}"), name)

    def run(errand: Errand) -> Sample:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            sample: Sample = runner.run(function(errand))
            return sample

    return run


def _trio_websocket(name: str) -> Client:
    import trio

    from feedtree.ops.bench import trio_websocket_clients

    return partial(trio.run, getattr(trio_websocket_clients, name))


def _bare(name: str) -> Client:
    import trio

    from feedtree.ops.bench import bare_reader

    return partial(trio.run, getattr(bare_reader, name))


READS = ("wait", "coalesce", "spin")
DELIVERIES = ("mailbox", "tap")

# in the order in which they run: those that are compared follow each other
CLIENTS: dict[str, Callable[[], Client]] = {
    "feedtree structs": partial(_feedtree, "structs"),
    "picows structs": partial(_asyncio, "picows_clients", "structs"),
    "feedtree messages": partial(_feedtree, "messages"),
    "picows messages": partial(_asyncio, "picows_clients", "messages"),
    "feedtree whole": partial(_tree, "", ""),
    "picows whole": partial(_asyncio, "picows_clients", "whole"),
    "picows structs, uvloop's TLS": partial(_asyncio, "picows_clients", "structs_over_uvloop"),
    "picows whole, uvloop's TLS": partial(_asyncio, "picows_clients", "whole_over_uvloop"),
    "trio-websocket structs": partial(_trio_websocket, "structs"),
    "trio-websocket whole": partial(_trio_websocket, "whole"),
    "websockets structs": partial(_asyncio, "websockets_clients", "structs"),
    "websockets whole": partial(_asyncio, "websockets_clients", "whole"),
}

# the same pipelines, fed at a pace
PACED: dict[str, Callable[[], Client]] = {
    "picows": partial(_asyncio, "picows_clients", "paced"),
    "bare trio": partial(_bare, "paced"),
    **{f"{read} {delivery}": partial(_tree, read, delivery) for delivery in DELIVERIES for read in READS},
}


def main(name: str, errand_file: Path) -> None:
    """Be this client."""
    errand = msgspec.json.decode(errand_file.read_bytes(), type=Errand)
    pin(errand.core)
    sys.stdout.buffer.write(msgspec.json.encode({**CLIENTS, **PACED}[name]()(errand)) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
