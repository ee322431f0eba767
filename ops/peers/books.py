"""``make test-peers``: ccxt.pro's gate and mexc books must equal the simulator's truth.

Usage: ``python ops/peers/books.py [SECONDS]``. Makes `.venv-peers` beside the project where it is missing, serves the
simulators on a free port, and exits 1 unless both venues' books were compared and none differed.
"""

import sys
from functools import partial

import msgspec
import trio

from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.peers.environment import HERE, PYTHON, make_environment
from feedtree.ops.sim.config import SimConfig
from feedtree.ops.sim.markets import DEFAULT_SYMBOLS
from feedtree.ops.sim.server import RunningSim, serve_sim

_SETTLE_S = 90.0  # what ccxt may take besides the comparing: its markets, 25 pushes before its first book
_LEAST = 20  # comparisons of a venue, below which the run shows nothing


async def compare(seconds: float) -> bool:
    """Run ccxt against fresh simulators; return whether all books were equal."""
    symbols = [str(symbol) for symbol in DEFAULT_SYMBOLS]
    async with trio.open_nursery() as nursery:
        sim: RunningSim = await nursery.start(partial(serve_sim, SimConfig(), TcpNetwork()))
        urls = msgspec.json.encode(sim.urls).decode()
        command = [str(PYTHON), str(HERE / "ccxt_books.py"), urls, str(seconds), *symbols]
        with trio.fail_after(seconds + _SETTLE_S):
            done = await trio.run_process(command, capture_stdout=True, check=False)
        nursery.cancel_scope.cancel()
    output = done.stdout.decode()
    print(output, end="")
    if done.returncode:
        return False
    found = msgspec.json.decode(output.splitlines()[-1], type=dict[str, dict[str, int]])
    return all(venue["compared"] >= _LEAST and not venue["differed"] for venue in found.values())


def main() -> int:
    """Return 0 where all books were equal, else 1."""
    make_environment()
    equal = trio.run(compare, float(sys.argv[1]) if len(sys.argv) > 1 else 30.0)
    print("ccxt's books equal the simulator's" if equal else "ccxt's books DIFFER from the simulator's")
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
