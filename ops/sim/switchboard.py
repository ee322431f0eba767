"""Turning the switches of a simulation by name, and listing them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from feedtree.ops.config_rules import guess
from feedtree.ops.sim.markets import GATEIO, MEXC
from feedtree.ops.sim.switches import GateioSwitches, MexcSwitches, VenueSwitches

KINDS: Mapping[str, type[VenueSwitches]] = {GATEIO: GateioSwitches, MEXC: MexcSwitches}


class UnknownSwitch(ValueError):
    """No such switch, or not such a value; the message says what there is."""


class SwitchBoard:
    """The switches of all venues of one simulation.

    Attributes:
        gateio: those of gateio.spot.
        mexc: those of mexc.spot.
    """

    def __init__(self, settings: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self.gateio = GateioSwitches()
        self.mexc = MexcSwitches()
        for venue, values in (settings or {}).items():
            for name, value in values.items():
                self.set(venue, name, value)

    def of(self, venue: str) -> VenueSwitches:
        """Return a venue's switches.

        Raises:
            UnknownSwitch: no such venue.
        """
        if venue == GATEIO:
            return self.gateio
        if venue == MEXC:
            return self.mexc
        raise UnknownSwitch(f"unknown venue {venue!r}: there are {', '.join(KINDS)}")

    def set(self, venue: str, name: str, value: object) -> object:
        """Turn a switch, and return where it stood before.

        Args:
            venue: whose.
            name: a field of its switches.
            value: of the field's type, or its text.

        Raises:
            UnknownSwitch: no such venue or switch, or not such a value.
        """
        switches = self.of(venue)
        names = switches.__struct_fields__
        if name not in names:
            raise UnknownSwitch(f"unknown switch {name!r}{guess(name, names)}: there are {', '.join(names)}")
        try:
            checked = msgspec.convert({name: value}, type(switches), strict=False)
        except msgspec.ValidationError as error:
            raise UnknownSwitch(f"{name} = {value!r}: {_in_words(error, type(switches), name)}") from error
        before: object = getattr(switches, name)
        setattr(switches, name, getattr(checked, name))
        return before

    def listing(self, venue: str) -> list[dict[str, Any]]:
        """Return a venue's switches with value, default, what is allowed, and what they do."""
        switches = self.of(venue)
        schema = _schema(type(switches))
        return [_described(switches, name, schema[name]) for name in switches.__struct_fields__]


def _in_words(error: msgspec.ValidationError, kind: type[VenueSwitches], name: str) -> str:
    """Return what is wrong with a value; of words also which there are, which the error does not say."""
    words = _schema(kind)[name].get("enum")
    return f"allowed: {', '.join(map(str, words))}" if words else str(error)


def _schema(kind: type[VenueSwitches]) -> dict[str, dict[str, Any]]:
    schema: dict[str, dict[str, Any]] = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    return schema


def _described(switches: VenueSwitches, name: str, schema: dict[str, Any]) -> dict[str, Any]:
    allowed = schema.get("enum") or {
        key: schema[key] for key in ("type", "minimum", "maximum") if key in schema
    }
    return {
        "name": name,
        "value": getattr(switches, name),
        "default": schema.get("default"),
        "allowed": allowed,
        "what": schema.get("description", ""),
    }
