"""What Gate.io spot lists, and in which steps it is traded."""

from decimal import Decimal

import msgspec
from msgspec import Struct

from feedtree.exchanges.errors import RestFailed
from feedtree.exchanges.gateio.refusals import explain
from feedtree.exchanges.instruments import Instrument, InstrumentStatus, Listing, read_instruments
from feedtree.exchanges.rest import RestClient
from feedtree.exchanges.symbols import Symbol

_PAIRS = "/spot/currency_pairs"
_STATUS = {
    "tradable": InstrumentStatus.TRADING,
    "buyable": InstrumentStatus.BUY_ONLY,
    "sellable": InstrumentStatus.SELL_ONLY,
}


class PairRow(Struct):
    """A row of ``GET /spot/currency_pairs``; minimums are absent for some pairs."""

    id: str
    base: str
    quote: str
    precision: int
    amount_precision: int
    trade_status: str = ""
    min_base_amount: Decimal | None = None
    min_quote_amount: Decimal | None = None


async def instruments(rest: RestClient) -> list[Instrument]:
    """Fetch everything that the venue lists, in its order.

    Raises:
        RestFailed: the venue does not answer, or not with a listing.
        VenueThrottled: it asks for a pause.
    """
    rows = await rest.fetch(_PAIRS, {}, list[msgspec.Raw], explain=explain)
    found = list(read_instruments(rows, PairRow, _instrument))
    if rows and not found:
        raise RestFailed(_PAIRS, "none of its rows decodes")
    return found


async def listing(rest: RestClient) -> Listing:
    """Fetch the same, and the symbols; errors as `instruments`."""
    found = await instruments(rest)
    return Listing(tuple(each.symbol for each in found), tuple(found))


def _instrument(row: PairRow) -> Instrument:
    return Instrument(
        symbol=Symbol(row.base, row.quote),
        wire_name=row.id,
        status=_STATUS.get(row.trade_status, InstrumentStatus.HALTED),
        price_step=Decimal(1).scaleb(-row.precision),
        size_step=Decimal(1).scaleb(-row.amount_precision),
        min_size=row.min_base_amount,
        min_notional=row.min_quote_amount,
    )
