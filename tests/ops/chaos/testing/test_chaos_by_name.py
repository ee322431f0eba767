"""Faults by name: each of the catalogue is a method, and a wrong name is answered with what there is."""

import inspect

import pytest
import trio

from feedtree.exchanges.wire.tcp import TcpNetwork
from feedtree.ops.chaos.kinds import PROXY_FAULTS
from feedtree.ops.chaos.spelling import WrongFault
from feedtree.ops.chaos.testing import Chaos, open_simulated_exchange
from feedtree.ops.sim.switchboard import UnknownSwitch


async def test_every_fault_of_the_catalogue_is_a_method_that_says_what_it_does(autojump_clock) -> None:
    """By `dir`, by its name, with its parameters."""
    async with open_simulated_exchange() as exchange:
        chaos = Chaos(exchange)
        assert set(PROXY_FAULTS) <= set(dir(chaos))
        assert {"fault", "simulated", "switched", "expect_recovery"} <= set(dir(chaos))
        for name in PROXY_FAULTS:
            method = getattr(chaos, name)
            assert method.__name__ == name
            async with method("mexc.spot", side="public") as at_work:
                (running,) = at_work.running
                assert running.name == name
                assert [each.name for each in exchange.proxies["mexc.spot", "public"].running] == [name]
            assert exchange.proxies["mexc.spot", "public"].running == []
        assert "delay=0.1 s: at least" in (inspect.getdoc(chaos.latency) or "")


async def test_a_fault_meets_the_venue_and_side_that_are_named(autojump_clock) -> None:
    """One, both, or all of them; parameters are the fault's."""
    async with open_simulated_exchange() as exchange:
        chaos = Chaos(exchange)

        def broken() -> list[tuple[str, str]]:
            return [place for place, proxy in exchange.proxies.items() if proxy.running]

        async with chaos.latency("gateio.spot", side="private", delay=0.2) as at_work:
            assert broken() == [("gateio.spot", "private")]
            assert at_work.running[0].fault.delay == 0.2
        async with chaos.fault("latency", "gateio.spot"):
            assert broken() == [("gateio.spot", "public"), ("gateio.spot", "private")]
        async with chaos.latency():
            assert len(broken()) == 4
        assert broken() == []


async def test_what_a_fault_meets_is_counted_over_its_proxies(autojump_clock) -> None:
    """New connections of each, as many as asked for."""
    async with open_simulated_exchange() as exchange:
        chaos = Chaos(exchange)
        async with chaos.flap("gateio.spot", on="new", count=1) as at_work:
            for side in ("public", "private"):
                for _ in range(2):
                    await exchange.network.dial(*exchange.proxies["gateio.spot", side].address)
            await trio.sleep(1)
            assert at_work.met == 2


async def test_wrong_names_of_faults_say_what_there_is(autojump_clock) -> None:
    """Fault, venue, side, parameter, value."""
    async with open_simulated_exchange() as exchange:
        chaos = Chaos(exchange)
        with pytest.raises(
            AttributeError, match=r'fault "blackhole" is unknown \(did you mean "black_hole"\?\)'
        ):
            _ = chaos.blackhole
        with pytest.raises(AttributeError):
            _ = chaos.__wrapped__
        for wrong, problem in (
            (chaos.fault("blackhole"), "allowed: refuse, away, flap"),
            (chaos.away("gate"), 'venue "gate" is unknown.*allowed: gateio.spot, mexc.spot'),
            (chaos.away(side="left"), 'side "left" is unknown.*allowed: public, private'),  # type: ignore[arg-type]
            (chaos.away(who="me"), 'away: parameter "who" is unknown.*allowed: how'),
            (chaos.away(how="softly"), "allowed: close, reset"),
            (
                chaos.latency(on="New"),  # type: ignore[arg-type]
                r'latency: on "New" is unknown \(did you mean "new"\?\); allowed: all, open, new',
            ),
            (
                chaos.latency(count=-3),
                "latency: count = -3 is not allowed; allowed: a whole number, 0 or more",
            ),
            (chaos.latency(count="1"), 'latency: count = "1" is not allowed'),  # type: ignore[arg-type]
            (chaos.reset(count=1), 'reset: count = 1 .* open; allowed: a fault with on="new" or "all"'),
            (chaos.latency(on="open", count=1), "latency: count = 1 is not allowed"),
            (chaos.refuse(count=1), "refuse: count = 1 is not allowed, for no connection comes about"),
        ):
            with pytest.raises(WrongFault, match=problem):
                await wrong.__aenter__()


async def test_messages_are_broken_by_the_exchanges_themselves(autojump_clock, bench) -> None:
    """Now, at one venue or at each; options and symbols by the project's names."""
    async with bench(channels=["book"]) as on:
        feed = on.tree.public.feeds["gateio.spot"]
        await feed.wait_live(5)
        assert on.chaos.simulated("gap", "gateio.spot", symbol="btc/usdt", count=2) == 1
        assert on.chaos.simulated("gap", "gateio.spot", symbol="ETH/USDT") == 0
        assert on.chaos.simulated("close", code=1012) >= 1
        for options, problem in (
            (
                {"name": "gapp"},
                r'simulated fault "gapp" is unknown \(did you mean "gap"\?\); allowed: reset, close',
            ),
            ({"name": "gap", "venue": "gate"}, 'venue "gate" is unknown'),
            ({"name": "gap", "seconds": 3}, 'gap: option "seconds" is unknown.*allowed: count, symbol'),
            ({"name": "close", "code": "many"}, "close: Expected `int`"),
            (
                {"name": "gap", "count": "many"},
                'gap: count = "many" is not allowed; allowed: a whole number, 1',
            ),
            (
                {"name": "gap", "count": 0},
                "gap: count = 0 is not allowed; allowed: a whole number, 1 or more",
            ),
            (
                {"name": "mute", "seconds": -1},
                "mute: seconds = -1 is not allowed; allowed: a number, 0 or more",
            ),
            (
                {"name": "listen_keys", "account": "mian"},
                r'account "mian" is unknown \(did you mean "main"\?\); allowed: demo, main',
            ),
            ({"name": "gap", "symbol": "BTC/EUR"}, 'gateio.spot: symbol "BTC/EUR" is unknown'),
        ):
            with pytest.raises(WrongFault, match=problem):
                on.chaos.simulated(**options)
        assert on.chaos.simulated("listen_keys", account="main") == 0, "MEXC alone has them"


async def test_switches_are_turned_back(autojump_clock) -> None:
    """At the end of the block, whatever it ends with; a wrong one changes nothing."""
    async with open_simulated_exchange() as exchange:
        chaos, switches = Chaos(exchange), exchange.sim.simulation.board.gateio
        async with chaos.switched("gateio.spot", withhold_pongs="all", rest_delay_s=1):
            assert (switches.withhold_pongs, switches.rest_delay_s) == ("all", 1.0)
        assert (switches.withhold_pongs, switches.rest_delay_s) == ("none", 0.0)
        with pytest.raises(UnknownSwitch, match="there are"):
            await chaos.switched("gateio.spot", halted=True, sleepy=True).__aenter__()
        assert not switches.halted


async def test_overlapping_blocks_leave_a_switch_where_it_stood(autojump_clock) -> None:
    """Whichever is over first: the other one's value holds as long as that, and the first one is back then."""
    async with open_simulated_exchange() as exchange, trio.open_nursery() as nursery:
        chaos, switches = Chaos(exchange), exchange.sim.simulation.board.gateio

        async def turn(begin: float, seconds: float, **values: object) -> None:
            await trio.sleep(begin)
            async with chaos.switched("gateio.spot", **values):
                await trio.sleep(seconds)

        began = trio.current_time()
        nursery.start_soon(lambda: turn(0, 2, rest_delay_s=1, halted=True))
        nursery.start_soon(lambda: turn(1, 2, rest_delay_s=5))
        nursery.start_soon(lambda: turn(1.2, 0.3, rest_delay_s=7))
        seen = []
        for at in (0.5, 1.1, 1.3, 1.8, 2.5, 3.5):
            await trio.sleep_until(began + at)
            seen.append((switches.rest_delay_s, switches.halted))
        assert seen == [(1, True), (5, True), (7, True), (5, True), (5, False), (0, False)]


async def test_faults_work_on_sockets_too() -> None:
    """A client that was never told of feedtree: its connection is reset."""
    async with open_simulated_exchange() as exchange:
        chaos, address = Chaos(exchange), exchange.proxies["gateio.spot", "public"].address
        assert isinstance(exchange.network, TcpNetwork)
        with trio.fail_after(5):
            stream = await trio.open_tcp_stream(*address)
            await exchange.proxies["gateio.spot", "public"].connected()
            async with chaos.reset("gateio.spot", side="public"):
                with pytest.raises(trio.BrokenResourceError):
                    await stream.receive_some()
            await stream.aclose()
