"""What the private domain gets of MEXC, and the listing that its symbols are read by."""

from typing import Any

import pytest

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.instruments import Listing
from feedtree.exchanges.mexc.listen_keys import MexcListenKeys
from feedtree.exchanges.mexc.listing import listing
from feedtree.exchanges.mexc.private_venue import MEXC_SPOT_PRIVATE
from feedtree.exchanges.mexc.private_websocket import MexcPrivateSpotWebsocket
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol


async def test_every_listed_symbol_is_learned(rest_server: Any, answer: Any, autojump_clock: Any) -> None:
    """Halted ones, too, for an order may rest there; an odd row costs only itself."""
    rest_server.answer = lambda target: answer(
        b'{"timezone":"CST","symbols":[{"symbol":"BTCUSDT","status":"1","baseAsset":"BTC","quoteAsset":"USDT"},'
        b'{"symbol":"X","baseAsset":5},7,{"symbol":"OLDUSDC","status":"3","baseAsset":"OLD","quoteAsset":"USDC"}]}'
    )
    client = RestClient("http://venue", rest_server.network)
    async with rest_server.serving():
        found = await listing(client)
        rest_server.answer = lambda target: answer(b"[]")
        with pytest.raises(RestFailed):
            await listing(client)
        await client.aclose()
    assert rest_server.targets[0] == "/api/v3/exchangeInfo"
    assert found == Listing((Symbol("BTC", "USDT"), Symbol("OLD", "USDC")), ())


def test_the_venue_is_put_together() -> None:
    """Asked by symbol, for a month at most; a listen key says whose account it is."""
    assert MexcPrivateSpotWebsocket.VENUE is MEXC_SPOT_PRIVATE
    assert MEXC_SPOT_PRIVATE.name == MEXC_SPOT_PRIVATE.endpoint.name == "mexc.spot"
    assert not MEXC_SPOT_PRIVATE.history.account_wide
    assert MEXC_SPOT_PRIVATE.lease is MexcListenKeys
