"""What goes wrong in one run, by seed: cuts at points, faults of the moment, and switches for a while."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Literal

from msgspec import Struct

from feedtree.ops.campaign.cuts import HOW, Point

GAP = (0.3, 1.6)  # seconds between two disturbances
LASTS = (0.5, 3.0)  # seconds for which a switch is turned
WAITS = (1.0, 4.0)  # seconds that a cut waits for its point

Make = Callable[[Random], object]


class Disturbance(Struct, frozen=True):
    """One thing that goes wrong.

    Args:
        at: seconds from the start.
        kind: a cut at a point, a fault of the moment, or a switch for a while.
        name: of the point, fault or switch.
        value: of the switch; how it is cut.
        seconds: how long; until when the point is to be reached.
        cuts: whether it cuts connections wherever they are.
    """

    at: float
    kind: Literal["cut", "fault", "switch"]
    name: str
    value: object
    seconds: float
    cuts: bool


_FAULTS = ("reset", "reset", "close", "blackhole", "refuse")
_SWITCHES: Sequence[tuple[str, Make, bool]] = (
    ("order_answers", lambda rng: "cut", True),
    ("order_answers", lambda rng: rng.choice(("withheld", "status")), False),
    ("order_hold_s", lambda rng: round(rng.uniform(0.2, 2.5), 2), False),
    ("private_delay_s", lambda rng: round(rng.uniform(0.05, 1.5), 2), False),
    ("private_skip_every", lambda rng: rng.randint(2, 5), False),
    ("private_repeat_every", lambda rng: rng.randint(1, 4), False),
    ("private_shuffle", lambda rng: True, False),
    ("private_lag_s", lambda rng: round(rng.uniform(0.2, 1.2), 2), False),
    ("private_rest_status", lambda rng: rng.choice((429, 500, 502, 503, 504)), False),
    ("rest_delay_s", lambda rng: round(rng.uniform(0.1, 1.5), 2), False),
)
AS_BEFORE: Mapping[str, object] = {
    "order_answers": "normal",
    "order_hold_s": 0.0,
    "private_delay_s": 0.0,
    "private_skip_every": 0,
    "private_repeat_every": 0,
    "private_shuffle": False,
    "private_lag_s": 0.0,
    "private_rest_status": 0,
    "rest_delay_s": 0.0,
}
"""Every switch that a script turns, and how it stands where nothing is wrong: those that were turned twice at a time
turn back to each other."""


def script(rng: Random, seconds: float, points: Sequence[Point]) -> list[Disturbance]:
    """Return what goes wrong within so many seconds, in order.

    Args:
        rng: decides.
        seconds: how long.
        points: where connections may be cut.
    """
    found: list[Disturbance] = []
    at = rng.uniform(0.0, GAP[1])
    while at < seconds:
        found.append(_one(rng, at, points))
        at += rng.uniform(*GAP)
    return found


def _one(rng: Random, at: float, points: Sequence[Point]) -> Disturbance:
    dice = rng.random()
    if dice < 0.35:
        return Disturbance(at, "cut", rng.choice(points), rng.choice(HOW), rng.uniform(*WAITS), cuts=False)
    if dice < 0.55:
        return Disturbance(at, "fault", rng.choice(_FAULTS), None, rng.uniform(0.2, 2.0), cuts=True)
    name, make, cuts = rng.choice(_SWITCHES)
    return Disturbance(at, "switch", name, make(rng), rng.uniform(*LASTS), cuts)
