"""Names that fail or are late, and heal."""

import socket
from time import monotonic

import pytest
import trio

from feedtree.exchanges.errors import ConnectTimeout, ResolveFailed
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.resolver import Address, Resolver
from feedtree.exchanges.wire.transport import Timeouts
from feedtree.ops.chaos.names import Names
from feedtree.ops.chaos.spelling import WrongFault

HOME: Address = (socket.AF_INET, "192.0.2.1")


def lookup(host: str) -> list[Address]:
    return [HOME]


async def test_a_resolver_over_broken_names() -> None:
    """A new name fails and heals; one that was known keeps its last good addresses."""
    names = Names(lookup)
    resolver = Resolver(names)
    with trio.fail_after(10):
        assert await resolver.resolve("known.test") == (HOME,)
        async with names.fault("dns_fail"):
            with pytest.raises(ResolveFailed, match="chaos"):
                await resolver.resolve("new.test")
            assert await resolver.resolve("known.test") == (HOME,)
        assert await resolver.resolve("new.test") == (HOME,)


async def test_late_answers_come_when_it_is_over() -> None:
    """A look-up waits as long as the fault lasts, and no longer; other names are not met."""
    resolver = Resolver(Names(lookup))
    names = Names(lookup)
    resolver = Resolver(names)
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery, names.fault("dns_slow", host="slow.test", delay=60):
            began = monotonic()
            nursery.start_soon(resolver.resolve, "slow.test")
            assert await resolver.resolve("other.test") == (HOME,)
            await trio.sleep(0.05)
        assert 0.05 <= monotonic() - began < 5
        async with names.fault("dns_slow", delay=0.05):
            began = monotonic()
            await resolver.resolve("third.test")
            assert monotonic() - began >= 0.05


async def test_over_memory_names_fail_and_heal(autojump_clock) -> None:
    """The memory network knows no names: these are asked before it dials, in virtual time."""
    names, memory = Names(), MemoryNetwork()
    network = names.over(memory)
    listener = await network.listen("venue.test", 80)
    timeouts = Timeouts(dns=1.0)
    (await network.dial("venue.test", 80)).close()
    async with names.fault("dns_fail", host="venue.test"):
        with pytest.raises(ResolveFailed):
            await network.dial("venue.test", 80)
    async with names.fault("dns_slow", delay=0.4):
        began = trio.current_time()
        (await network.dial("venue.test", 80, timeouts=timeouts)).close()
        assert trio.current_time() - began == pytest.approx(0.4)
    async with names.fault("dns_slow", delay=5):
        began = trio.current_time()
        with pytest.raises(ConnectTimeout, match="dns: no answer in 1 s"):
            await network.dial("venue.test", 80, timeouts=timeouts)
        assert trio.current_time() - began == pytest.approx(1.0)
    async with trio.open_nursery() as nursery:
        async with names.fault("dns_slow", delay=5):
            began = trio.current_time()
            nursery.start_soon(network.dial, "venue.test", 80)
            await trio.sleep(0.3)
    assert trio.current_time() - began == pytest.approx(0.3)
    literal = await memory.listen("127.0.0.1", 80)
    async with names.fault("dns_fail"):
        (await network.dial("127.0.0.1", 80)).close()
    literal.close()
    listener.close()


async def test_a_mistyped_fault_is_named() -> None:
    """With the closest match."""
    with pytest.raises(
        WrongFault, match=r'"dns_fial" is unknown \(did you mean "dns_fail"\?\); allowed: dns_fail, dns_slow'
    ):
        async with Names().fault("dns_fial"):
            raise AssertionError
