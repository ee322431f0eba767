"""Public streams through the proxy: every fault of the connection is found in under 2 s and healed in under 3."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import trio

from feedtree.exchanges.public.shard import Recovery
from feedtree.ops.chaos.names import Names
from feedtree.ops.chaos.proxy import Proxy, open_proxy
from feedtree.supervisors import EventKind
from tests.integration.led import STABLE, led, live

pytestmark = pytest.mark.campaign


@dataclass
class Stage:
    """A tree whose connections to both venues go through a proxy."""

    exchanges: Any
    proxy: Proxy
    running: Any
    names: Names

    async def live(self, seconds: float) -> None:
        """Wait until everything is live, and no longer than that."""
        await live(self.running, seconds)

    def recoveries(self) -> list[Recovery]:
        """Return all outages so far."""
        feeds = self.running.public.feeds.values()
        return [recovery for feed in feeds for report in feed.streams() for recovery in report.recoveries]

    def reasons(self) -> list[str]:
        """Return what the connections ended with last."""
        paths = (f"public/{venue}/shard-1/a" for venue in self.running.websockets)
        return [self.running.snapshot().find(path).last_reason for path in paths]

    async def check_books(self) -> None:
        """Compare all books with the truth."""
        await trio.sleep(0.5)
        assert sum(self.exchanges.check_books(feed) for feed in self.running.public.feeds.values()) == 4


OpenStage = Callable[..., AbstractAsyncContextManager[Stage]]


@pytest.fixture
def stage(lab, tree, venue_tls) -> OpenStage:
    """Over TLS, as real venues are reached; live for the stable spell."""

    @asynccontextmanager
    async def opened(symbols: tuple[str, ...] = (), **options: Any) -> AsyncIterator[Stage]:
        context, host, ca_file = venue_tls
        async with (
            lab(tls=context, rate=100.0, orders=100) as exchanges,
            open_proxy(exchanges.network, to=("127.0.0.1", exchanges.sim.port), host=host, seed=7) as proxy,
        ):
            config = exchanges.config(*symbols, ca_file=ca_file, **options)
            names, memory = Names(), exchanges.network
            exchanges.network = names.over(memory)
            async with tree(exchanges, led(config, proxy)) as running:
                exchanges.network = memory
                built = Stage(exchanges, proxy, running, names)
                await built.live(5)
                await trio.sleep(STABLE)
                yield built

    return opened


FAULTS = [
    ("reset", {}),
    ("close", {}),
    ("close", {"after": 5_000}),
    ("reset", {"after": 20, "direction": "up"}),
    ("half_close", {"direction": "down"}),
    ("half_close", {"direction": "up"}),
    ("black_hole", {"direction": "both"}),
    ("black_hole", {"direction": "down"}),
    ("stall", {"direction": "both"}),
    ("stall", {"direction": "down"}),
    ("bandwidth", {"rate": 200.0}),
    ("latency", {"delay": 5.0}),
    ("corrupt", {"after": 2_000}),
    ("truncate", {"after": 2_000}),
    ("duplicate", {"after": 2_000, "length": 7}),
    ("drop", {"after": 2_000}),
]


@pytest.mark.parametrize(
    ("name", "parameters"), FAULTS, ids=["-".join([name, *map(str, told.values())]) for name, told in FAULTS]
)
async def test_a_fault_of_open_connections_is_found_and_healed_in_time(
    autojump_clock, stage, name: str, parameters: dict[str, Any]
) -> None:
    """Detected in under 2 s, live again in under 3 s of the last good message, the books equal to the truth."""
    async with stage() as on:
        async with on.proxy.fault(name, on="open", **parameters):
            await trio.sleep(14)
            assert len(on.recoveries()) == 2, "one outage for each venue"
            for recovery in on.recoveries():
                assert recovery.detected_ms < 2000
                assert (recovery.live_ns - recovery.lost_ns) / 1e9 < 3
                assert recovery.attempts == 1
            await on.check_books()


async def test_a_first_retry_that_is_swallowed_too_costs_a_second_more(autojump_clock, stage) -> None:
    """The black hole takes the next connection of each venue as well; the one after it works."""
    async with stage() as on:
        async with on.proxy.fault("black_hole", on="all", count=2) as hole:
            await trio.sleep(14)
            assert hole.met >= 4
            assert len(on.recoveries()) == 2
            for recovery in on.recoveries():
                assert recovery.detected_ms < 2000
                assert (recovery.live_ns - recovery.lost_ns) / 1e9 < 4.5
            await on.check_books()


@pytest.mark.parametrize("how", ["reset", "close"])
@pytest.mark.parametrize("away", [5.0, 20.0, 60.0])
async def test_streams_are_back_when_the_server_is(autojump_clock, stage, away: float, how: str) -> None:
    """Found at once; live within 3 s of the server's return, however long it was away."""
    async with stage() as on:
        async with on.proxy.fault("away", how=how):
            await trio.sleep(away)
        await on.live(3)
        assert len(on.recoveries()) == 2
        for recovery in on.recoveries():
            assert recovery.detected_ms < 200, "since the last message, which may be a tenth of a second old"
            assert recovery.after_return_ms < 3000
        await on.check_books()


UNREACHABLE = [
    ("refuse", {}, "DialFailed"),
    ("black_hole", {"on": "new"}, "ConnectTimeout"),
    ("stall", {"on": "new"}, "ConnectTimeout"),
    ("slow_loris", {}, "ConnectTimeout"),
    ("slow_loris", {"interval": 0.02}, "ConnectTimeout"),
    ("tls_expired", {}, "TlsFailed"),
    ("reset", {"on": "new"}, "TlsFailed"),
    ("close", {"on": "new", "after": 100}, "TlsFailed"),
    ("dns_fail", {}, "ResolveFailed"),
    ("dns_slow", {}, "ConnectTimeout"),
]


@pytest.mark.parametrize(
    ("name", "parameters", "error"),
    UNREACHABLE,
    ids=["-".join([name, *map(str, told.values())]) for name, told, _ in UNREACHABLE],
)
async def test_what_keeps_connections_from_coming_about_is_told_and_heals(
    autojump_clock, stage, name: str, parameters: dict[str, Any], error: str
) -> None:
    """Each has its own error in the tree; it is tried again and again, and live within 3 s of the end of the fault."""
    async with stage() as on:
        faulty = on.names if name.startswith("dns") else on.proxy
        async with faulty.fault(name, **parameters):
            async with on.proxy.fault("reset"):
                await trio.sleep(
                    6
                )  # fewer than 20 attempts, beyond which a stream that got connections is flapping
            assert all(error in reason for reason in on.reasons())
            for feed in on.running.public.feeds.values():
                (report,) = feed.streams()
                assert report.state in ("connecting", "down")
                assert report.recoveries[0].attempts >= 4
        await on.live(3)
        assert len(on.recoveries()) == 2
        await on.check_books()


@pytest.mark.parametrize("life", [0.0, 0.02, 0.1])
async def test_a_server_that_accepts_and_drops_is_not_stormed(autojump_clock, stage, life: float) -> None:
    """A minute, before TLS or behind the first data: at most 40 attempts of a stream; it is told, and comes back."""
    async with stage() as on:
        async with on.proxy.fault("flap", life=life), on.proxy.fault("reset"):
            flapping = set()
            async with on.running.events("public") as events:
                with trio.move_on_after(60):
                    async for event in events:
                        if event.kind is EventKind.FLAPPING:
                            flapping.add(event.path)
            assert len(flapping) == 2
            for feed in on.running.public.feeds.values():
                assert 20 <= feed.streams()[0].generation - 1 <= 40
        await on.live(33)
        await on.check_books()


HARMLESS = [
    ("latency", {"delay": 0.15, "jitter": 0.1}, 60.0),
    ("stall", {}, 1.2),
    ("stall", {"direction": "up"}, 5.0),
    ("bandwidth", {"rate": 200_000.0}, 30.0),
    ("black_hole", {"direction": "up"}, 8.0),
    ("refuse", {}, 60.0),
]


@pytest.mark.parametrize(
    ("name", "parameters", "seconds"),
    HARMLESS,
    ids=["-".join([name, *map(str, told.values())]) for name, told, _ in HARMLESS],
)
async def test_what_costs_no_data_costs_no_restart(
    autojump_clock, stage, name: str, parameters: dict[str, Any], seconds: float
) -> None:
    """A long way, a short stall, a narrow line, a way up that is dead while data come: nothing is restarted for it."""
    async with stage() as on:
        async with on.proxy.fault(name, **parameters):
            await trio.sleep(seconds)
            assert on.recoveries() == []
        await trio.sleep(3)
        lost = 2 if name == "black_hole" else 0  # its connections end with it, since they have lost something
        assert len(on.recoveries()) == lost
        await on.check_books()


async def test_a_connection_that_is_made_over_a_long_way_comes_about(autojump_clock, stage) -> None:
    """A round trip of 300 ms with 200 ms of jitter: the handshakes fit into their timeouts."""
    async with stage() as on:
        async with on.proxy.fault("latency", delay=0.15, jitter=0.1):
            async with on.proxy.fault("reset"):
                await on.live(5)
            await trio.sleep(20)
            assert len(on.recoveries()) == 2
            await on.check_books()


async def test_a_snapshot_whose_connection_is_dead_costs_two_seconds(autojump_clock, stage) -> None:
    """A gap while only the kept REST connection is in a black hole: the call is given up, and made on a new one."""
    async with stage(venues=("mexc.spot",), symbols=("BTC/USDT",)) as on:
        websocket = on.running.websockets["mexc.spot"]
        on.exchanges.inflict("mexc.spot", "gap", symbol="BTCUSDT")
        await trio.sleep(1.0)  # a snapshot has just been fetched, and its connection is kept for some seconds
        kept = on.proxy.connections[1:]
        assert kept
        async with on.proxy.fault("black_hole", only=kept):
            on.exchanges.inflict("mexc.spot", "gap", symbol="BTCUSDT")
            await trio.sleep(0.5)
            assert not websocket.book("BTC/USDT").live
            await trio.sleep(2.5)
            assert websocket.book("BTC/USDT").live
        assert on.recoveries() == []


async def test_a_dead_way_up_is_found_by_the_venue(autojump_clock, stage) -> None:
    """Data go on, so nothing is lost; the venue misses the pings and closes, and the stream is back at once."""
    async with stage() as on:
        for venue in on.running.websockets:
            on.exchanges.turn(venue, idle_rule="pings_only")
        async with on.proxy.fault("black_hole", on="open", direction="up"):
            await trio.sleep(40)
            assert on.recoveries() == []
            await trio.sleep(40)
            assert len(on.recoveries()) == 2
            for recovery in on.recoveries():
                assert recovery.detected_ms < 2000
                assert (recovery.live_ns - recovery.lost_ns) / 1e9 < 3
            await on.check_books()
