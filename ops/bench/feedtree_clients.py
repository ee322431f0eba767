"""The clients that are ours and decode only: the reader with a bare decoder, and with our codec."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import MsgspecError

from feedtree.exchanges.controls import Payload
from feedtree.exchanges.gateio.messages import DataFrame
from feedtree.exchanges.gateio.spelling import spell
from feedtree.exchanges.gateio.spot_public import GateioSpotCodec
from feedtree.exchanges.gateio.spot_pushes import builders
from feedtree.exchanges.symbols import SymbolMap
from feedtree.exchanges.wire.burst import open_burst
from feedtree.exchanges.wire.target import Target
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.bench.errand import MIX, Errand, books_after
from feedtree.ops.bench.measure import Sample, Stopwatch

Decode = Callable[[Sequence[Payload], int], Sequence[object]]

_decode_push = msgspec.json.Decoder(DataFrame, strict=False).decode


async def structs(errand: Errand) -> Sample:
    """Read bursts and decode frames to the venue's structs, no further."""
    build = builders(errand.named())
    return await _read(errand, _decode_structs, lambda tail: [build[type(frame)](frame, 0) for frame in tail])


async def messages(errand: Errand) -> Sample:
    """Read bursts and make typed messages of them; nobody gets them."""
    codec = GateioSpotCodec(SymbolMap(spell))
    codec.subscribe(errand.topics(), time.time())
    return await _read(errand, codec.decode, lambda tail: tail)


async def _read(errand: Errand, decode: Decode, shown: Callable[[list[Any]], Iterable[object]]) -> Sample:
    """Read as many messages as were sent.

    Args:
        errand: the task.
        decode: what is measured.
        shown: makes messages of what was decoded last, for the comparison with the truth.
    """
    watch = Stopwatch(errand)
    now_ns, timed = time.time_ns, errand.timed
    async with open_burst(Target(url=errand.url, ca_file=errand.ca_file), TcpNetwork()) as wire:
        receive = wire.receive
        for request in GateioSpotCodec(SymbolMap(spell)).subscribe(errand.topics(), time.time()):
            await wire.send(request.frame)
        first = 0
        while not first:  # acks and snapshots
            first = sum(map(_counts, decode(await receive(), now_ns())))
        received = first
        watch.start()
        while received < timed:
            burst = decode(await receive(), now_ns())
            received += len(burst)
        watch.stop()
        counted = received - first
        tail = list(burst)  # some of it is behind the timed part
        while received < errand.total:
            burst = decode(await receive(), now_ns())
            received += len(burst)
            tail += burst
    return watch.sample(counted, received, books_after(errand.middle, shown(tail)))


def _counts(item: object) -> bool:
    """Tell whether this is of the mix."""
    return isinstance(item, MIX) or (isinstance(item, DataFrame) and not getattr(item.result, "full", False))


def _decode_structs(payloads: Sequence[Payload], received_ns: int) -> Sequence[object]:
    try:
        return [_decode_push(payload) for payload in payloads]
    except MsgspecError:  # acks, before anything is timed
        return ()
