"""``make test-peers``: ccxt's gate and mexc trade at the simulators, and must see what is true there.

Usage: ``python ops/peers/orders.py``. Makes `.venv-peers` beside the project where it is missing, serves the
simulators on a free port, and exits 1 unless every step went as it should at both venues.
"""

import sys
from functools import partial

import msgspec
import trio

from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.peers.environment import HERE, PYTHON, make_environment
from feedtree.ops.sim.accounts.config import DEMO_KEY, DEMO_SECRET
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.server import RunningSim, serve_sim

_LONGEST_S = 120.0


async def trade() -> bool:
    """Let ccxt trade at fresh simulators; return whether everything went as it should."""
    async with trio.open_nursery() as nursery:
        sim: RunningSim = await nursery.start(partial(serve_sim, SimConfig(), TcpNetwork()))
        urls = msgspec.json.encode(sim.urls).decode()
        command = [str(PYTHON), str(HERE / "ccxt_orders.py"), urls, DEMO_KEY, DEMO_SECRET]
        with trio.fail_after(_LONGEST_S):
            done = await trio.run_process(command, check=False)
        nursery.cancel_scope.cancel()
    return done.returncode == 0


def main() -> int:
    """Return 0 where everything went as it should, else 1."""
    make_environment()
    fine = trio.run(trade)
    print("ccxt trades at the simulators" if fine else "ccxt does NOT trade at the simulators")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
