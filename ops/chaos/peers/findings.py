"""What one fault did to one client: found in what the proxy saw and what the client told. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from msgspec import Struct

from feedtree.ops.chaos.peers.diary import TRADES, Datum, Diary
from feedtree.ops.chaos.sightings import Sighting
from feedtree.ops.sim_control import TrueBook

DEPTH = 50  # levels a side that are compared; fewer where a client holds fewer
COUNTED_S = 1.0  # trades until so long after the return are counted


class Trial(Struct, frozen=True, kw_only=True):
    """One fault, one client.

    Args:
        client: whose.
        ordeal: the fault's name.
        detected: seconds until it gave its connection up or dialled anew, as the proxy saw it; None: not by the cap.
        recovered: seconds until its user had the first datum of a new connection; None: not before the cap.
        lost: trades that its user never got.
        told: what its user was told of it; empty: nothing.
        wrong: books that were not the exchange's a while later, with the first difference; or why it gave none.
        disturbed: whether others had the machine for a noticeable time.
    """

    client: str
    ordeal: str
    detected: float | None
    recovered: float | None
    lost: int = 0
    told: str = ""
    wrong: list[str] = []
    disturbed: bool = False


def detection(sightings: Iterable[Sighting], began: float) -> float | None:
    """Return when a client gave up what it had or dialled anew, first; None where it did neither."""
    return min((each.at for each in sightings if each.at >= began), default=None)


def recovery(
    sightings: Iterable[Sighting], data: Iterable[Datum], before: Mapping[str, int], began: float
) -> float | None:
    """Return when the first fresh datum came: after a new dial, and newer than all that came before it.

    Args:
        sightings: what the proxy saw.
        data: in order, since the fault or a moment before.
        before: the newest ids by stream, before those.
        began: when the fault began.
    """
    dialled = [each.at for each in sightings if each.at >= began and each.what == "dialled"]
    if not dialled:
        return None
    newest = dict(before)
    for datum in data:
        if datum.id > newest.get(datum.stream, 0):
            if datum.at >= min(dialled):
                return datum.at
            newest[datum.stream] = datum.id
    return None


def losses(diary: Diary, back: float) -> int:
    """Count the trades that are missing between those before the fault and those a moment after the return.

    Args:
        diary: marked when the fault began; complete to more than `COUNTED_S` after the return.
        back: when the client had data again.
    """
    before = diary.before.get(TRADES)
    after = [each.id for each in diary.since if each.stream == TRADES and each.at <= back + COUNTED_S]
    return 0 if before is None or not after else diary.missing(before + 1, max(after))


def told(diary: Diary, until: float) -> str:
    """Return what the user was told first of the fault, by a time; empty where it was nothing."""
    return next((text for at, text in diary.told if at <= until), "")


def difference(number: int, held: Sequence[list[tuple[float, float]]], truth: TrueBook | None) -> str:
    """Return the first difference of a book to the exchange's at that id, in words; empty where there is none."""
    if truth is None:
        return f"the exchange has no book {number}"
    for side, have, want in zip(("bids", "asks"), held, (truth.bids, truth.asks), strict=True):
        if not have:
            return f"no {side}"
        for rank, (one, other) in enumerate(zip(have[:DEPTH], want, strict=False)):
            if one != other:
                return f"{side}[{rank}] at id {number} is {one}, should be {other}"
    return ""


class Summary(Struct, frozen=True):
    """One cell of the table: a client and a fault.

    Args:
        trials: how many.
        detected: median seconds; None: never, more often than not.
        recovered: median seconds; None: never, more often than not.
        slowest: the longest recovery; None: never, once at least.
        lost: trades, the median.
        told: in how many of them the user was told.
        disturbed: how many of them were.
    """

    trials: int
    detected: float | None
    recovered: float | None
    slowest: float | None
    lost: float
    told: int
    disturbed: int


def summary(trials: Sequence[Trial]) -> Summary:
    """Sum trials of one client and one fault up."""
    return Summary(
        trials=len(trials),
        detected=_median([trial.detected for trial in trials]),
        recovered=_median([trial.recovered for trial in trials]),
        slowest=_finite(max(_or_never(trial.recovered) for trial in trials)),
        lost=median(trial.lost for trial in trials),
        told=sum(bool(trial.told) for trial in trials),
        disturbed=sum(trial.disturbed for trial in trials),
    )


def grouped(trials: Iterable[Trial]) -> dict[tuple[str, str], Summary]:
    """Return the summaries by client and fault."""
    groups: dict[tuple[str, str], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.client, trial.ordeal), []).append(trial)
    return {key: summary(group) for key, group in groups.items()}


def _median(values: Sequence[float | None]) -> float | None:
    """Return the middle one, of two the later: half a `never` is never."""
    ranked = sorted(_or_never(value) for value in values)
    upper = ranked[len(ranked) // 2]
    return _finite(upper if len(ranked) % 2 else (ranked[len(ranked) // 2 - 1] + upper) / 2)


def _or_never(value: float | None) -> float:
    return float("inf") if value is None else value


def _finite(value: float) -> float | None:
    return None if value == float("inf") else value
