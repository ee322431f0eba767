"""Gate.io's trades by REST: the same as its pushes tell, page by page."""

from typing import Any

import pytest

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.gateio.spot_trades import GateioSpotTrades
from feedtree.exchanges.public.channels import Topic, Trades
from feedtree.exchanges.public.messages import Trade
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import Symbol, SymbolMap

TOPIC = Topic("gateio.spot", Symbol("ETH", "BTC"), Trades())
# The sample of the venue's documentation, and a second row that is newer.
BODY = b"""[
  {"id":"1232893232","create_time":"1548000000","create_time_ms":"1548000000123.456","currency_pair":"ETH_BTC",
   "order_id":"4128442423","side":"buy","role":"maker","amount":"0.15","price":"0.03","fee":"0.0005",
   "fee_currency":"ETH","point_fee":"0","gt_fee":"0","sequence_id":"588018","text":"t-test"},
  {"id":"1232893233","create_time":"1548000001","create_time_ms":"1548000001000","currency_pair":"ETH_BTC",
   "side":"sell","amount":"2","price":"0.031"}
]"""


@pytest.fixture
def past(rest_server: Any, symbols: SymbolMap) -> GateioSpotTrades:
    return GateioSpotTrades(RestClient("http://venue/api/v4", rest_server.network), symbols)


async def test_a_page_is_newest_first_and_marked_as_recovered(
    rest_server: Any, answer: Any, past: GateioSpotTrades, autojump_clock: Any
) -> None:
    """Whatever the order of the rows; times in nanoseconds, ids as the pushes have them."""
    rest_server.answer = lambda target: answer(BODY)
    async with rest_server.serving():
        trades = await past.trades(TOPIC, None, 7)
        await past.trades(TOPIC, 1232893233, 7)
    newer = Trade(
        TOPIC, 1_548_000_001_000_000_000, None, 7, "1232893233", Side.SELL, 0.031, 2.0, recovered=True
    )
    older = Trade(
        TOPIC, 1_548_000_000_123_456_000, None, 7, "1232893232", Side.BUY, 0.03, 0.15, recovered=True
    )
    assert trades == [newer, older]
    assert rest_server.targets == [
        "/api/v4/spot/trades?currency_pair=ETH_BTC&limit=1000",
        "/api/v4/spot/trades?currency_pair=ETH_BTC&limit=1000&last_id=1232893233&reverse=true",
    ]


@pytest.mark.parametrize("body", [b"{}", b'[{"id":"1"}]', BODY.replace(b'"sell"', b'"short"')])
async def test_rows_of_another_form_are_a_failed_call(
    rest_server: Any, answer: Any, past: GateioSpotTrades, body: bytes, autojump_clock: Any
) -> None:
    """Nothing is guessed."""
    rest_server.answer = lambda target: answer(body)
    async with rest_server.serving():
        with pytest.raises(RestFailed, match="/spot/trades"):
            await past.trades(TOPIC, None, 7)
