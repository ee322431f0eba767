"""All faults there are, read from where they are made: the proxy's, the names', and the simulated exchanges' own.

Faults of messages are switches and faults of the simulated exchanges; nothing of them is written a second time here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeAlias

from msgspec import Struct

from feedtree.ops.chaos.fault import Fault
from feedtree.ops.chaos.kinds import PROXY_FAULTS
from feedtree.ops.chaos.names import NAME_FAULTS
from feedtree.ops.chaos.script import Timing
from feedtree.ops.chaos.spelling import allowed, schema_of
from feedtree.ops.sim import faults as simulated
from feedtree.ops.sim.switchboard import KINDS as SWITCHES
from feedtree.ops.sim.switchboard import SwitchBoard

Schema: TypeAlias = Mapping[str, Any]

PLACES = {
    "proxy": "connections, broken by the proxy: feedtree chaos proxy --fault NAME[:key=value,...]",
    "names": "names, for clients in the same process: feedtree.ops.chaos.names",
    "exchange": "what breaks now at a simulated exchange: POST /_sim/fault?kind=NAME&venue=...&key=value",
    "switch": "how a simulated exchange behaves: feedtree sim --switch VENUE:NAME=VALUE, or /_sim/switch",
}


class ParameterEntry(Struct, frozen=True):
    """One parameter: what it may be, in words, and what it is where nothing is said."""

    name: str
    allowed: str
    default: object
    what: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.name}={_plain(self.default)}{' ' + self.unit if self.unit else ''}"


class Entry(Struct, frozen=True):
    """One fault.

    Args:
        name: as it is typed.
        place: where it is broken, a key of `PLACES`.
        what: a line of what it does.
        parameters: its own.
        on: the connections that it meets unless something else is said; empty where that has no meaning.
        venues: the simulated venues that have it; empty where that has no meaning.
    """

    name: str
    place: str
    what: str
    parameters: tuple[ParameterEntry, ...] = ()
    on: str = ""
    venues: tuple[str, ...] = ()


def catalogue() -> list[Entry]:
    """Return all faults, in the order of `PLACES`."""
    return [
        *_kinds("proxy", PROXY_FAULTS),
        *_kinds("names", NAME_FAULTS),
        *_faults_of_exchanges(),
        *_switches(),
    ]


def timing() -> tuple[ParameterEntry, ...]:
    """Return what can be said of every fault of connections."""
    return tuple(_parameter(name, schema) for name, schema in schema_of(Timing).items())


def _kinds(place: str, kinds: Mapping[str, type[Fault]]) -> Iterator[Entry]:
    for name, kind in kinds.items():
        parameters = tuple(_parameter(key, schema) for key, schema in schema_of(kind).items())
        yield Entry(name, place, _line(kind.__doc__), parameters, on=kind.on if place == "proxy" else "")


def _faults_of_exchanges() -> Iterator[Entry]:
    known = {field.name: field for field in fields(simulated.Fault)}
    for name, action in simulated.KINDS.items():
        what = _line(action.__doc__)
        used = [known[word] for word in re.findall(r"`(\w+)`", what) if word in known]
        parameters = tuple(
            ParameterEntry(field.name, _word(field.default), field.default, _meaning(field.name))
            for field in used
            if field.default is not MISSING
        )
        yield Entry(name, "exchange", what.replace("`", ""), parameters)


def _switches() -> Iterator[Entry]:
    board = SwitchBoard()
    found: dict[tuple[str, str], tuple[dict[str, Any], list[str]]] = {}
    for venue in SWITCHES:
        for switch in board.listing(venue):
            key = switch["name"], str(switch["default"])
            found.setdefault(key, (switch, []))[1].append(venue)
    for switch, venues in found.values():
        schema = switch["allowed"] if isinstance(switch["allowed"], dict) else {"enum": switch["allowed"]}
        value = ParameterEntry("VALUE", allowed(schema), switch["default"], "")
        yield Entry(switch["name"], "switch", switch["what"], (value,), venues=tuple(venues))


def _parameter(name: str, schema: Schema) -> ParameterEntry:
    return ParameterEntry(
        name, allowed(schema), schema["default"], schema["description"], schema.get("unit", "")
    )


def _meaning(name: str) -> str:
    """Return what the class of these faults says of one of its fields."""
    found = re.search(rf"^ +{name}: (.+)$", simulated.Fault.__doc__ or "", re.MULTILINE)
    return found[1].rstrip(".") if found else ""


def _word(default: object) -> str:
    words = {float: "a number", int: "a whole number"}
    return words.get(type(default), "a text")


def _line(document: str | None) -> str:
    return (document or "").strip().partition("\n")[0].removesuffix(".")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
