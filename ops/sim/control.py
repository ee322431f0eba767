"""The control paths, ``/_sim/...``: the truth, what was sent, switches and faults."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from feedtree.exchanges.symbols import Symbol
from feedtree.ops.http import Request, Response, json_response
from feedtree.ops.sim.account_control import AccountControl, UnknownAccount
from feedtree.ops.sim.faults import KINDS as FAULTS
from feedtree.ops.sim.faults import Fault, UnknownFault, inflict
from feedtree.ops.sim.markets import spell
from feedtree.ops.sim.switchboard import UnknownSwitch
from feedtree.ops.sim.venue import Venue

if TYPE_CHECKING:
    from feedtree.ops.sim.simulation import Simulation

PREFIX = "/_sim"


class Mistyped(ValueError):
    """A control request names what there is not."""


class Control:
    """Answers the control paths.

    Args:
        simulation: what it looks into and turns.
    """

    def __init__(self, simulation: "Simulation") -> None:
        self._simulation = simulation
        self._calls: dict[str, Callable[[Mapping[str, str]], object]] = {
            "/book": self._book,
            "/trades": self._trades,
            "/log": self._log,
            "/symbols": self._symbols,
            "/stats": self._stats,
            "/switch": self._switch,
            "/fault": self._fault,
            "/rate": self._rate,
            **AccountControl(self._chosen).calls,
        }

    def answer(self, request: Request) -> Response:
        """Answer a control request; 400 names a mistake, 404 a book or path that there is not."""
        call = self._calls.get(request.path.removeprefix(PREFIX))
        if call is None:
            return _problem(404, f"there are {', '.join(PREFIX + path for path in self._calls)}")
        try:
            content = call(request.query)
        except (Mistyped, UnknownSwitch, UnknownFault, UnknownAccount) as error:
            return _problem(400, str(error))
        return json_response(content) if content is not None else _problem(404, "no such book (any more)")

    def _book(self, query: Mapping[str, str]) -> object:
        venue, number = self._venue(query), query.get("id")
        if number is not None and not (number.isdecimal() and len(number) < 20):
            raise Mistyped(f"id = {number!r} is not a number")
        symbol = _symbol(query.get("symbol", ""))
        return venue.truth(symbol, int(number) if number else None)

    def _trades(self, query: Mapping[str, str]) -> object:
        venue = self._venue(query)
        market = venue.market_of(_symbol(query.get("symbol", "")))
        if market is None:
            raise Mistyped(f"{venue.name} does not list {query['symbol']}")
        tape = market.tape
        found = tape.since(int(_number(query, "after", tape.total)))
        rows = [[venue.trade_id(trade), trade.fill.at_ns] for trade in found]
        return {"total": tape.total, "trades": rows}

    def _log(self, query: Mapping[str, str]) -> object:
        return self._venue(query).journal.newest(int(_number(query, "n", 100)))

    def _symbols(self, query: Mapping[str, str]) -> object:
        return {venue.name: venue.symbols for venue in self._chosen(query)}

    def _stats(self, query: Mapping[str, str]) -> object:
        return {
            venue.name: {
                "connections": len(venue.peers),
                "streams": len(venue.streams),
                "ids": {str(market.symbol): market.book.last_id for market in venue.markets.values()},
                "trades": {str(market.symbol): market.tape.total for market in venue.markets.values()},
                "counts": dict(venue.journal.counts),
            }
            for venue in self._chosen(query)
        }

    def _switch(self, query: Mapping[str, str]) -> object:
        board = self._simulation.board
        if "name" not in query:
            return {venue.name: board.listing(venue.name) for venue in self._chosen(query)}
        if "value" not in query:
            raise Mistyped("value is missing")
        name, value = query["name"], query["value"]
        seconds = _number(query, "seconds", 0.0)
        before = {
            venue.name: self._simulation.turn(venue.name, name, value, seconds)
            for venue in self._chosen(query)
        }
        return {"name": name, "value": value, "before": before}

    def _fault(self, query: Mapping[str, str]) -> object:
        if "kind" not in query:
            return {kind: action.__doc__ for kind, action in FAULTS.items()}
        met = {}
        for venue in self._chosen(query):
            symbol = query.get("symbol")
            fault = Fault(
                query["kind"],
                seconds=_number(query, "seconds", 3.0),
                code=int(_number(query, "code", 1001, least=1000, most=4999)),
                symbol=spell(venue.name, _symbol(symbol)) if symbol else "",
                count=int(_number(query, "count", 1, most=1000)),
                account=query.get("account", ""),
            )
            met[venue.name] = inflict([venue], fault)
        return {"kind": query["kind"], "met": met}

    def _rate(self, query: Mapping[str, str]) -> object:
        self._simulation.rate = _number(query, "value", self._simulation.rate)
        return {"rate": self._simulation.rate}

    def _venue(self, query: Mapping[str, str]) -> Venue:
        venues = self._simulation.venues
        name = query.get("venue", "")
        if name not in venues:
            raise Mistyped(f"unknown venue {name!r}: there are {', '.join(venues)}")
        return venues[name]

    def _chosen(self, query: Mapping[str, str]) -> list[Venue]:
        return [self._venue(query)] if "venue" in query else list(self._simulation.venues.values())


def _problem(status: int, text: str) -> Response:
    return json_response({"error": text}, status)


def _symbol(text: str) -> Symbol:
    try:
        return Symbol.parse(text)
    except ValueError as error:
        raise Mistyped(str(error)) from error


def _number(
    query: Mapping[str, str], name: str, default: float, *, least: float = 0, most: float = 1e9
) -> float:
    try:
        value = float(query.get(name, default))
    except ValueError as error:
        raise Mistyped(f"{name} = {query[name]!r} is not a number") from error
    if not least <= value <= most:
        raise Mistyped(f"{name} = {value:g} is not between {least:g} and {most:g}")
    return value
