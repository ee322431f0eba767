"""When clients left their connections: a fault has no hold over one that its client has given up."""

from feedtree.ops.chaos.sightings import See, Sighting

Place = tuple[str, str]  # venue, side


class Departures:
    """The departures from all proxies of one test, as far as these can see them."""

    def __init__(self) -> None:
        self._left: dict[tuple[Place, int], float] = {}

    def of(self, place: Place) -> See:
        """Return what takes note of those from one proxy."""

        def see(sighting: Sighting) -> None:
            if sighting.what == "left":
                self._left[place, sighting.connection] = sighting.at

        return see

    def at(self, place: Place, connection: int) -> float | None:
        """Return when the client of a connection left it (trio time); None where it was not seen to."""
        return self._left.get((place, connection))
