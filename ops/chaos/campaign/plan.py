"""What goes wrong in a campaign, and when: a list that is made of a seed alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from random import Random

from msgspec import Struct

from feedtree.exchanges.public.doubt import GAP_WINDOW, GAPS_OF_ONE
from feedtree.ops.chaos.campaign.classes import CLASSES, FaultClass
from feedtree.ops.chaos.campaign.lines import Line

SPELL = 10.5  # seconds for which a line must have been live: then its earlier failures are forgotten
MARGIN = 5.0  # seconds for it to come back, in the plan; a run waits for what is
PACE = 0.6  # seconds between two faults at least, on average
RARE: Mapping[str, int] = {
    "maintenance": 1,
    "throttled": 2,
    "flapping": 2,
}  # of so many in each `RARE_IN` faults
RARE_IN = 200
LONG = 30.0  # seconds: what works for longer begins in time, so that nothing is waited for in the end
IN_TIME = 0.6  # of the plan


class Planned(Struct, frozen=True):
    """One fault.

    Args:
        number: counts from 1.
        at: seconds from the begin of the campaign, at the earliest.
        kind: the name of its class.
        line: the number of the line that is met.
        variant: which way of inflicting it.
        seconds: how long it works.
    """

    number: int
    at: float
    kind: str
    line: int
    variant: int
    seconds: float


def make_plan(
    seed: int,
    faults: int,
    lines: Sequence[Line],
    *,
    only: str = "",
    spell: float = SPELL,
    pace: float = PACE,
    seconds: Mapping[str, float] | None = None,
) -> list[Planned]:
    """Return a plan: the same arguments make the same one.

    Args:
        seed: of all choice.
        faults: how many.
        lines: that can be met.
        only: the one class that is wanted; empty is all.
        spell: seconds for which a line is to have been live.
        pace: seconds between two faults, on average.
        seconds: by class, how long it works where that is not the class's own time.
    """
    rng = Random(seed)
    kinds = _kinds(rng, faults, lines, only)
    free = {line.number: 0.0 for line in lines}
    resyncs = defaultdict[int, list[float]](list)  # when each line's first book was to be resynced
    found: list[tuple[float, FaultClass, Line, float]] = []
    at = 0.0
    for kind in kinds:
        lasts = (seconds or {}).get(kind.name, kind.seconds)
        ready = _without_doubt(free, resyncs, spell) if kind.expects == "resync" else free
        chosen = _line(rng, kind, lines, ready, at)
        begins = max(at, ready[chosen.number])
        if kind.expects == "resync":
            resyncs[chosen.number].append(begins)
        taken = begins + max(lasts, kind.pause) + MARGIN + spell
        free[chosen.number] = taken
        if kind.alone:
            # The other lines of the venue are disturbed, or must be left alone: they are all taken.
            begins = max(
                begins, max(free[line.number] for line in lines if line.venue == chosen.venue) - spell
            )
            taken = begins + max(lasts, kind.pause) + MARGIN + spell
            for line in lines:
                if line.venue == chosen.venue:
                    free[line.number] = max(free[line.number], taken)
        found.append((begins, kind, chosen, lasts))
        at += rng.uniform(0.5, 1.5) * pace
    found.sort(key=lambda each: each[0])
    return [
        Planned(number, round(begins, 3), kind.name, line.number, rng.randrange(len(kind.variants)), lasts)
        for number, (begins, kind, line, lasts) in enumerate(found, 1)
    ]


def classes_for(lines: Sequence[Line]) -> list[FaultClass]:
    """Return the classes that some of these lines can meet."""
    return [kind for kind in CLASSES.values() if any(_fits(kind, line) for line in lines)]


def _kinds(rng: Random, faults: int, lines: Sequence[Line], only: str) -> list[FaultClass]:
    if only:
        return [CLASSES[only]] * faults
    possible = classes_for(lines)
    rare = [kind for kind in possible for _ in range(RARE.get(kind.name, 0) * faults // RARE_IN)]
    usual = [kind for kind in possible if kind.share]
    each = usual if faults >= 3 * len(usual) else []  # where there is room, every class is met
    count = faults - len(rare) - len(each)
    kinds = [*rng.choices(usual, weights=[kind.share for kind in usual], k=count), *each, *rare]
    rng.shuffle(kinds)
    return _in_time(kinds)


def _in_time(kinds: Sequence[FaultClass]) -> list[FaultClass]:
    """Return what is long apart from each other: many at once would spend the venue's connections by themselves."""
    long = [kind for kind in kinds if kind.seconds >= LONG]
    found = [kind for kind in kinds if kind.seconds < LONG]
    for number, kind in enumerate(long):
        found.insert(int(number * IN_TIME * len(kinds) / len(long)), kind)
    return found


def _without_doubt(
    free: Mapping[int, float], resyncs: Mapping[int, Sequence[float]], spell: float
) -> Mapping[int, float]:
    """Return when each line can meet one more gap in its first book, and no doubt of the whole stream comes of it."""
    enough = GAPS_OF_ONE - 1
    return {
        number: max(at, resyncs[number][-enough] + GAP_WINDOW + MARGIN + spell)
        if len(resyncs.get(number, ())) >= enough
        else at
        for number, at in free.items()
    }


def _line(
    rng: Random,
    kind: FaultClass,
    lines: Sequence[Line],
    free: Mapping[int, float],
    at: float,
) -> Line:
    """Choose a line: one that is free, or else the one that is free first."""
    fitting = [line for line in lines if _fits(kind, line)]
    ready = [line for line in fitting if free[line.number] <= at]
    if ready:
        return rng.choice(ready)
    return min(fitting, key=lambda line: free[line.number])


def _fits(kind: FaultClass, line: Line) -> bool:
    fitting = line.twofold == kind.twofold and bool(line.second) == kind.elsewhere
    return fitting and line.side in kind.sides and line.venue in kind.venues
