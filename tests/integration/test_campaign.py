"""A random trader's account against everything that can go wrong: no fill is missed or doubled, no order either."""

import logging
import time
from typing import Any

import pytest
import structlog
import trio

from feedtree.exchanges.private.fills import SeenFills
from feedtree.exchanges.private.store import AccountStore
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.campaign.cuts import points
from feedtree.ops.campaign.run import Result, run_seed
from feedtree.ops.sim.markets import GATEIO, MEXC
from tests.clock import wall_ns
from tests.examples import DEEP

pytestmark = pytest.mark.campaign
SEEDS = 1_000 if DEEP else 50  # at each venue; the gate has ten minutes
LOG = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
REAL = 100 if DEEP else 3


def failures(results: list[Result]) -> list[str]:
    return [f"{each.venue} seed {each.seed}: {words}" for each in results for words in each.broken]


@pytest.mark.parametrize("venue", [GATEIO, MEXC])
async def test_what_must_hold_holds_whatever_goes_wrong(autojump_clock: Any, venue: str) -> None:
    """On the virtual clock, seed by seed; connections are cut at every point that the venue has."""
    results = [
        await run_seed(venue, seed, MemoryNetwork(), wall_ns=wall_ns, log=LOG, seconds=6.0, calm=2.5)
        for seed in range(SEEDS)
    ]
    assert failures(results) == []
    assert sum(result.fills for result in results) > SEEDS
    assert sum(result.cuts for result in results) > SEEDS // 2
    for point in points(venue):
        assert sum(result.points[point] for result in results) > SEEDS // 20, point


def test_it_holds_over_real_sockets() -> None:
    """With a real clock and TCP, several seeds at a time."""

    async def main() -> list[Result]:
        results: list[Result] = []

        async def one(venue: str, seed: int) -> None:
            results.append(
                await run_seed(
                    venue, seed, TcpNetwork(), wall_ns=time.time_ns, log=LOG, seconds=5.0, calm=2.0
                )
            )

        for first in range(0, REAL, 3):
            async with trio.open_nursery() as nursery:
                for seed in range(first, min(first + 3, REAL)):
                    for venue in (GATEIO, MEXC):
                        nursery.start_soon(one, venue, seed)
        return results

    results = trio.run(main)
    assert failures(results) == []
    assert sum(result.fills for result in results) > 5


async def broken_within(seeds: int, venue: str) -> list[str]:
    for seed in range(seeds):
        result = await run_seed(venue, seed, MemoryNetwork(), wall_ns=wall_ns, log=LOG, seconds=6.0, calm=2.5)
        if result.broken:
            return result.broken
    return []


async def test_an_account_that_forgets_what_it_told_is_found_out(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The campaign bites: without the account of what was told, it does not hold."""
    add = SeenFills.add

    def always_new(seen: SeenFills, fill: Any) -> bool:
        add(seen, fill)
        return True

    monkeypatch.setattr(SeenFills, "add", always_new)
    assert await broken_within(5, GATEIO)


async def test_a_fill_that_is_missed_is_found_out(
    autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same without the fills that a comparison finds."""
    apply_fill = AccountStore.apply_fill

    def only_pushed(store: AccountStore, fill: Any, *, recovered: bool = False) -> bool:
        return False if recovered else apply_fill(store, fill)

    monkeypatch.setattr(AccountStore, "apply_fill", only_pushed)
    assert any("never told" in words for words in await broken_within(5, GATEIO))
