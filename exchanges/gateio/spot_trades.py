"""Gate.io spot's trades by REST: pages that go back by id, so that missed ones can be told afterwards."""

from typing import Literal

from msgspec import Struct

from feedtree.exchanges.gateio.refusals import explain
from feedtree.exchanges.public.channels import Topic
from feedtree.exchanges.public.messages import Trade
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.side import Side
from feedtree.exchanges.symbols import SymbolMap

_TRADES = "/spot/trades"
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class TradeRow(Struct):
    """A row of ``GET /spot/trades``; its id is that of the push."""

    id: int
    side: Literal["buy", "sell"]  # the taker's
    amount: float
    price: float
    create_time_ms: float  # "1548000000123.456"


class GateioSpotTrades:
    """Missed trades of Gate.io spot.

    With ``last_id`` and ``reverse=true`` the venue gives the newest trades whose ids are below that one.

    Args:
        rest: does the calls.
        symbols: how the venue writes symbols.

    Source:
        REST page v4.105.4, "Query market transaction records".
    """

    page_size = 1_000

    def __init__(self, rest: RestClient, symbols: SymbolMap) -> None:
        self._rest = rest
        self._symbols = symbols

    async def trades(self, topic: Topic, before: int | None, received_ns: int) -> list[Trade]:
        """Fetch a page, newest first; see `TradeRest`."""
        params = {"currency_pair": self._symbols.to_wire(topic.symbol), "limit": str(self.page_size)}
        if before is not None:
            params |= {"last_id": str(before), "reverse": "true"}
        rows = await self._rest.fetch(_TRADES, params, list[TradeRow], explain=explain)
        rows.sort(key=lambda row: row.id, reverse=True)
        return [
            Trade(
                topic,
                int(row.create_time_ms * 1000.0 + 0.5) * 1000,
                None,
                received_ns,
                str(row.id),
                _SIDES[row.side],
                row.price,
                row.amount,
                recovered=True,
            )
            for row in rows
        ]
