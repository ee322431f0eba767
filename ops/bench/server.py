"""The blasting server, a process of its own: ``python -m feedtree.ops.bench.server FOLDER CPU``.

It speaks as much of Gate.io spot as our codec needs: acks, a book per symbol on ``spot.obu``, pongs. When a client
has asked for every topic of the traffic it gets all of it, as fast as it takes it, or at a pace: its url's query is an
`Order`.
"""

import json
import os
import random
import socket
import ssl
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Struct
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Ping, Request, TextMessage

from feedtree.exchanges.gateio.channels import OBU
from feedtree.ops.bench import rest
from feedtree.ops.bench.machine import pin
from feedtree.ops.bench.pace import Sent, pace, write_report
from feedtree.ops.bench.pairs import pairs_of
from feedtree.ops.bench.pipes import Pipe, PlainPipe, TlsPipe
from feedtree.ops.bench.traffic import Flow, Traffic
from feedtree.ops.sim.gateio.envelope import ClientFrame, Replies
from feedtree.ops.sim.switches import GateioSwitches

SETTLE = 0.2  # seconds between the last ack and the first message: the client's books are live by then
INTERVALS = ("20ms", "100ms")  # stand among the names on spot.order_book_update
CHANNELS = 3  # topics of each symbol: book, trades, ticker

CERTIFICATE_FILE = "server.pem"


class Order(Struct, frozen=True, omit_defaults=True):
    """What a client is to get; the query of its url.

    Args:
        traffic: the name of a prepared traffic, sent as fast as the client takes it.
        per_s: messages per second of a flow that is made while it is sent; 0 for a prepared traffic.
        count: messages of the flow.
        symbols: of the flow.
        seed: of the flow.
        report: the name of the file for what was sent and when.
    """

    traffic: str = ""
    per_s: int = 0
    count: int = 0
    symbols: int = 10
    seed: int = 1
    report: str = ""


def traffic_file(folder: Path, name: str) -> Path:
    """Return where a prepared traffic stands."""
    return folder / f"traffic-{name}.msgpack"


class Depot:
    """What the server has to send.

    Args:
        folder: of the benchmark.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._prepared = {
            file.stem.removeprefix("traffic-"): msgspec.msgpack.decode(file.read_bytes(), type=Traffic)
            for file in folder.glob("traffic-*.msgpack")
        }

    def goods(self, order: Order) -> "Traffic | Flow":
        """Return what was ordered."""
        if order.per_s:
            return Flow(order.seed, pairs_of(order.symbols), order.count)
        return self._prepared[order.traffic]

    def rest(self, resource: str) -> bytes:
        """Answer a GET, for clients that need more than a stream: what is listed, and books to begin with."""
        traffics = self._prepared.values()
        traffic = next((each for each in traffics if each.book_channel != OBU), None)
        return rest.answer(resource, {} if traffic is None else traffic.snapshots)

    def report(self, order: Order, sent: Sent) -> None:
        """Tell the benchmark what was sent."""
        write_report(self._folder / os.path.basename(order.report), sent)


class Session:
    """One client's connection."""

    def __init__(self, pipe: Pipe, depot: Depot) -> None:
        self._pipe = pipe
        self._depot = depot
        self._order = Order()
        self._goods: Traffic | Flow | None = None  # from the upgrade on, whose url says what
        self._http = WSConnection(ConnectionType.SERVER)
        self._replies = Replies(GateioSwitches(), random.Random())
        self._text = ""
        self._wanted: set[tuple[str, str]] = set()
        self._open = True

    def run(self) -> None:
        """Serve until the client leaves."""
        done = False
        while self._open and (data := self._pipe.receive()):
            if self._goods is None and rest.asked(data):
                self._pipe.send(self._depot.rest(rest.resource(data)))
                continue
            self._attend(data)
            goods = self._goods
            if goods is not None and len(self._wanted) == CHANNELS * len(goods.snapshots) and not done:
                done = True
                time.sleep(SETTLE)
                self._deliver(goods)

    def _deliver(self, goods: Traffic | Flow) -> None:
        if isinstance(goods, Traffic):
            self._pipe.blast(goods.frames)
            return
        times, late = pace(self._pipe, goods.frames, self._order.per_s, self._attend)
        self._depot.report(self._order, Sent(times.tobytes(), late, goods.books()))

    def _attend(self, data: bytes) -> None:
        self._http.receive_data(data)
        for event in self._http.events():
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case Request():
                query = dict(parse_qsl(urlsplit(event.target).query))
                self._order = msgspec.convert(query, Order, strict=False)
                self._goods = self._depot.goods(self._order)
                self._pipe.send(self._http.send(AcceptConnection()))
            case Ping():
                self._pipe.send(self._http.send(event.response()))
            case TextMessage():
                self._text += event.data
                if event.message_finished:
                    request, self._text = self._text, ""
                    self._answer(msgspec.json.decode(request, type=ClientFrame))
            case CloseConnection():
                self._open = False

    def _answer(self, request: ClientFrame) -> None:
        now_ns = time.time_ns()
        if request.channel == "spot.ping":
            self._pipe.send(self._replies.pong(request.channel, now_ns))
            return
        self._pipe.send(self._replies.accepted(request, now_ns))
        if request.event != "subscribe":
            return
        for name in request.payload:
            if name in INTERVALS:
                continue
            self._wanted.add((request.channel, name))
            if request.channel == OBU and self._goods is not None:
                self._pipe.send(self._goods.snapshots[name.split(".")[1]])


def serve(listener: socket.socket, depot: Depot, context: ssl.SSLContext | None) -> None:
    """Accept clients for ever; each has a thread."""
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=_serve_client, args=(sock, depot, context), daemon=True).start()


def _serve_client(sock: socket.socket, depot: Depot, context: ssl.SSLContext | None) -> None:
    with sock, suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Session(PlainPipe(sock) if context is None else TlsPipe(sock, context), depot).run()


def main(folder: Path, cpu: int | None) -> None:
    """Serve what is in this folder over TCP and TLS; one JSON line says where."""
    pin(cpu)
    depot = Depot(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / CERTIFICATE_FILE)
    tcp, tls = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    threading.Thread(target=serve, args=(tcp, depot, None), daemon=True).start()
    print(json.dumps({"tcp": tcp.getsockname()[1], "tls": tls.getsockname()[1]}), flush=True)
    serve(tls, depot, context)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else None)
