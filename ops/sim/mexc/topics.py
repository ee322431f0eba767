"""What MEXC's topics mean, and which of them it serves."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from feedtree.ops.sim.market import Market
from feedtree.ops.sim.mexc.books import LIMIT_LEVELS, PERIODS, AggreDepthStream, LimitDepthStream
from feedtree.ops.sim.mexc.streams import (
    INTERVALS_S,
    ZONES,
    BookTickerBatchStream,
    BookTickerStream,
    DealStream,
    KlineStream,
    MiniTickerStream,
)
from feedtree.ops.sim.streams import Stream

if TYPE_CHECKING:
    from feedtree.ops.sim.mexc.venue import MexcVenue

Make = Callable[[], Stream]
_SUFFIX = ".v3.api.pb"


def maker(topic: str, venue: "MexcVenue") -> Make | None:
    """Return what makes a topic's stream; None where MEXC refuses it.

    Refused are unknown symbols (and lower case), retired channels, and levels, speeds, intervals or zones that
    there are not; MEXC answers all of them alike.
    """
    head, *parameters = topic.split("@")
    if head != "spot" or not parameters:
        return None
    channel, *parameters = parameters
    if not channel.startswith("public.") or not channel.endswith(_SUFFIX):
        return None
    reader = _READERS.get(channel.removeprefix("public.").removesuffix(_SUFFIX))
    return reader(topic, f"spot@{channel}", parameters, venue) if reader else None


def symbol_of(topic: str) -> str:
    """Return the symbol that a topic names, empty where it names none."""
    return next((part for part in topic.split("@")[2:] if part.isalnum() and part not in PERIODS), "")


def _aggre(parameters: list[str], venue: "MexcVenue") -> tuple[str, Market] | None:
    if len(parameters) != 2 or parameters[0] not in PERIODS:
        return None
    market = venue.market(parameters[1])
    return (parameters[0], market) if market else None


def _depth(topic: str, event: str, parameters: list[str], venue: "MexcVenue") -> Make | None:
    if (found := _aggre(parameters, venue)) is None:
        return None
    speed, market = found
    return lambda: AggreDepthStream(topic, f"{event}@{speed}", speed, market, venue.switches, venue.rng)


def _deals(topic: str, event: str, parameters: list[str], venue: "MexcVenue") -> Make | None:
    if (found := _aggre(parameters, venue)) is None:
        return None
    speed, market = found
    return lambda: DealStream(topic, f"{event}@{speed}", speed, market, venue.switches)


def _ticker(topic: str, _: str, parameters: list[str], venue: "MexcVenue") -> Make | None:
    if (found := _aggre(parameters, venue)) is None:
        return None
    speed, market = found
    return lambda: BookTickerStream(topic, speed, market, venue.switches, venue.rng)


def _symbol_and(parameters: list[str], allowed: object, venue: "MexcVenue") -> tuple[Market, str] | None:
    if len(parameters) != 2 or not isinstance(allowed, tuple | dict) or parameters[1] not in allowed:
        return None
    market = venue.market(parameters[0])
    return (market, parameters[1]) if market else None


def _limit(topic: str, event: str, parameters: list[str], venue: "MexcVenue") -> Make | None:
    if (found := _symbol_and(parameters, tuple(map(str, LIMIT_LEVELS)), venue)) is None:
        return None
    market, levels = found
    return lambda: LimitDepthStream(topic, event, int(levels), market, venue.switches, venue.rng)


def _kline(topic: str, _: str, parameters: list[str], venue: "MexcVenue") -> Make | None:
    if (found := _symbol_and(parameters, INTERVALS_S, venue)) is None:
        return None
    market, interval = found
    return lambda: KlineStream(topic, interval, market)


def _mini(topic: str, _: str, parameters: list[str], venue: "MexcVenue") -> Make | None:
    if (found := _symbol_and(parameters, ZONES, venue)) is None:
        return None
    return lambda: MiniTickerStream(topic, found[0])


def _minis(topic: str, _: str, parameters: list[str], venue: "MexcVenue") -> Make | None:
    if len(parameters) != 1 or parameters[0] not in ZONES:
        return None
    return lambda: MiniTickerStream(topic, venue.markets.values)


def _batch(topic: str, _: str, parameters: list[str], venue: "MexcVenue") -> Make | None:
    market = venue.market(parameters[0]) if len(parameters) == 1 else None
    return (lambda: BookTickerBatchStream(topic, market, venue.switches, venue.rng)) if market else None


_READERS: dict[str, Callable[[str, str, list[str], "MexcVenue"], Make | None]] = {
    "aggre.depth": _depth,
    "aggre.deals": _deals,
    "aggre.bookTicker": _ticker,
    "limit.depth": _limit,
    "kline": _kline,
    "miniTicker": _mini,
    "miniTickers": _minis,
    "bookTicker.batch": _batch,
}
