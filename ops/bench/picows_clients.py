"""What we are compared with: picows (Cython) on uvloop, with our decoder and our book.

One callback per frame is how picows is used. The payload is decoded where it lies, without a copy.
"""

import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from feedtree.exchanges.gateio.channels import OBU
from feedtree.exchanges.gateio.messages import BookPush, DataFrame
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_public import GateioSpotCodec
from feedtree.exchanges.gateio.spot_pushes import builders
from feedtree.exchanges.public.book_sync import BookSync, Outcome
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot
from feedtree.exchanges.symbols import SymbolMap
from feedtree.ops.bench.arrivals import Arrivals
from feedtree.ops.bench.errand import Errand, books_after, ladder, new_sync
from feedtree.ops.bench.measure import Sample, Stopwatch
from feedtree.ops.bench.truth import Books

_decode = msgspec.json.Decoder(DataFrame, strict=False).decode
_APPLIED = Outcome.APPLIED


class _Client(WSListener):
    """Counts messages and reads the clock; snapshots come before the first message that counts.

    Attributes:
        received: messages of the mix; below 1 while the snapshots come.
        tail: messages from the last timed one on.
    """

    def __init__(self, errand: Errand) -> None:
        self.errand = errand
        self.watch = Stopwatch(errand)
        self.topics = errand.named()
        self.build = builders(self.topics)
        self.received = -len(errand.pairs)
        self.mark = 1  # from this message on `reached` looks at each
        self.tail: list[Any] = []

    def on_ws_connected(self, transport: WSTransport) -> None:
        codec = GateioSpotCodec(SymbolMap(spell))
        for request in codec.subscribe(self.errand.topics(), time.time()):
            transport.send(WSMsgType.TEXT, str(request.frame).encode())

    def reached(self, transport: WSTransport, message: Any) -> None:
        if self.received == 1:
            self.mark = self.errand.timed
            self.watch.start()
            return
        if self.received == self.errand.timed:
            self.watch.stop()
        self.tail.append(message)
        if self.received == self.errand.total:
            transport.disconnect()

    @abstractmethod
    def books(self) -> Books: ...


class _Structs(_Client):
    """Decodes, nothing else; nobody gets the result."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        try:
            message = _decode(frame.get_payload_as_memoryview())
        except msgspec.ValidationError:
            return  # an ack
        self.received += 1
        if self.received >= self.mark:
            self.reached(transport, message)

    def books(self) -> Books:
        return books_after(
            self.errand.middle, [self.build[message.__class__](message, 0) for message in self.tail]
        )


class _Messages(_Client):
    """Decodes and makes the same typed messages as our codec; nobody gets them."""

    def __init__(self, errand: Errand) -> None:
        super().__init__(errand)
        self.named = self.topics[OBU]

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        try:
            push = _decode(frame.get_payload_as_memoryview())
        except msgspec.ValidationError:
            return
        message: Any
        book = push.result
        if book.__class__ is BookPush and (first := book.U) and not book.full:
            message = BookDelta(
                self.named[book.s],
                book.t * 1_000_000 or None,
                push.time_ms * 1_000_000 or None,
                time.time_ns(),
                first,
                book.u,
                book.b,
                book.a,
            )
        else:
            message = self.build[push.__class__](push, time.time_ns())
        self.received += 1
        if self.received >= self.mark:
            self.reached(transport, message)

    def books(self) -> Books:
        return books_after(self.errand.middle, self.tail)


class _Whole(_Client):
    """The same decoder, messages and books as ours; a callback gets each message."""

    def __init__(self, errand: Errand) -> None:
        super().__init__(errand)
        self.named = self.topics[OBU]
        self.syncs: dict[Topic, BookSync] = {topic: new_sync() for topic in self.named.values()}
        self.callback: Callable[[WSTransport, Any], None] = self.on_message

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        try:
            push = _decode(frame.get_payload_as_memoryview())
        except msgspec.ValidationError:
            return
        message: Any
        book = push.result
        if book.__class__ is BookPush and (first := book.U) and not book.full:
            topic = self.named[book.s]
            message = BookDelta(
                topic,
                book.t * 1_000_000 or None,
                push.time_ms * 1_000_000 or None,
                time.time_ns(),
                first,
                book.u,
                book.b,
                book.a,
            )
            if self.syncs[topic].delta(message) is not _APPLIED:
                raise ValueError(f"{topic}: {self.syncs[topic].reason}")
        else:
            message = self.build[push.__class__](push, time.time_ns())
            if message.__class__ is BookSnapshot:
                self.syncs[message.topic].whole(message)
        self.callback(transport, message)

    def on_message(self, transport: WSTransport, message: Any) -> None:
        self.received += 1
        if self.received >= self.mark:
            self.reached(transport, message)

    def books(self) -> Books:
        return {str(topic.symbol): ladder(sync.book) for topic, sync in self.syncs.items()}


class _Paced(_Whole):
    """The same, at a pace: the callback notes when it got each message."""

    def __init__(self, errand: Errand) -> None:
        super().__init__(errand)
        self.arrivals = Arrivals(errand)

    def on_message(self, transport: WSTransport, message: Any) -> None:
        self.received += 1
        if self.received > 0 and self.arrivals.note():
            transport.disconnect()


async def structs(errand: Errand) -> Sample:
    """Split and decode frames."""
    return await _run(_Structs(errand))


async def structs_over_uvloop(errand: Errand) -> Sample:
    """Do the same without aiofastnet, which brings picows a TLS of its own in C."""
    return await _run(_Structs(errand), fastnet=False)


async def whole_over_uvloop(errand: Errand) -> Sample:
    """Do as `whole` without aiofastnet."""
    return await _run(_Whole(errand), fastnet=False)


async def messages(errand: Errand) -> Sample:
    """Split and decode frames, and make typed messages."""
    return await _run(_Messages(errand))


async def whole(errand: Errand) -> Sample:
    """Decode, keep books, hand typed messages to a callback."""
    return await _run(_Whole(errand))


async def paced(errand: Errand) -> Sample:
    """Do the same with messages that come at a pace."""
    client = _Paced(errand)
    await _serve(client)
    return client.arrivals.sample(client.books())


async def _run(client: _Client, *, fastnet: bool = True) -> Sample:
    await _serve(client, fastnet=fastnet)
    return client.watch.sample(client.errand.timed - 1, client.received, client.books())


async def _serve(client: _Client, *, fastnet: bool = True) -> None:
    errand = client.errand
    context = errand.tls_context()
    transport, _ = await ws_connect(lambda: client, errand.url, ssl_context=context, use_aiofastnet=fastnet)
    await transport.wait_disconnected()
