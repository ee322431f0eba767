"""MEXC spot's REST calls, against a server that speaks recorded bodies."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio

from feedtree.exchanges.errors import RestFailed, VenueThrottled
from feedtree.exchanges.instruments import Instrument, InstrumentStatus
from feedtree.exchanges.mexc.refusals import explain
from feedtree.exchanges.mexc.spot_rest import MexcSpotRest
from feedtree.exchanges.mexc.venue import MEXC_SPOT
from feedtree.exchanges.public.channels import Book
from feedtree.exchanges.public.codec import WireTopic
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol, SymbolMap
from feedtree.exchanges.wire.memory import MemoryNetwork
from feedtree.exchanges.wire.transport import Listener, Transport

BODIES = json.loads((Path(__file__).parents[2] / "data/mexc/rest_bodies.json").read_text())
RECORDED = {name.split()[1]: body for name, body in BODIES.items()}


class Server:
    """Answers every request with one status and body, and keeps what was asked for."""

    def __init__(self) -> None:
        self.status = "200 OK"
        self.headers = ""
        self.body = b"{}"
        self.targets: list[str] = []

    def says(self, body: Any) -> None:
        self.body = json.dumps(body).encode()

    async def serve(self, listener: Listener) -> None:
        async with trio.open_nursery() as nursery:
            while True:
                nursery.start_soon(self._answer, await listener.accept())

    async def _answer(self, transport: Transport) -> None:
        request = b""
        while (data := transport.receive_nowait()) != b"":
            if data is None:
                await transport.wait_readable()
                continue
            request += data
            if request.endswith(b"\r\n\r\n"):
                self.targets.append(request.split()[1].decode())
                head = f"HTTP/1.1 {self.status}\r\n{self.headers}Content-Length: {len(self.body)}\r\n\r\n"
                await transport.send_all(head.encode() + self.body)
                request = b""


@pytest.fixture
def server() -> Server:
    return Server()


@asynccontextmanager
async def calling(server: Server, symbols: SymbolMap) -> AsyncIterator[MexcSpotRest]:
    network = MemoryNetwork()
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            listener = await network.listen("mexc", 80)
            nursery.start_soon(server.serve, listener)
            client = RestClient("http://mexc:80", network)
            yield MexcSpotRest(client, symbols)
            await client.aclose()
            nursery.cancel_scope.cancel()


async def test_a_book_is_asked_for_as_deep_as_it_goes(
    server: Server, symbols: SymbolMap, wire: Callable[..., WireTopic]
) -> None:
    """5,000 levels; numbered as the pushes are; its time is sent, though not documented."""
    server.says(RECORDED["/api/v3/depth"])
    async with calling(server, symbols) as rest:
        book = await rest.book(wire(Book()))
    assert server.targets == ["/api/v3/depth?symbol=BTCUSDT&limit=5000"]
    assert (book.sequence, book.venue_ns) == (20453289489, 1704908526228_000_000)
    assert (book.bids, book.asks) == ([(45995.47, 10.337165)], [(45995.48, 13.457322)])


async def test_a_book_without_a_time_is_a_book(
    server: Server, symbols: SymbolMap, wire: Callable[..., WireTopic]
) -> None:
    """What is not documented may go away."""
    server.says({"lastUpdateId": 5, "bids": [], "asks": []})
    async with calling(server, symbols) as rest:
        assert (await rest.book(wire(Book()))).venue_ns is None


async def test_a_recorded_instrument_is_read(server: Server, symbols: SymbolMap) -> None:
    """Decimals are steps; a least quantity of 0 is none."""
    server.says(RECORDED["/api/v3/exchangeInfo"])
    async with calling(server, symbols) as rest:
        assert await rest.instruments() == [
            Instrument(
                symbol=Symbol("BROCK", "USDT"),
                wire_name="BROCKUSDT",
                status=InstrumentStatus.TRADING,
                price_step=Decimal("0.00001"),
                size_step=Decimal("0.01"),
                min_size=None,
                min_notional=Decimal(1),
            )
        ]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "ENABLED", "tradeSideType": "1"}, InstrumentStatus.TRADING),
        ({"status": 1, "tradeSideType": None}, InstrumentStatus.TRADING),
        ({"tradeSideType": 2}, InstrumentStatus.BUY_ONLY),
        ({"tradeSideType": "3"}, InstrumentStatus.SELL_ONLY),
        ({"tradeSideType": 4}, InstrumentStatus.HALTED),
        ({"status": "2"}, InstrumentStatus.HALTED),
        ({"status": "3"}, InstrumentStatus.HALTED),
        ({"isSpotTradingAllowed": False}, InstrumentStatus.HALTED),
    ],
)
async def test_a_status_is_read_from_three_fields(
    server: Server, symbols: SymbolMap, fields: dict[str, Any], status: InstrumentStatus
) -> None:
    """Online, open to the API, and for which side."""
    (row,) = RECORDED["/api/v3/exchangeInfo"]["symbols"]
    server.says({"symbols": [row | fields]})
    async with calling(server, symbols) as rest:
        (instrument,) = await rest.instruments()
    assert instrument.status is status


@pytest.mark.parametrize(
    "odd", [{}, 5, {"quotePrecision": 10**12}, {"quotePrecision": None}, {"baseSizePrecision": "x"}]
)
async def test_an_odd_row_costs_only_itself(server: Server, symbols: SymbolMap, odd: Any) -> None:
    """There are two thousand others."""
    (row,) = RECORDED["/api/v3/exchangeInfo"]["symbols"]
    broken = row | odd if odd and isinstance(odd, dict) else odd
    server.says({"symbols": [broken, row]})
    async with calling(server, symbols) as rest:
        (instrument,) = await rest.instruments()
        assert instrument.wire_name == "BROCKUSDT"
        server.says({"symbols": [broken]})
        with pytest.raises(RestFailed, match="none of its rows"):
            await rest.instruments()


async def test_the_clock_is_in_nanoseconds_and_a_ping_returns(server: Server, symbols: SymbolMap) -> None:
    """In steps of a millisecond."""
    async with calling(server, symbols) as rest:
        await rest.ping()
        server.says(RECORDED["/api/v3/time"])
        assert await rest.time_ns() == 1790145267773_000_000
    assert server.targets == ["/api/v3/ping", "/api/v3/time"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"lastUpdateId":null}', b'{"x":' + b"[" * 100_000])
async def test_a_body_that_is_none_fails_as_a_call(
    server: Server, symbols: SymbolMap, wire: Callable[..., WireTopic], body: bytes
) -> None:
    """A gateway's page with status 200 is no book."""
    server.body = body
    async with calling(server, symbols) as rest:
        with pytest.raises(RestFailed, match="does not decode"):
            await rest.book(wire(Book()))


async def test_a_refusal_carries_the_venues_code_and_text(
    server: Server, symbols: SymbolMap, wire: Callable[..., WireTopic]
) -> None:
    """Market-data errors have HTTP status 400 and a body of code and text."""
    server.status = "400 Bad Request"
    server.says({"msg": "Invalid symbol.", "code": -1121, "_extend": None})
    async with calling(server, symbols) as rest:
        with pytest.raises(RestFailed, match=r"-1121 Invalid symbol\.") as refusal:
            await rest.book(wire(Book()))
    assert (refusal.value.status, refusal.value.code) == (400, "-1121")


async def test_too_many_calls_pause_the_venue(
    server: Server, symbols: SymbolMap, wire: Callable[..., WireTopic]
) -> None:
    """`Retry-After` says for how long."""
    server.status, server.headers = "429 Too Many Requests", "Retry-After: 7\r\n"
    async with calling(server, symbols) as rest:
        with pytest.raises(VenueThrottled) as refusal:
            await rest.book(wire(Book()))
    assert refusal.value.retry_after == 7.0


def test_a_refusal_of_odd_form_explains_nothing() -> None:
    """The call's own message shows the body then."""
    assert explain(b"<html>") == explain(b"{}") == ("", "")
    assert explain(b'{"x":' + b"[" * 100_000) == ("", "")


def test_the_venue_is_put_together() -> None:
    """What the public domain gets of MEXC spot."""
    assert MEXC_SPOT.name == MEXC_SPOT.endpoint.name == "mexc.spot"
    assert MEXC_SPOT.spell(Symbol("BTC", "USDT")) == "BTCUSDT"
    assert MEXC_SPOT.endpoint.topics_per_connection == 30
    assert MEXC_SPOT.rest is MexcSpotRest
