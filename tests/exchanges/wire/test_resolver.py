"""Look-ups are shared, bounded, and replaced by what was true before where they fail or are late."""

import socket
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from feedtree.exchanges.errors import ResolveFailed
from feedtree.exchanges.wire.resolver import Address, Resolver, shared_resolver, system_lookup

FIRST: Address = (socket.AF_INET, "192.0.2.1")
SECOND: Address = (socket.AF_INET, "192.0.2.2")


class Names:
    """A name service that can be held up, and notes how it is asked."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Address] | Exception] = {}
        self.asked: list[str] = []
        self.running = self.most = 0
        self.go = Event()
        self.go.set()

    def __call__(self, host: str) -> list[Address]:
        self.asked.append(host)
        self.running += 1
        self.most = max(self.most, self.running)
        self.go.wait(10)
        self.running -= 1
        answer = self.answers[host]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def until(condition: Callable[[], Any]) -> None:
    with trio.fail_after(10):
        while not condition():
            await trio.lowlevel.checkpoint()


async def test_literal_addresses_are_not_looked_up() -> None:
    """An IP address is its own answer."""
    names = Names()
    resolver = Resolver(names)
    assert await resolver.resolve("127.0.0.1") == ((socket.AF_INET, "127.0.0.1"),)
    assert await resolver.resolve("::1") == ((socket.AF_INET6, "::1"),)
    assert names.asked == []


async def test_one_look_up_for_all_who_ask_at_a_time() -> None:
    """Hundred connections of one host ask once; a later one asks anew."""
    names = Names()
    names.answers["venue.test"] = [FIRST]
    names.go.clear()
    resolver = Resolver(names)
    got: list[Any] = []

    async def ask() -> None:
        got.append(await resolver.resolve("venue.test"))

    async with trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(ask)
        await wait_all_tasks_blocked()  # all wait for it, not just the first
        names.go.set()
    assert got == [(FIRST,)] * 100
    assert names.asked == ["venue.test"]
    await ask()
    assert len(names.asked) == 2


async def test_two_look_ups_at_most() -> None:
    """Hanging look-ups never hold more than two threads; the others wait for their turn."""
    names = Names()
    names.go.clear()
    resolver = Resolver(names)
    async with trio.open_nursery() as nursery:
        for n in range(6):
            names.answers[f"{n}.test"] = [FIRST]
            nursery.start_soon(resolver.resolve, f"{n}.test")
        await until(lambda: len(names.asked) == 2)
        names.go.set()
    assert names.most == 2
    assert len(names.asked) == 6


async def test_late_look_up_gives_the_last_good_addresses() -> None:
    """A known host is not kept waiting, and a late answer still teaches."""
    names = Names()
    names.answers["venue.test"] = [FIRST]
    resolver = Resolver(names, patience=0.01)
    assert await resolver.resolve("venue.test") == (FIRST,)
    names.answers["venue.test"] = [SECOND]
    names.go.clear()
    assert await resolver.resolve("venue.test") == (FIRST,)
    assert await resolver.resolve("venue.test") == (FIRST,)
    assert len(names.asked) == 2
    names.go.set()
    with trio.fail_after(10):
        while await resolver.resolve("venue.test") != (SECOND,):
            pass


async def test_failed_look_up() -> None:
    """A host that was known keeps its addresses; an unknown one fails with the system's reason."""
    names = Names()
    names.answers["venue.test"] = [FIRST]
    resolver = Resolver(names)
    await resolver.resolve("venue.test")
    for failure in (OSError("no name service"), UnicodeError("label too long"), []):
        names.answers["venue.test"] = names.answers["other.test"] = failure
        assert await resolver.resolve("venue.test") == (FIRST,)
        with pytest.raises(ResolveFailed) as caught:
            await resolver.resolve("other.test")
        assert caught.value.phase == "dns"


def test_look_up_outlives_the_run_that_asked() -> None:
    """A look-up that was given up still lands, harms nobody, and the next run learns from it."""
    names = Names()
    names.answers["venue.test"] = [FIRST]
    names.go.clear()
    resolver = Resolver(names)

    async def give_up() -> None:
        with trio.move_on_after(0.01):
            await resolver.resolve("venue.test")

    async def ask() -> None:
        with trio.fail_after(10):
            assert await resolver.resolve("venue.test") == (FIRST,)

    trio.run(give_up)
    names.go.set()
    trio.run(ask)


def test_system_look_up() -> None:
    """The operating system's answer comes without duplicates; the process has one resolver."""
    assert (socket.AF_INET, "127.0.0.1") in system_lookup("localhost")
    assert len(set(system_lookup("localhost"))) == len(system_lookup("localhost"))
    assert shared_resolver() is shared_resolver()
