"""websockets (asyncio, here on uvloop) with our decoder and our book."""

import time

from websockets.asyncio.client import connect

from feedtree.ops.bench.errand import Errand
from feedtree.ops.bench.measure import Sample
from feedtree.ops.bench.singly import Structs, Taker, Whole

QUEUE = 1_000  # frames; its default of 16 stops and starts the reading all the time


async def structs(errand: Errand) -> Sample:
    """Receive messages and decode them."""
    return await _run(Structs(errand))


async def whole(errand: Errand) -> Sample:
    """Receive messages, decode them, keep books."""
    return await _run(Whole(errand))


async def _run(taker: Taker) -> Sample:
    errand = taker.errand
    context = errand.tls_context()
    async with connect(errand.url, ssl=context, compression=None, max_queue=QUEUE) as websocket:
        for request in taker.requests(time.time()):
            await websocket.send(request)
        while not taker.take(await websocket.recv(decode=False)):
            pass
    return taker.sample()
