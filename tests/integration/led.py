"""What the tests of trees behind a proxy share: the way there, and how long an outage is remembered."""

from typing import Any

import trio

from feedtree.ops import Config
from feedtree.ops.chaos.proxy import Proxy
from feedtree.ops.chaos.rerouting import through

STABLE = 12.0  # seconds after which an earlier outage is forgotten


def led(config: Config, proxy: Proxy) -> Config:
    """Return a config whose venues are reached through a proxy."""
    return Config({name: through(venue, proxy.address) for name, venue in config.venues.items()})


async def live(running: Any, seconds: float) -> None:
    """Wait until everything is live, and no longer than that."""
    with trio.fail_after(seconds):
        for websocket in running.websockets.values():
            await websocket.wait_live(seconds)
