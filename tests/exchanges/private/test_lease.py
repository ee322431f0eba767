"""A listen key is taken, prolonged at half its life, given up in time, and never deleted."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
import structlog
import trio

from feedtree.actors.context import Context
from feedtree.exchanges.credentials import Secret
from feedtree.exchanges.errors import LeaseInvalid, RestFailed
from feedtree.exchanges.private.lease import Lease, Leases

LIFE = 3600.0


class Venue:
    """A venue's listen keys; calls fail as told."""

    life = LIFE
    most_keys = 3

    def __init__(self) -> None:
        self.ends: dict[Secret, float] = {}
        self.failing = False
        self.made = 0
        self.prolonged: list[float] = []

    async def keys(self) -> Sequence[Secret]:
        await trio.lowlevel.checkpoint()
        return [key for key, end in self.ends.items() if end > trio.current_time()]

    async def make(self) -> Secret:
        await trio.lowlevel.checkpoint()
        self.made += 1
        key = Secret(f"key-{self.made}")
        self.ends[key] = trio.current_time() + LIFE
        return key

    async def prolong(self, key: Secret) -> None:
        await trio.lowlevel.checkpoint()
        if self.failing:
            raise RestFailed("PUT", "HTTP 503", status=503)
        if self.ends.get(key, 0.0) <= trio.current_time():
            raise LeaseInvalid("no such key")
        self.ends[key] = trio.current_time() + LIFE
        self.prolonged.append(trio.current_time())

    def query(self, key: Secret) -> str:
        return f"listenKey={key.reveal()}"


class Holder:
    """An actor that holds a lease for the time of a block."""

    def __init__(self, leases: Leases) -> None:
        self.relieved: list[float] = []
        self.lease = Lease(leases, self.ready, lambda: self.relieved.append(trio.current_time()))
        self.context = Context("lease", 1, log=structlog.wrap_logger(None, processors=[_drop]))
        self.measured = 0

    async def ready(self) -> None:
        await trio.lowlevel.checkpoint()
        self.measured += 1

    async def run(self, seconds: float) -> None:
        with trio.move_on_after(seconds):
            await self.lease.run(self.context)


def _drop(logger: object, method: str, event: dict[str, Any]) -> dict[str, Any]:
    raise structlog.DropEvent


@pytest.fixture
def venue() -> Venue:
    """A venue without keys."""
    return Venue()


@pytest.fixture
def leases(venue: Venue) -> Leases:
    """An account's leases."""
    return Leases(venue, Random(1))


async def test_a_key_lives_by_renewal(autojump_clock, venue: Venue, leases: Leases) -> None:
    """At half its life, up to a tenth earlier: one key over a day, and nobody has to take over."""
    holder = Holder(leases)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(holder.run, 86_400.0)
        assert await holder.lease.query() == "listenKey=key-1"
    assert venue.made == 1
    gaps = [b - a for a, b in zip([0.0, *venue.prolonged], venue.prolonged, strict=False)]
    assert all(0.4 * LIFE <= gap <= 0.5 * LIFE for gap in gaps)
    assert leases.figures.prolonged == len(gaps) >= 48
    assert not holder.relieved
    assert holder.measured == 1


async def test_another_slot_takes_over_before_a_key_ends(
    autojump_clock, venue: Venue, leases: Leases
) -> None:
    """Where prolonging fails for too long; it goes on being tried."""
    holder = Holder(leases)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(holder.run, LIFE)
        await trio.sleep(1.0)
        venue.failing = True
    assert 0.8 * LIFE <= holder.relieved[0] < 0.81 * LIFE


async def test_a_failure_that_passes_costs_nothing(autojump_clock, venue: Venue, leases: Leases) -> None:
    """Ten seconds later it is tried again."""
    holder = Holder(leases)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(holder.run, LIFE)
        await trio.sleep(0.3 * LIFE)
        venue.failing = True
        await trio.sleep(0.25 * LIFE)
        venue.failing = False
    assert len(venue.prolonged) in (1, 2)  # the second is due at half of the life that is left
    assert not holder.relieved


async def test_a_valid_key_is_taken_again(autojump_clock, venue: Venue, leases: Leases) -> None:
    """After a restart; two slots have keys of their own."""
    await Holder(leases).run(1.0)
    first, second = Holder(leases), Holder(leases)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(first.run, 5.0)
        nursery.start_soon(second.run, 5.0)
        queries = {await first.lease.query(), await second.lease.query()}
    assert queries == {"listenKey=key-1", "listenKey=key-2"}
    assert (leases.figures.made, leases.figures.reused) == (2, 1)
    assert len(venue.ends) == 2  # none is deleted


async def test_a_refused_key_ends_the_lease_and_is_not_taken_again(
    autojump_clock, venue: Venue, leases: Leases
) -> None:
    """The session tells; the supervisor starts both anew, with another key."""
    holder = Holder(leases)
    async with trio.open_nursery() as nursery:

        async def run() -> None:
            with pytest.raises(LeaseInvalid):
                await holder.run(60.0)

        nursery.start_soon(run)
        await holder.lease.query()
        holder.lease.refused()
    again = Holder(leases)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(again.run, 5.0)
        assert await again.lease.query() == "listenKey=key-2"


async def test_a_key_that_ended_ends_the_lease(autojump_clock, venue: Venue, leases: Leases) -> None:
    """The venue does not know it any more when it is to be prolonged."""
    holder = Holder(leases)
    async with trio.open_nursery() as nursery:

        async def run() -> None:
            with pytest.raises(LeaseInvalid):
                await holder.run(LIFE)

        nursery.start_soon(run)
        await holder.lease.query()
        venue.ends.clear()


async def test_a_key_that_ends_while_it_is_taken_is_passed_over(
    autojump_clock, venue: Venue, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was listed, and is gone."""
    gone = Secret("gone")

    async def keys() -> Sequence[Secret]:
        await trio.lowlevel.checkpoint()
        return [gone]

    monkeypatch.setattr(venue, "keys", keys)
    assert await leases.take() == Secret("key-1")


async def test_no_more_keys_than_allowed_are_made(autojump_clock, venue: Venue, leases: Leases) -> None:
    """All in use: there is none to be had, and none is asked for in vain."""
    for _ in range(3):
        await leases.take()
    with pytest.raises(RestFailed, match="all 3 keys"):
        await leases.take()
    assert venue.made == 3
