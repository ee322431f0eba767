"""How long connecting takes is measured by phase, where streams and accounts report."""

import pytest
import trio

from feedtree.exchanges.phases import figures
from feedtree.ops import Config


async def test_the_phases_of_a_stream_are_measured(autojump_clock, lab, tree) -> None:
    """Answers half a second late, and a snapshot by REST a second later; the tree and the report tell of both."""
    async with lab() as exchanges:
        exchanges.turn("mexc.spot", answer_delay_s=0.5, rest_delay_s=1.0)
        config = exchanges.config("BTC/USDT", venues=("mexc.spot",))
        async with tree(exchanges, config) as running:
            await running.websockets["mexc.spot"].wait_live(10)
            (report,) = running.public.feeds["mexc.spot"].streams()
            assert list(report.phases) == ["tcp", "upgrade", "subscribe", "first_data"]
            assert report.phases["subscribe"].highest_ms == pytest.approx(500, abs=60)
            assert report.phases["first_data"].highest_ms == pytest.approx(1000, abs=60)
            node = running.snapshot().find("public/mexc.spot/shard-1/a")
            assert node.facts["took"].startswith("tcp 0.0, upgrade ")
            exchanges.inflict("mexc.spot", "reset")
            await trio.sleep(10)
            (report,) = running.public.feeds["mexc.spot"].streams()
            assert {phase.count for phase in report.phases.values()} == {2}


@pytest.mark.parametrize(
    ("venue", "expected"),
    [
        ("gateio.spot", ["tcp", "upgrade", "subscribe"]),
        ("mexc.spot", ["tcp", "upgrade", "auth", "subscribe"]),
    ],
)
async def test_the_phases_of_an_account_are_measured(
    autojump_clock, lab, tree, venue: str, expected: list[str]
) -> None:
    """MEXC asks for a listen key first; Gate.io's subscriptions carry their signature."""
    async with lab() as exchanges:
        config = Config({}, accounts={venue: {"main": exchanges.account_config(venue)}})
        async with tree(exchanges, config) as running:
            account = running.accounts[f"{venue}/main"]
            await account.wait_live(10)
            assert list(figures(account.account.store.meters)) == expected
