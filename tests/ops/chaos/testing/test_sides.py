"""What is done to a simulated exchange itself, and which streams are held against it."""

import pytest
import trio

from feedtree.ops.chaos.testing import Overdue, sides
from feedtree.ops.sim.faults import KINDS
from feedtree.ops.sim.switchboard import KINDS as SWITCHES


def test_every_simulated_fault_has_its_sides() -> None:
    """None is left out, none is made up."""
    assert list(sides.SIMULATED) == list(KINDS)


def test_every_switch_has_a_side() -> None:
    """Those of accounts alone, of market data alone, and the rest, which may be either's."""
    names = {name for kind in SWITCHES.values() for name in kind.__struct_fields__}
    assert all(sides.of_switches([name]) for name in names)
    assert sides.of_switches(["private_delay_s", "order_answers", "listen_key_life_s"]) == ["private"]
    assert sides.of_switches(["skip_every", "obu_snapshot"]) == ["public"]
    assert sides.of_switches(["upgrade_status"]) == ["public", "private"]
    assert sides.of_switches(["skip_every", "halted"]) == ["public", "private"]


@pytest.mark.parametrize(
    ("venue", "fault"),
    [
        ("gateio.spot", "reset"),
        ("gateio.spot", "close"),
        ("gateio.spot", "blackhole"),
        ("mexc.spot", "listen_keys"),
    ],
)
async def test_an_account_is_held_against_what_breaks_its_connections(
    autojump_clock, bench, venue: str, fault: str
) -> None:
    """Late in the block: the outage begins with the fault, and patience counts from there."""
    async with bench(venue) as on:
        async with on.chaos.expect_recovery(on.tree, f"private/{venue}/main") as recovery:
            await trio.sleep(12)
            began_ns = on.exchange.now_ns()
            assert on.chaos.simulated(fault, venue) >= 1
            await recovery.detected()
        assert recovery.outage[0] == pytest.approx(began_ns, abs=2 * 10**7)
        assert recovery.recovered_after < 3


async def test_what_breaks_nothing_is_no_fault(autojump_clock, bench) -> None:
    """Fills lose no stream."""
    async with bench() as on:
        with pytest.raises(Overdue, match="nothing was broken that it depends on"):
            async with on.chaos.expect_recovery(on.tree, "private/gateio.spot/main", patience=4):
                on.chaos.simulated("fills", "gateio.spot")


async def test_a_switch_of_the_other_side_holds_nothing_up(autojump_clock, bench) -> None:
    """Twenty seconds are late, whatever is done to the accounts meanwhile."""
    async with bench() as on:

        async def come_back_late() -> None:
            async with on.chaos.expect_recovery(on.tree, "public/gateio.spot") as recovery:
                on.exchange.turn("gateio.spot", upgrade_status=503)
                async with on.chaos.switched("gateio.spot", private_delay_s=0.01):
                    async with on.chaos.reset("gateio.spot", side="public"):
                        await recovery.detected()
                    await trio.sleep(20)
                on.exchange.turn("gateio.spot", upgrade_status=0)

        with pytest.raises(Overdue, match=r"was live again after 2\d\.\d+ s, and 3 s were allowed"):
            await come_back_late()
