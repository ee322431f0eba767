"""A listen key is taken up again or made, prolonged in time, relieved before its end, and never deleted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import trio

from feedtree.actors.context import Context
from feedtree.exchanges.credentials import Secret
from feedtree.exchanges.errors import (
    AuthenticationFailed,
    LeaseInvalid,
    RestFailed,
    VenueThrottled,
)
from feedtree.exchanges.mexc.listen_keys import LIFE, MOST_KEYS, MexcListenKeys
from feedtree.exchanges.private.clock import VenueClock
from feedtree.exchanges.private.lease import Lease, Leases
from feedtree.exchanges.rest import RestClient

PATH = "/api/v3/userDataStream"


class Keys:
    """The keys of an account at the venue, as it counts them."""

    def __init__(self, venue: Any) -> None:
        self.valid: dict[str, float] = {}  # key -> trio time of its end
        self.made = 0
        self.failing: list[tuple[int, Any, dict[str, str]]] = []
        self._venue = venue
        venue.says[PATH] = lambda parameters: {"listenKey": self.all()}
        venue.says[f"POST {PATH}"] = self.make
        venue.says[f"PUT {PATH}"] = self.prolong
        self._answer = venue.answer
        venue.server.answer = self.answer

    def answer(self, target: str) -> Any:
        """Refuse what is to fail, or a key that is none."""
        request = self._venue.server.requests[-1]
        if request.method == "PUT" and self.failing:
            self._venue.refusals = [self.failing.pop(0)]
        elif (
            request.method == "PUT" and dict(parse_qsl(urlsplit(target).query))["listenKey"] not in self.all()
        ):
            self._venue.refusals = [(400, {"code": 700004, "msg": "no such key"}, {})]
        return self._answer(target)

    def all(self) -> list[str]:
        now = trio.current_time()
        self.valid = {key: end for key, end in self.valid.items() if end > now}
        return list(self.valid)

    def make(self, parameters: Any) -> dict[str, str]:
        self.made += 1
        key = f"key-{self.made}/+"
        self.valid[key] = trio.current_time() + LIFE
        return {"listenKey": key}

    def prolong(self, parameters: dict[str, str]) -> dict[str, str]:
        self.valid[parameters["listenKey"]] = trio.current_time() + LIFE
        return {"listenKey": parameters["listenKey"]}


@pytest.fixture
def keys(venue: Any) -> Keys:
    return Keys(venue)


@asynccontextmanager
async def leasing(venue: Any) -> AsyncIterator[Leases]:
    client = RestClient("http://venue", venue.server.network)
    clock = VenueClock(lambda: venue.now_ms() * 1_000_000, trio.current_time)
    async with venue.server.serving():
        yield Leases(MexcListenKeys(client, venue.credentials, clock), Random(7))
        await client.aclose()


class Held:
    """A lease whose actor runs beside the test."""

    def __init__(self, leases: Leases) -> None:
        self.relieved: list[float] = []
        self.lease = Lease(
            leases, trio.lowlevel.checkpoint, lambda: self.relieved.append(trio.current_time())
        )
        self.ended: BaseException | None = None
        self._scope = trio.CancelScope()
        self.over = trio.Event()

    async def run(self, generation: int = 1) -> None:
        with self._scope:
            try:
                await self.lease.run(Context("main/a/lease", generation))
            except (LeaseInvalid, RestFailed, VenueThrottled) as error:
                self.ended = error
        self.over.set()

    def stop(self) -> None:
        self._scope.cancel()


# Calls


async def test_a_key_is_made_listed_and_prolonged(venue: Any, keys: Keys, autojump_clock: Any) -> None:
    """Each signed; the address of a connection carries it escaped, and nothing shows it."""
    async with leasing(venue) as leases:
        calls = leases.calls
        assert list(await calls.keys()) == []
        key = await calls.make()
        assert list(await calls.keys()) == [key] == [Secret("key-1/+")]
        await calls.prolong(key)
        assert calls.query(key) == "listenKey=key-1%2F%2B"
        assert "key-1" not in f"{key!r} {calls!r}"
    assert [name for name, _ in venue.asked] == [PATH, f"POST {PATH}", PATH, f"PUT {PATH}"]


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        ((400, {"code": 400, "msg": "listen key not exist"}, {}), LeaseInvalid),
        ((500, {}, {}), RestFailed),
        ((429, {}, {"Retry-After": "3"}), VenueThrottled),
        (
            (400, {"code": 700002, "msg": "Signature for this request is not valid."}, {}),
            AuthenticationFailed,
        ),
    ],
)
async def test_a_key_that_is_refused_is_told_from_a_call_that_failed(
    venue: Any, keys: Keys, autojump_clock: Any, refusal: Any, error: type[Exception]
) -> None:
    """A refusal means the key, unless it says otherwise; no error shows the key."""
    async with leasing(venue) as leases:
        keys.failing = [refusal]
        with pytest.raises(error) as raised:
            await leases.calls.prolong(Secret("key-1"))
        assert "key-1" not in f"{raised.value!r}"


# The lease


async def test_a_key_is_prolonged_at_half_its_life_for_as_long_as_it_is_held(
    venue: Any, keys: Keys, autojump_clock: Any
) -> None:
    """A day on one key; each time between 0.4 and 0.5 of its life."""
    async with leasing(venue) as leases, trio.open_nursery() as nursery:
        held = Held(leases)
        nursery.start_soon(held.run)
        assert await held.lease.query() == "listenKey=key-1%2F%2B"
        await trio.sleep(86_400)
        held.stop()
    prolonged = leases.figures.prolonged
    assert 48 <= prolonged <= 60
    assert (keys.made, held.relieved, held.ended) == (1, [], None)
    assert keys.all() == ["key-1/+"]  # it was not deleted
    assert "DELETE" not in {request.method for request in venue.server.requests}


async def test_a_key_that_is_still_good_is_used_again(venue: Any, keys: Keys, autojump_clock: Any) -> None:
    """After a restart nothing is made where something is there; it is prolonged first."""
    keys.make({})
    await trio.sleep(3000)
    async with leasing(venue) as leases, trio.open_nursery() as nursery:
        held = Held(leases)
        nursery.start_soon(held.run)
        await held.lease.query()
        assert keys.valid["key-1/+"] == pytest.approx(trio.current_time() + LIFE, abs=1)
        held.stop()
    assert (keys.made, leases.figures.made, leases.figures.reused) == (1, 0, 1)


async def test_two_slots_never_share_a_key(venue: Any, keys: Keys, autojump_clock: Any) -> None:
    """The second one has another made; a key that was given back is free again."""
    async with leasing(venue) as leases, trio.open_nursery() as nursery:
        first, second, third = Held(leases), Held(leases), Held(leases)
        nursery.start_soon(first.run)
        one = await first.lease.query()
        nursery.start_soon(second.run)
        assert await second.lease.query() != one
        first.stop()
        await first.over.wait()
        nursery.start_soon(third.run)
        assert await third.lease.query() == one
        nursery.cancel_scope.cancel()
    assert keys.made == 2


async def test_two_slots_that_look_at_once_find_two_keys(venue: Any, keys: Keys, autojump_clock: Any) -> None:
    """What one is about to take the other does not."""
    keys.make({})
    async with leasing(venue) as leases, trio.open_nursery() as nursery:
        first, second = Held(leases), Held(leases)
        nursery.start_soon(first.run)
        nursery.start_soon(second.run)
        assert await first.lease.query() != await second.lease.query()
        nursery.cancel_scope.cancel()
    assert (leases.figures.made, leases.figures.reused) == (1, 1)


async def test_a_refused_key_ends_the_lease_and_is_not_taken_again(
    venue: Any, keys: Keys, autojump_clock: Any
) -> None:
    """The session tells; the venue may go on listing the key."""
    async with leasing(venue) as leases, trio.open_nursery() as nursery:
        held = Held(leases)
        nursery.start_soon(held.run)
        await held.lease.query()
        held.lease.refused()
        await held.over.wait()
        assert isinstance(held.ended, LeaseInvalid)
        again = Held(leases)
        nursery.start_soon(again.run)
        assert await again.lease.query() == "listenKey=key-2%2F%2B"
        nursery.cancel_scope.cancel()
    assert keys.all() == ["key-1/+", "key-2/+"]


async def test_a_key_that_cannot_be_prolonged_is_relieved_before_its_end(
    venue: Any, keys: Keys, autojump_clock: Any
) -> None:
    """Tried again every ten seconds; from 0.8 of its life another slot is asked to take over; then it ends."""
    async with leasing(venue) as leases, trio.open_nursery() as nursery:
        held = Held(leases)
        nursery.start_soon(held.run)
        await held.lease.query()
        began = trio.current_time()
        keys.failing = [(503, {}, {})] * 1000
        await held.over.wait()
        assert trio.current_time() - began == pytest.approx(LIFE, abs=1)
    assert isinstance(held.ended, LeaseInvalid)
    assert held.relieved[0] - began == pytest.approx(0.8 * LIFE, abs=11)
    assert keys.made == 1


async def test_a_venue_that_answers_again_in_time_keeps_its_key(
    venue: Any, keys: Keys, autojump_clock: Any
) -> None:
    """A pause that it asks for is kept, and nobody is relieved."""
    async with leasing(venue) as leases, trio.open_nursery() as nursery:
        held = Held(leases)
        nursery.start_soon(held.run)
        await held.lease.query()
        keys.failing = [(429, {}, {"Retry-After": "60"}), (503, {}, {})]
        await trio.sleep(0.8 * LIFE)
        assert (leases.figures.prolonged, held.relieved, held.ended) == (1, [], None)
        held.stop()


async def test_a_key_that_is_gone_ends_the_lease_at_once(venue: Any, keys: Keys, autojump_clock: Any) -> None:
    """Another program may have deleted it: prolonging says so."""
    async with leasing(venue) as leases, trio.open_nursery() as nursery:
        held = Held(leases)
        nursery.start_soon(held.run)
        await held.lease.query()
        keys.valid.clear()
        await held.over.wait()
        assert isinstance(held.ended, LeaseInvalid)
        assert trio.current_time() < 0.51 * LIFE


async def test_an_account_has_no_more_than_sixty_keys(venue: Any, keys: Keys, autojump_clock: Any) -> None:
    """None is made beyond; all in use or refused is said."""
    for _ in range(MOST_KEYS):
        keys.make({})
    async with leasing(venue) as leases, trio.open_nursery() as nursery:
        for number in range(MOST_KEYS):
            leases.give_back(Secret(f"key-{number + 1}/+"), refused=True)
        held = Held(leases)
        nursery.start_soon(held.run)
        await held.over.wait()
    assert isinstance(held.ended, RestFailed)
    assert "all 60 keys" in str(held.ended)
    assert keys.made == MOST_KEYS


async def test_a_listed_key_that_has_just_ended_is_passed_over(
    venue: Any, keys: Keys, autojump_clock: Any
) -> None:
    """Listed, and refused when it is prolonged: the next one, or a new one."""
    keys.make({})
    keys.failing = [(400, {"code": 700004, "msg": "no such key"}, {})]
    async with leasing(venue) as leases, trio.open_nursery() as nursery:
        held = Held(leases)
        nursery.start_soon(held.run)
        assert await held.lease.query() == "listenKey=key-2%2F%2B"
        held.stop()
