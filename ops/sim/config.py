"""What a simulation is started with."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from feedtree.exchanges.symbols import Symbol
from feedtree.ops.sim.accounts.config import AccountConfig, demo_accounts
from feedtree.ops.sim.markets import DEFAULT_SYMBOLS, GATEIO, MEXC


@dataclass(frozen=True, slots=True)
class SimConfig:
    """The options of ``feedtree sim`` that are not about its address.

    Args:
        seed: of all randomness; equal seeds give equal order flow.
        rate: order events per second, over all venues and symbols.
        symbols: what both venues list.
        replay: serve this recorded session as gateio.spot instead (``REPLAY.ws.1.0``, ``REPLAY.http.0.0``).
        orders: resting orders that a book keeps, about.
        switches: settings of `switches` at the start, by venue and name.
        accounts: of both venues; None is `demo_accounts`, one at each with plenty of everything.
        state: a file that keeps the accounts over the process; None: they begin anew each time.
        buffer: bytes that may wait for a slow reader before its connection is closed.
        utc_ns: asked once at the start for the venues' time.
    """

    seed: int = 1
    rate: float = 1_000.0
    symbols: tuple[Symbol, ...] = DEFAULT_SYMBOLS
    replay: Path | None = None
    orders: int = 1_500
    switches: dict[str, dict[str, object]] = field(default_factory=dict)
    accounts: tuple[AccountConfig, ...] | None = None
    state: Path | None = None
    buffer: int = 8 * 2**20
    utc_ns: Callable[[], int] = time.time_ns

    @property
    def venues(self) -> tuple[str, ...]:
        """The venues that it serves."""
        return (GATEIO,) if self.replay else (GATEIO, MEXC)

    def accounts_at(self, venue: str) -> list[AccountConfig]:
        """Return the accounts of a venue."""
        every = demo_accounts(self.venues, self.symbols) if self.accounts is None else self.accounts
        return [account for account in every if account.venue == venue]
