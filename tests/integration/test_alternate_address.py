"""The first address stays away: the alternate one of the config is used, and the report says so."""

from dataclasses import replace

import pytest
import trio

from feedtree.ops import Config
from feedtree.ops.chaos.proxy import open_proxy
from feedtree.ops.chaos.rerouting import through

VENUES = ["gateio.spot", "mexc.spot"]


@pytest.mark.parametrize("how", ["away", "black_hole"])
@pytest.mark.parametrize("venue", VENUES)
async def test_a_stream_goes_to_the_other_address_and_stays_there(
    autojump_clock, lab, tree, venue: str, how: str
) -> None:
    """Refused or mute, three attempts; when the first is back, the one that works is kept."""
    async with (
        lab() as exchanges,
        open_proxy(exchanges.network, to=("127.0.0.1", exchanges.sim.port)) as proxy,
    ):
        direct = exchanges.config("BTC/USDT", venues=(venue,)).venues[venue]
        led = through(direct, proxy.address).ws_url
        config = Config({venue: replace(direct, ws_url=led, alternate_ws_url=direct.ws_url)})
        first = f"{proxy.address[0]}:{proxy.address[1]}"
        async with tree(exchanges, config) as running:
            websocket, feed = running.websockets[venue], running.public.feeds[venue]
            await websocket.wait_live(5)
            assert feed.streams()[0].address == first
            async with proxy.fault(how):
                await trio.sleep(12)
                (report,) = feed.streams()
                assert (report.state, report.address) == ("live", f"127.0.0.1:{exchanges.sim.port}")
                assert report.recoveries[0].attempts == 4
            exchanges.inflict(venue, "reset")
            await trio.sleep(5)
            assert feed.streams()[0].address == f"127.0.0.1:{exchanges.sim.port}"
            assert exchanges.check_books(feed) == 1


async def test_an_account_goes_there_too(autojump_clock, lab, tree) -> None:
    """Nobody listens at the first address."""
    async with lab() as exchanges:
        url = exchanges.sim.urls["gateio.spot"]["ws"]
        named = exchanges.account_config(ws_url="ws://127.0.0.1:1/ws/v4/", alternate_ws_url=url)
        config = Config({}, accounts={"gateio.spot": {"main": named}})
        async with tree(exchanges, config) as running:
            account = running.accounts["gateio.spot/main"]
            await account.wait_live(10)
            assert account.account.store.address == f"127.0.0.1:{exchanges.sim.port}"
