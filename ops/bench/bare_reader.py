"""The least that a program on trio does at a pace: one task that waits, reads, decodes, keeps books and calls back.

Our own reading, decoding and books, and nothing else of ours: what it takes more than picows is trio's and Python's.
"""

import time
from collections.abc import Iterable

from wsproto import ConnectionType
from wsproto.connection import Connection
from wsproto.events import TextMessage

from feedtree.exchanges.gateio.channels import OBU
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_public import GateioSpotCodec
from feedtree.exchanges.public.book_sync import BookSync
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import BookDelta, BookSnapshot
from feedtree.exchanges.symbols import SymbolMap
from feedtree.exchanges.wire.frames import FrameSplitter
from feedtree.exchanges.wire.target import Target
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.exchanges.wire.upgrade import open_upgraded
from feedtree.ops.bench.arrivals import Arrivals
from feedtree.ops.bench.errand import MIX, Errand, ladder, new_sync
from feedtree.ops.bench.measure import Sample


class _Reader:
    def __init__(self, errand: Errand) -> None:
        self.arrivals = Arrivals(errand)
        self.syncs: dict[Topic, BookSync] = {topic: new_sync() for topic in errand.named()[OBU].values()}

    def take(self, items: Iterable[object]) -> bool:
        """Update books and call back; True behind the last message."""
        for item in items:
            if isinstance(item, BookDelta):
                self.syncs[item.topic].delta(item)
            elif isinstance(item, BookSnapshot):
                self.syncs[item.topic].whole(item)
            if isinstance(item, MIX) and self.arrivals.note():
                return True
        return False


async def paced(errand: Errand) -> Sample:
    """Read until the last message came."""
    reader, codec = _Reader(errand), GateioSpotCodec(SymbolMap(spell))
    target = Target(url=errand.url, ca_file=errand.ca_file)
    splitter, outgoing = FrameSplitter(target.max_frame), Connection(ConnectionType.CLIENT)
    transport, behind = await open_upgraded(target, TcpNetwork())
    for request in codec.subscribe(errand.topics(), time.time()):
        await transport.send_all(outgoing.send(TextMessage(str(request.frame))))
    wait, receive = transport.wait_readable, transport.receive_nowait
    data: bytes | None = behind
    while not reader.take(codec.decode(splitter.feed(data or b""), time.time_ns())):
        await wait()
        data = receive()
    transport.abort()
    return reader.arrivals.sample(
        {str(topic.symbol): ladder(sync.book) for topic, sync in reader.syncs.items()}
    )
