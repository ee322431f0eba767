"""Instruments, books and the clock, as the venue's REST interface gives them."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.gateio.spot_rest import GateioSpotRest, explain
from feedtree.exchanges.gateio.venue import GATEIO_SPOT
from feedtree.exchanges.instruments import Instrument, InstrumentStatus
from feedtree.exchanges.public.codec import RawBook, WireTopic
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol, SymbolMap

Wanted = Callable[..., WireTopic]
BASE = "http://venue/api/v4"


@pytest.fixture
def rest(rest_server: Any, symbols: SymbolMap) -> GateioSpotRest:
    """The venue's REST side against the server in memory."""
    return GateioSpotRest(RestClient(BASE, rest_server.network), symbols)


def recorded_books(data: Path) -> dict[str, bytes]:
    lines = (data / "cryptofeed-GATEIO.http.0.0").read_text(encoding="utf-8").splitlines()
    found = {}
    for line in lines:
        url, arrow, rest = line.partition(" -> ")
        pair = re.search(r"currency_pair=([A-Z0-9_]+)", url)
        if arrow and pair:
            found[pair[1]] = rest.partition(": ")[2].encode()
    return found


async def test_a_book_has_as_many_levels_as_its_pushes_keep_true(
    rest_server: Any, answer: Any, rest: GateioSpotRest, wanted: Wanted, data: Path, autojump_clock: Any
) -> None:
    """The limit equals the channel's window, and the id is asked for: the recorded request and book."""
    bodies = recorded_books(data)
    rest_server.answer = lambda target: answer(bodies["HAI_ETH"])
    async with rest_server.serving():
        book = await rest.book(wanted("HAI/ETH", "book", choice=1))
        await rest.book(wanted("HAI/ETH", "book:20ms", choice=1))
    raw = json.loads(bodies["HAI_ETH"])
    assert rest_server.targets == [
        "/api/v4/spot/order_book?currency_pair=HAI_ETH&limit=100&with_id=true",
        "/api/v4/spot/order_book?currency_pair=HAI_ETH&limit=20&with_id=true",
    ]
    assert book == RawBook(
        raw["id"],
        None,
        [(float(price), float(size)) for price, size in raw["bids"]],
        [(float(price), float(size)) for price, size in raw["asks"]],
    )
    assert len(bodies) == 10


async def test_a_book_tells_its_time_where_the_venue_does(
    rest_server: Any, answer: Any, rest: GateioSpotRest, wanted: Wanted, autojump_clock: Any
) -> None:
    """The update is the engine's time; an empty side is an empty list."""
    body = b'{"id":123456,"current":1623898993123,"update":1623898993121,"asks":[["1.52","1.151"]],"bids":[]}'
    rest_server.answer = lambda target: answer(body)
    async with rest_server.serving():
        book = await rest.book(wanted("BTC/USDT", "book", choice=1))
    assert book == RawBook(123456, 1_623_898_993_121_000_000, [], [(1.52, 1.151)])


async def test_instruments_are_listed_with_their_steps(
    rest_server: Any, answer: Any, rest: GateioSpotRest, data: Path, autojump_clock: Any
) -> None:
    """The recorded list: every row, minimums absent or not, every status."""
    body = (data / "currency_pairs-2021.json").read_bytes()
    rest_server.answer = lambda target: answer(body)
    async with rest_server.serving():
        listed = await rest.instruments()
    rows = json.loads(body)
    assert [instrument.wire_name for instrument in listed] == [row["id"] for row in rows]
    by_name = {instrument.wire_name: instrument for instrument in listed}
    row = next(row for row in rows if row["id"] == "BTC_USDT")
    assert by_name["BTC_USDT"] == Instrument(
        Symbol("BTC", "USDT"),
        "BTC_USDT",
        InstrumentStatus.TRADING,
        Decimal(10) ** -row["precision"],
        Decimal(10) ** -row["amount_precision"],
        Decimal(row["min_base_amount"]),
        Decimal(row["min_quote_amount"]),
    )
    assert by_name["ILV_ETH"].status is InstrumentStatus.SELL_ONLY
    assert by_name["ETH_SGD"].status is InstrumentStatus.HALTED
    assert by_name["IHT_ETH"].min_size is None


async def test_a_row_that_does_not_decode_is_left_out(
    rest_server: Any, answer: Any, rest: GateioSpotRest, data: Path, autojump_clock: Any
) -> None:
    """One odd instrument costs the others nothing; a list without any good one is a failure."""
    good, *_ = json.loads((data / "currency_pairs-2021.json").read_bytes())
    odd = [{"id": "X_Y"}, good | {"precision": None}, good | {"precision": 10**9}, 7]
    bodies = iter([[*odd, good | {"trade_status": "new"}], odd, []])
    rest_server.answer = lambda target: answer(json.dumps(next(bodies)).encode())
    async with rest_server.serving():
        (listed,) = await rest.instruments()
        assert listed.status is InstrumentStatus.HALTED
        with pytest.raises(RestFailed, match="none of its rows decodes"):
            await rest.instruments()
        assert await rest.instruments() == []


async def test_the_clock_is_read_in_nanoseconds(
    rest_server: Any, answer: Any, rest: GateioSpotRest, autojump_clock: Any
) -> None:
    """A ping is a look at the clock."""
    rest_server.answer = lambda target: answer(b'{"server_time":1597026383085}')
    async with rest_server.serving():
        assert await rest.time_ns() == 1_597_026_383_085_000_000
        await rest.ping()
    assert rest_server.targets == ["/api/v4/spot/time"] * 2


async def test_refusals_carry_the_venues_label(
    rest_server: Any, answer: Any, rest: GateioSpotRest, wanted: Wanted, autojump_clock: Any
) -> None:
    """An unknown pair, a full rate limit, and a body that is no book."""
    said = iter(
        [
            answer(b'{"label":"INVALID_CURRENCY_PAIR","message":"Invalid currency pair"}', 400),
            answer(b'{"label":"TOO_MANY_REQUESTS","message":"slow"}', 429),
            answer(b"<html>"),
        ]
    )
    rest_server.answer = lambda target: next(said)
    topic = wanted("BTC/USDT", "book", choice=1)
    async with rest_server.serving():
        with pytest.raises(RestFailed, match="INVALID_CURRENCY_PAIR Invalid currency pair") as refused:
            await rest.book(topic)
        with pytest.raises(VenueThrottled, match="TOO_MANY_REQUESTS"):
            await rest.book(topic)
        with pytest.raises(RestFailed, match="does not decode"):
            await rest.book(topic)
    assert (refused.value.status, refused.value.code) == (400, "INVALID_CURRENCY_PAIR")


@pytest.mark.parametrize(
    ("body", "explained"),
    [
        (b'{"label":"A","message":"b"}', ("A", "b")),
        (b'{"label":"CONTRACT_NOT_FOUND"}', ("CONTRACT_NOT_FOUND", "")),
        (b'{"label":"A","detail":"d"}', ("A", "d")),
        (b"<html>", ("", "")),
        (b"[", ("", "")),
        (b"\xff", ("", "")),
    ],
)
def test_error_bodies_are_read_in_every_form(body: bytes, explained: tuple[str, str]) -> None:
    """Label and message, message missing, detail instead, or no JSON at all."""
    assert explain(body) == explained


def test_the_venue_is_described_whole(symbols: SymbolMap, rest_server: Any) -> None:
    """Everything that the public domain asks of a venue is there."""
    assert GATEIO_SPOT.name == GATEIO_SPOT.endpoint.name == "gateio.spot"
    assert GATEIO_SPOT.endpoint.ws_url == "wss://api.gateio.ws/ws/v4/"
    assert GATEIO_SPOT.spell(Symbol("BTC", "USDT")) == "BTC_USDT"
    assert GATEIO_SPOT.codec(symbols).ping(1.0)
    assert GATEIO_SPOT.rest(RestClient(BASE, rest_server.network), symbols)
