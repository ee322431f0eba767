"""The blasting server, a process of its own: ``python -m feedtree.ops.bench.server FOLDER CPU``.

It speaks as much of Gate.io spot as our codec needs: acks, a book per symbol on ``spot.obu``, pongs. When a client
has asked for every topic of the traffic it gets all of it, as fast as it takes it.
"""

import json
import random
import socket
import ssl
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import msgspec
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Ping, Request, TextMessage

from feedtree.ops.bench.machine import pin
from feedtree.ops.bench.pipes import Pipe, PlainPipe, TlsPipe
from feedtree.ops.bench.traffic import Traffic
from feedtree.ops.sim.gateio.envelope import ClientFrame, Replies
from feedtree.ops.sim.switches import GateioSwitches

SETTLE = 0.2  # seconds between the last ack and the first message: the client's books are live by then
CHANNELS = 3  # topics of each symbol: book, trades, ticker

TRAFFIC_FILE = "traffic.msgpack"
CERTIFICATE_FILE = "server.pem"


class Session:
    """One client's connection."""

    def __init__(self, pipe: Pipe, traffic: Traffic) -> None:
        self._pipe = pipe
        self._traffic = traffic
        self._http = WSConnection(ConnectionType.SERVER)
        self._replies = Replies(GateioSwitches(), random.Random())
        self._text = ""
        self._wanted: set[tuple[str, str]] = set()
        self._open = True

    def run(self) -> None:
        """Serve until the client leaves."""
        expected = CHANNELS * len(self._traffic.snapshots)
        blasted = False
        while self._open and (data := self._pipe.receive()):
            self._http.receive_data(data)
            for event in self._http.events():
                self._take(event)
            if len(self._wanted) == expected and not blasted:
                blasted = True
                time.sleep(SETTLE)
                self._pipe.blast(self._traffic.frames)

    def _take(self, event: Event) -> None:
        match event:
            case Request():
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
            self._wanted.add((request.channel, name))
            if request.channel == "spot.obu":
                self._pipe.send(self._traffic.snapshots[name.split(".")[1]])


def serve(listener: socket.socket, traffic: Traffic, context: ssl.SSLContext | None) -> None:
    """Accept clients for ever; each has a thread."""
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=_serve_client, args=(sock, traffic, context), daemon=True).start()


def _serve_client(sock: socket.socket, traffic: Traffic, context: ssl.SSLContext | None) -> None:
    with sock, suppress(OSError):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Session(PlainPipe(sock) if context is None else TlsPipe(sock, context), traffic).run()


def main(folder: Path, cpu: int | None) -> None:
    """Serve the traffic in this folder over TCP and TLS; one JSON line says where."""
    pin(cpu)
    traffic = msgspec.msgpack.decode((folder / TRAFFIC_FILE).read_bytes(), type=Traffic)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / CERTIFICATE_FILE)
    tcp, tls = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    threading.Thread(target=serve, args=(tcp, traffic, None), daemon=True).start()
    print(json.dumps({"tcp": tcp.getsockname()[1], "tls": tls.getsockname()[1]}), flush=True)
    serve(tls, traffic, context)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else None)
