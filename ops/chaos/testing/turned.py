"""Switches that are turned for a time by several at once: each goes back when the last one is over."""

from collections.abc import Mapping
from typing import Protocol


class Turn(Protocol):
    """Turns switches of a venue; see `SimulatedExchange.turn`."""

    def __call__(self, venue: str, **switches: object) -> dict[str, object]:
        """Return where they stood."""
        ...


class Turning:
    """Switches of one venue, turned for the time of one block."""

    def __init__(self, venue: str, values: Mapping[str, object]) -> None:
        self.venue = venue
        self.values = values


class Turned:
    """All that is turned.

    Args:
        turn: turns switches.
    """

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._first: dict[tuple[str, str], object] = {}  # where a switch stood before the first of its blocks
        self._at_work: list[Turning] = []  # oldest first

    def begin(self, venue: str, values: Mapping[str, object]) -> Turning:
        """Turn switches.

        Raises:
            WrongFault: there is no such venue.
            UnknownSwitch: there is no such switch, or not such a value.
        """
        for switch, value in self._turn(venue, **values).items():
            self._first.setdefault((venue, switch), value)
        turning = Turning(venue, values)
        self._at_work.append(turning)
        return turning

    def end(self, turning: Turning) -> None:
        """Turn them to where the youngest block has them that is still at work, or back."""
        self._at_work.remove(turning)
        for switch in turning.values:
            held = [
                other.values[switch]
                for other in self._at_work
                if other.venue == turning.venue and switch in other.values
            ]
            value = held[-1] if held else self._first.pop((turning.venue, switch))
            self._turn(turning.venue, **{switch: value})
