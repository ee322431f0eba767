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
from collections.abc import Callable, Mapping
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
        prepared: traffics by name.
        reports: the folder where the benchmark looks for them.
    """

    def __init__(self, prepared: Mapping[str, Traffic], reports: Path = Path()) -> None:
        self._prepared = prepared
        self._reports = reports

    @classmethod
    def of(cls, folder: Path) -> "Depot":
        """Return a depot of the traffics in this folder, which gets its reports, too."""
        prepared = {
            file.stem.removeprefix("traffic-"): msgspec.msgpack.decode(file.read_bytes(), type=Traffic)
            for file in folder.glob("traffic-*.msgpack")
        }
        return cls(prepared, folder)

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
        write_report(self._reports / os.path.basename(order.report), sent)


class Session:
    """One client's side of the protocol: what it asks for is answered, and nothing is sent unasked.

    Args:
        send: takes what the client is to get.
        depot: what there is to send.

    Attributes:
        order: of the client.
        goods: what it ordered; from the upgrade on, whose url says what.
        wanted: (channel, name) of what it subscribed to.
    """

    def __init__(self, send: Callable[[bytes], object], depot: Depot) -> None:
        self.order = Order()
        self.goods: Traffic | Flow | None = None
        self.wanted: set[tuple[str, str]] = set()
        self._send = send
        self._depot = depot
        self._http = WSConnection(ConnectionType.SERVER)
        self._replies = Replies(GateioSwitches(), random.Random())
        self._text = ""
        self._open = True

    def take(self, data: bytes) -> bool:
        """Answer what the client sent; False where it takes its leave."""
        if self.goods is None and rest.asked(data):
            self._send(self._depot.rest(rest.resource(data)))
            return True
        self._http.receive_data(data)
        for event in self._http.events():
            self._answer_event(event)
        return self._open

    def _answer_event(self, event: Event) -> None:
        match event:
            case Request():
                query = dict(parse_qsl(urlsplit(event.target).query))
                self.order = msgspec.convert(query, Order, strict=False)
                self.goods = self._depot.goods(self.order)
                self._send(self._http.send(AcceptConnection()))
            case Ping():
                self._send(self._http.send(event.response()))
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
            self._send(self._replies.pong(request.channel, now_ns))
            return
        self._send(self._replies.accepted(request, now_ns))
        if request.event != "subscribe":
            return
        for name in request.payload:
            if name in INTERVALS:
                continue
            self.wanted.add((request.channel, name))
            if request.channel == OBU and self.goods is not None:
                self._send(self.goods.snapshots[name.split(".")[1]])


class Solo:
    """Gives each client all that it ordered, once, when it has subscribed to every topic of it."""

    def __init__(self, depot: Depot) -> None:
        self._depot = depot

    def serve(self, pipe: Pipe) -> None:
        """Serve a client until it leaves."""
        session = Session(pipe.send, self._depot)
        done = False
        while (data := pipe.receive()) and session.take(data):
            goods = session.goods
            if goods is not None and len(session.wanted) == CHANNELS * len(goods.snapshots) and not done:
                done = True
                time.sleep(SETTLE)
                self._deliver(pipe, session, goods)

    def _deliver(self, pipe: Pipe, session: Session, goods: Traffic | Flow) -> None:
        if isinstance(goods, Traffic):
            pipe.blast(goods.frames)
            return
        times, late = pace(pipe, goods.frames, session.order.per_s, session.take)
        self._depot.report(session.order, Sent(times.tobytes(), late, goods.books()))


def accept(listener: socket.socket, context: ssl.SSLContext | None, serve: Callable[[Pipe], object]) -> None:
    """Accept clients for ever; each is served by a thread of its own."""
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=_serve_client, args=(sock, context, serve), daemon=True).start()


def _serve_client(
    sock: socket.socket, context: ssl.SSLContext | None, serve: Callable[[Pipe], object]
) -> None:
    with sock, suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        serve(PlainPipe(sock) if context is None else TlsPipe(sock, context))


def server_context(folder: Path) -> ssl.SSLContext:
    """Return the TLS context of the certificate in this folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / CERTIFICATE_FILE)
    return context


def main(folder: Path, cpu: int | None) -> None:
    """Serve what is in this folder over TCP and TLS; one JSON line says where."""
    pin(cpu)
    solo = Solo(Depot.of(folder))
    tcp, tls = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    threading.Thread(target=accept, args=(tcp, None, solo.serve), daemon=True).start()
    print(json.dumps({"tcp": tcp.getsockname()[1], "tls": tls.getsockname()[1]}), flush=True)
    accept(tls, server_context(folder), solo.serve)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else None)
