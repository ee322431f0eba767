"""trio-websocket with our decoder and our book: what a trio app uses without feedtree."""

import time

from trio_websocket import open_websocket_url

from feedtree.ops.bench.errand import Errand
from feedtree.ops.bench.measure import Sample
from feedtree.ops.bench.singly import Structs, Taker, Whole

QUEUE = 1_000  # messages; its default of 1 has a task switch for each
BUFFER = 65_536  # bytes of a read; its default of 4 KiB holds 15 messages


async def structs(errand: Errand) -> Sample:
    """Get messages and decode them."""
    return await _run(Structs(errand))


async def whole(errand: Errand) -> Sample:
    """Get messages, decode them, keep books."""
    return await _run(Whole(errand))


async def _run(taker: Taker) -> Sample:
    errand = taker.errand
    context = errand.tls_context()
    async with open_websocket_url(
        errand.url, context, message_queue_size=QUEUE, receive_buffer_size=BUFFER
    ) as websocket:
        for request in taker.requests(time.time()):
            await websocket.send_message(request)
        while not taker.take(await websocket.get_message()):
            pass
    return taker.sample()
