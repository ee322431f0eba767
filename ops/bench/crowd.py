"""The blasting server for many connections, a process of its own: ``python -m feedtree.ops.bench.crowd FOLDER CPU``.

When all of its clients together have asked for every topic of the traffic, each gets the frames of its own topics, in
the order of the whole, as fast as it takes them. One server serves one run.
"""

import json
import socket
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from feedtree.ops.bench.machine import pin
from feedtree.ops.bench.pipes import Pipe
from feedtree.ops.bench.server import CHANNELS, Depot, Order, Session, accept, server_context
from feedtree.ops.bench.traffic import Flow, Traffic, body

ORDER = Order(traffic="crowd")  # of every client
SETTLE = 0.2  # seconds between the last ack and the first message ...
SETTLE_PAIR = 0.0015  # ... and as many for each pair: a client has all books by then
TURN = 250  # frames for each connection, on the average, before the next one has its turn: a full read's


class _Result(Struct):
    s: str = ""
    currency_pair: str = ""


class _Push(Struct):
    channel: str
    result: _Result


_decode = msgspec.json.Decoder(_Push).decode


def addressee(frame: bytes) -> tuple[str, str]:
    """Return the channel and the name that a push is of."""
    push = _decode(body(frame))
    return push.channel, push.result.s or push.result.currency_pair


class Crowd:
    """Everybody who is connected, and what is to be sent.

    Args:
        depot: what clients get, each on its order.
        traffic: what all of them order.
    """

    def __init__(self, depot: Depot, traffic: Traffic | Flow) -> None:
        self._depot = depot
        self._traffic = traffic
        self._topics = CHANNELS * len(traffic.snapshots)
        self._homes: dict[tuple[str, str], Pipe] = {}
        self._turn = threading.Lock()
        self._begun = False

    def serve(self, pipe: Pipe) -> None:
        """Serve a client until it leaves."""
        session = Session(pipe.send, self._depot)
        while (data := pipe.receive()) and session.take(data):
            self._wanted(pipe, session.wanted)

    def _wanted(self, pipe: Pipe, names: Iterable[tuple[str, str]]) -> None:
        """Note who wants what; when nothing is left to be wanted, begin."""
        with self._turn:
            self._homes.update(dict.fromkeys(names, pipe))
            if len(self._homes) < self._topics or self._begun:
                return
            self._begun = True
        threading.Thread(target=self._blast, daemon=True).start()

    def _blast(self) -> None:
        frames = list(self._traffic.frames)
        ways = [self._homes[addressee(frame)] for frame in frames]
        time.sleep(SETTLE + SETTLE_PAIR * len(self._traffic.snapshots))
        turn = TURN * len(set(ways))
        for start in range(0, len(frames), turn):
            shares: dict[Pipe, list[bytes]] = {}
            for way, frame in zip(ways[start : start + turn], frames[start : start + turn], strict=True):
                shares.setdefault(way, []).append(frame)
            for way, share in shares.items():
                way.blast(share)


def main(folder: Path, cpu: int | None) -> None:
    """Serve the traffic in this folder over TLS; one JSON line says where."""
    pin(cpu)
    depot = Depot.of(folder)
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    print(json.dumps({"tls": listener.getsockname()[1]}), flush=True)
    accept(listener, server_context(folder), Crowd(depot, depot.goods(ORDER)).serve)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else None)
